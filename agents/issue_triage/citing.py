"""Answer a question with the project's own words, and with nothing else. Pure.

A model only points: at a passage that Foreman found, and at words in it. What is written is taken from the passage, as
whole sentences, so that neither a made-up citation nor half of one can be said; and it must be near to the question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agents.issue_triage.language import detect
from agents.issue_triage.saying import FETCHING, INTO_A_SHELL
from foreman.protocol import Task, TaskPassage

MOST = 5
"""Passages that are shown to a model."""

_MAX_PASSAGE_CHARS = 600
_MAX_QUOTE_CHARS = 400
_LEAST_LETTERS = 12
"""Letters of what is pointed at, below which it might stand anywhere; a letter of a script without spaces is three."""

_NEAR_WORDS = 2
"""Words that a question must share with a passage before a model is paid for that alone."""

_STEM = 6
"""Letters by which words are the same."""

_FENCE = re.compile(r"(?m)^\s{0,3}(?:```|~~~)[^\n]*$")
_PICTURE = re.compile(r"!\[[^\[\]]{0,200}\]\([^()\s]{0,500}\)")
_LINK = re.compile(r"\[([^\[\]]{1,200})\]\([^()\s]{0,500}\)")
_URL = re.compile(r"<?\bhttps?://[^\s>)]+>?")
_TAG = re.compile(
    r"</?(?:a|b|br|center|code|details|div|em|h[1-6]|hr|i|img|kbd|li|ol|p|picture|pre|source|span|strong|su[bp]|summary"
    r"|table|tbody|td|th|thead|tr|ul)\b[^<>]{0,300}>|<!--.{0,500}?-->",
    re.IGNORECASE | re.DOTALL,
)
_LEAD = re.compile(r"(?m)^[ \t]{0,8}(?:#{1,6}[ \t]+|[-*+][ \t]+|\d{1,3}[.)][ \t]+|>[ \t]?|\|[ \t]?)")
_END = re.compile(
    r"[.!?][\"')\]*_`]{0,3}(?=\s+(?![a-z])|\s*$)|[\u3002\uff01\uff1f]|\n[ \t]*(?=\n)"
    r"|\n(?=[ \t]{0,8}(?:[-*+#|>]|\d{1,3}[.)])[ \t])"
)
_ODD = re.compile(rf"\b(?:{FETCHING})\b|{INTO_A_SHELL}|<!|`{{4}}|[\w*]#\d|&#?\w+;", re.IGNORECASE)
"""What had better not be repeated: fetching and running something, and what may look otherwise than it is."""

_GOOD_URL = re.compile(r"https://[A-Za-z0-9.-]+/[A-Za-z0-9._~:/?#@!$&'*+,;=%-]*")
_WORD = re.compile(r"[^\W\d_]{4,}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}")
_COMMON_WORDS = """
about also another been could does doing done each from have here into just know like make more most much need only
other please possible question same should some something such than that their them then there these they thing this
those time used using very want what when where which while will with without work works would your
"""
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Words of the documentation, and where they stand.

    Attributes:
        path: Of the file.
        line: In it, from 1.
        url: That opens there; empty where there is none that may be linked to.
        quote: Whole sentences of the passage, on one line.
    """

    path: str
    line: int
    url: str
    quote: str

    @property
    def where(self) -> str:
        """The place, as a link where there is one."""
        name = f"`{self.path.replace('`', ' ')}:{self.line}`"
        return f"[{name}]({self.url})" if self.url else name

    def said(self, lead: str) -> str:
        """Return the comment, with `lead` before it."""
        return f"{lead.format(where=self.where)}\n\n> {self.quote}"


def shown(task: Task) -> list[dict[str, Any]]:
    """Return what a model is shown of the documentation, numbered from 1."""
    return [
        {
            "passage": place,
            "file": each.path[:200],
            "heading": each.heading[:200],
            "text": each.text[:_MAX_PASSAGE_CHARS],
        }
        for place, each in enumerate(task.context.docs[:MOST], start=1)
    ]


def is_near(task: Task) -> bool:
    """Return whether any passage has words of the question, so that an answer may stand in it."""
    issue = task.payload.issue
    asked = _words(f"{issue.title}\n{issue.body[:4_000]}")
    return any(len(asked & _words(f"{each.heading}\n{each.text}")) >= _NEAR_WORDS for each in task.context.docs[:MOST])


def cite(task: Task, passage: int, quote: str) -> Citation | None:
    """Take what a model points at out of the passage.

    Args:
        task: With the passages.
        passage: Which, from 1, as `shown` numbers them.
        quote: Words that stand in it.

    Returns:
        The whole sentences around those words; None where there is no such passage, they are not in it, there are
        too few of them to mean anything, they tell to run what the network gives, or they have not a word in common
        with the question.
    """
    if not 1 <= passage <= min(MOST, len(task.context.docs)):
        return None
    found = task.context.docs[passage - 1]
    text = found.text[:_MAX_PASSAGE_CHARS]
    span = _find(text, quote)
    if span is None:
        return None
    start, end = _sentences(text, *span)
    said = _plain(text[start:end])
    if not said or _ODD.search(said) or not _is_about(task, f"{found.path}\n{found.heading}\n{said}", text):
        return None
    start = end - len(text[start:end].lstrip())
    line = found.line + text[:start].count("\n")
    return Citation(path=found.path[:200], line=line, url=_url(found, line), quote=said)


def _find(text: str, quote: str) -> tuple[int, int] | None:
    """Return where the words stand, whatever the spaces between them."""
    words = quote[:_MAX_PASSAGE_CHARS].split()
    if sum(3 if ord(letter) > 0x2E80 else 1 for word in words for letter in word if letter.isalpha()) < _LEAST_LETTERS:
        return None
    hit = re.search(r"\s+".join(map(re.escape, words)), text, re.IGNORECASE)
    return None if hit is None else hit.span()


def _sentences(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a place to whole sentences, and to what ends in a colon before them: a half may say the opposite."""
    ends = [0, *(hit.end() for hit in _END.finditer(text)), len(text)]
    begins = max(each for each in ends if each <= start and not text[:each].rstrip().endswith((":", "\uff1a")))
    return begins, min(each for each in ends if each >= end)


def _plain(text: str) -> str:
    """Leave of a text what reads as one line in a quote: no pictures, no addresses, no tags, no marks of a list."""
    for pattern, rest in ((_FENCE, " "), (_PICTURE, " "), (_LINK, r"\1"), (_TAG, " "), (_URL, "…"), (_LEAD, "")):
        text = pattern.sub(rest, text)
    said = " ".join(text.split())
    return said if len(said) <= _MAX_QUOTE_CHARS else ""


def _url(passage: TaskPassage, line: int) -> str:
    """Return the address of the line, as far as it may be linked to."""
    if not _GOOD_URL.fullmatch(passage.url):
        return ""
    return re.sub(r"#L\d+$", f"#L{line}", passage.url)


def _is_about(task: Task, said: str, text: str) -> bool:
    """Return whether the answer has a word of the question; of another language that cannot be asked."""
    issue = task.payload.issue
    asked = f"{issue.title}\n{issue.body[:4_000]}"
    return detect(asked) != detect(text) or bool(_words(asked) & _words(said))


def _words(text: str) -> frozenset[str]:
    """Return the words that say what a text is about, by how they begin: `separator` is in `separators`."""
    return frozenset(word[:_STEM] for word in set(_WORD.findall(text.casefold())) - _COMMON)
