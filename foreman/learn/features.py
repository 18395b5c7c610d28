"""What an issue's text says, as features in four parts: its shape, its title, the stems of its words, its characters.

Everything is bounded: of a longer text only the beginning is read, and no pattern goes over a character twice.
Lines of a form are left out of the words: they say which form was chosen, and the shape says that already.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from zlib import crc32

from foreman.patterns import late

MAX_TITLE_CHARS = 300
"""Of the title that is read, characters."""

MAX_BODY_CHARS = 6_000
"""Of the body that is read, characters: forms, first words and most of what people write themselves are in it."""

PARTS = ("shape", "title", "stems", "grams")
"""Each is counted and weighed apart from the others."""

FORM_LINE_ISSUES = 5
"""A line that stands in so many issues is one of a form."""

_STEM = 5
_SHORT = 2
_GRAM = 4
_STEM_CHARS = 2_000
_GRAM_CHARS = 1_500
_MOST_LINES = 60
_MOST_FORM_LINES = 5_000
_LONGEST_LINE = 60

_WORD = late(r"[A-Za-z_][A-Za-z_']{0,40}|[^\W\d_]{1,40}|[?!]|\d{1,9}")
_CAMEL = late(r"(?<=[a-z])(?=[A-Z])")
_ADDRESS = late(r"https?://[^\s]{1,500}")
_INLINE = late(r"`[^`\n]{0,200}`")
_TRACE = late(r"Traceback|^[ \t]{1,20}at [\w.$<>]{1,100}|Exception|Error:|Segmentation fault|panic", re.MULTILINE)
_PREFIX = late(r"[ \t]{0,3}(?:\[([^\]\n]{1,30})\]|(\w{1,20}):)")
_CHECKBOX = late(r"^[-*] \[([ xX])\] ?(.{0,60})")
_IMAGE = late(r"!\[|<img|user-images|/assets/")
_VERSION = late(r"\b\d{1,4}\.\d{1,4}")

_CUES = (
    "how to", "how do", "how can", "is it possible", "would be nice", "would be great", "would like", "it would",
    "feature request", "feature", "please add", "add support", "support", "allow", "expected", "actual",
    "steps to reproduce", "reproduce", "why", "should", "crash", "regression", "version", "what is", "can i", "can we",
    "question", "help", "bug", "error", "fail", "not work", "doesn't", "does not", "cannot", "can't", "add ",
    "implement", "proposal", "suggest", "improve", "any way", "anyone", "i am trying", "i'm trying", "i want",
    "wrong", "incorrect",
    "broken", "unable", "warning", "leak", "slow", "when i", "after", "since", "latest", "describe the solution",
    "alternatives", "documentation", "build", "thanks", "thank you",
)  # fmt: skip
"""Phrases people use for one kind of issue rather than another."""


def features(title: str, body: str, form: Collection[int] = frozenset()) -> dict[str, dict[int, int]]:
    """Return how often each feature stands in an issue, per part.

    Args:
        title: Raw text.
        body: Raw text.
        form: Lines that belong to forms, as `form_lines` found them.

    Returns:
        For each of `PARTS` the counts of its features, which are numbers of 32 bits.
    """
    title, body = title[:MAX_TITLE_CHARS], _bounded(body)
    own, plain, code_share = _without_code(body, form)
    own = _INLINE.sub(" codex ", own)
    words = _words(title)
    stems = [word[:_STEM] for word in [*words, ".", *_words(own[:_STEM_CHARS])]]
    return {
        "shape": _counted("s", _shape(title, words, body, plain, code_share)),
        "title": _counted("t", _title(title, words)),
        "stems": _counted("w", _pairs(stems)),
        "grams": _counted("g", _grams(f"{title} \n {own[:_GRAM_CHARS]}".lower())),
    }


def stemmed(title: str, body: str, form: Collection[int] = frozenset()) -> dict[int, str]:
    """Return the author's own words, by the feature that stands for each among the stems."""
    own = _INLINE.sub(" ", _without_code(_bounded(body), form)[0])
    words = [*_words(title[:MAX_TITLE_CHARS]), *_words(own[:_STEM_CHARS])]
    return {_number(f"w{word[:_STEM]}"): word for word in reversed(words) if len(word) > _SHORT and word.isalpha()}


def form_lines(bodies: Iterable[str]) -> frozenset[int]:
    """Return the lines that stand in many issues, as numbers of 32 bits."""
    seen: dict[int, int] = {}
    for body in bodies:
        for line in {_line_key(line) for line in _bounded(body).split("\n") if line.strip()}:
            seen[line] = seen.get(line, 0) + 1
    often = sorted(
        (line for line, count in seen.items() if count >= FORM_LINE_ISSUES), key=lambda line: (-seen[line], line)
    )
    return frozenset(often[:_MOST_FORM_LINES])


def _bounded(body: str) -> str:
    return body[:MAX_BODY_CHARS].replace("\r\n", "\n").replace("\r", "\n")


def _number(text: str) -> int:
    return crc32(text.encode("utf-8", "replace"))


def _line_key(line: str) -> int:
    return _number(line.strip().lower())


def _counted(part: str, found: Iterable[str]) -> dict[int, int]:
    begun = _number(part)  # the checksum goes on where that of the part ended
    return {crc32(feature.encode("utf-8", "replace"), begun): count for feature, count in Counter(found).items()}


def _words(text: str) -> list[str]:
    text = _CAMEL.sub(" ", _ADDRESS.sub(" URLX ", text))
    return [word.lower() for word in _WORD.findall(text)]


def _pairs(words: list[str]) -> list[str]:
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def _grams(text: str) -> list[str]:
    return [text[start : start + _GRAM] for start in range(len(text) - _GRAM + 1)]


def _title(title: str, words: list[str]) -> Iterator[str]:
    yield from _pairs(words)
    for gram in _grams(f" {title.lower()} "):
        yield f"#{gram}"


def _without_code(body: str, form: Collection[int]) -> tuple[str, str, float]:
    """Return the author's own text, the text with the form's in it, and the share of all that was fenced code."""
    own, plain, code, inside, hidden = [], [], 0, False, False
    for line in body.split("\n"):
        if not hidden and line.lstrip(" \t>").startswith("```"):
            inside = not inside
            code += len(line)
            if inside:
                own.append(" CODEX ")
        elif inside:
            code += len(line)
        else:
            if not line.lstrip().startswith("#"):
                plain.append(line)
            began = hidden or line.lstrip().startswith("<!--")
            hidden = began and "-->" not in line
            if not began and _line_key(line) not in form:
                own.append(line)
    return "\n".join(own), "\n".join(plain), code / (len(body) + 1)


def _shape(title: str, title_words: list[str], body: str, plain: str, code_share: float) -> Iterator[str]:
    low_title, low_body = title.lower(), body.lower()
    yield f"code:{int(code_share * 5)}"
    yield f"length:{len(body).bit_length()}"
    yield f"plain:{len(plain).bit_length()}"
    yield f"title:{len(title_words) // 3}"
    yield f"asks:{min(4, body.count('?'))}"
    yield f"boxes:{min(4, body.count('- ['))}"
    yield f"images:{min(2, len(_IMAGE.findall(body)))}"
    yield f"links:{min(4, body.count('http'))}"
    yield f"versions:{min(4, len(_VERSION.findall(body)))}"
    if "```" in body:
        yield "fence"
    if "<!--" in body:
        yield "hidden"
    if _TRACE.search(body):
        yield "trace"
    if "?" in title:
        yield "title asks"
    if title.rstrip().endswith("?"):
        yield "title ends asking"
    for cue in _CUES:
        if cue in low_title:
            yield f"title:{cue}"
        if cue in low_body:
            yield f"body:{cue}"
    prefix = _PREFIX.match(title)
    if prefix:
        yield f"prefix:{(prefix[1] or prefix[2]).lower()}"
    yield f"starts:{' '.join(title_words[:1])}"
    yield f"starts:{' '.join(title_words[:2])}"
    yield f"begins:{' '.join(_words(body[:300])[:2])}"
    yield from _lines(body)


def _lines(body: str) -> Iterator[str]:
    """Short lines are what a form asks and what was chosen in it: the line, the heading, and the answer under it."""
    heading = ""
    lines = (line.strip().lower() for line in body.split("\n"))
    for number, line in enumerate(line for line in lines if line):
        if number >= _MOST_LINES:
            return
        short = line[:_LONGEST_LINE]
        if len(line) < _LONGEST_LINE:
            yield f"line:{short}"
        box = _CHECKBOX.match(line)
        if box:
            yield f"box:{box[1]}:{box[2][:40]}"
        if line.startswith("#") or (line.startswith("**") and line.endswith("**") and len(line) > 4):
            heading = line.strip("#*: \t")[:40]
            yield f"heading:{heading}"
        elif heading:
            yield f"answer:{heading}={short[:40]}"
            heading = ""
