"""The words that set issues of a label apart from all others, in a repository's own history. Pure.

Titles and the reporters' own sentences are read; program output, quotes, and lines that stand in many issues, which
are those of a form, are not. A word must be found in several issues of the label and in hardly any other; how sure
that is is measured as Monroe, Colaresi and Quinn do ("Fightin' Words", Political Analysis 16, 2008): the log-odds of
a word in the label against the rest, with a prior, divided by its deviation.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from foreman.model import Issue
from foreman.values import dataclass

LEAST_ISSUES = 8
"""Issues of a label from which its words are looked for."""

LEAST_FOUND = 3
"""Issues of the label that a word must stand in."""

LEAST_SHARE = 0.8
"""Of the issues with a word, the share that must have the label."""

IN_TITLES = 2
"""Titles of the label that a word must stand in: a title says what an issue is about, a text all sorts of things."""

SURE = 2.3
"""Deviations that the log-odds must be above nothing: 99 times of 100."""

_MOST_TITLE, _MOST_BODY = 300, 3_000
_LONGEST_PHRASE = 3
_PRIOR = 0.5

_FENCE = re.compile(r"^[ \t>]*(?:```|~~~)")
_CODE = re.compile(r"`[^`\n]{0,300}`")
_ADDRESS = re.compile(r"\b\w{1,20}://\S+|\b[\w.+-]{1,64}@\S{1,255}|@[\w-]+|#\d+")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_WORD = re.compile(r"[^\W\d_][\w'-]{1,30}")
_BREAK = re.compile(r"[.,;:!?()\[\]{}\"|/\\<>=\n]+")
_LITTLE = """
the a an and or but if then than of in on at to for from by with without into onto over under as is are was were
be been being am do does did done doing have has had having will would can could should may might must shall not
no nor so too very just only also it its it's this that these those there here i i'm i've i'd me my mine we our
us you your he she they them their who which what when where why how all any some each every other another more
most such same own after before again once out up down off about above below between while during because since
until get gets got use uses used using make makes made try tried trying see seen want wanted need needs like
please thanks thank hi hello hey new one two first last now still even yet however well der die das und oder ist
nicht ein eine mit auf für von zu im den dem le la les un une des et est pas pour dans el los las una en es no
por para con del que de
"""
_SMALL = frozenset(_LITTLE.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """A word or phrase that speaks for a label.

    Attributes:
        text: In small letters.
        inside: Issues of the label that it stands in.
        all: Labelled issues that it stands in.
    """

    text: str
    inside: int
    all: int


def keywords(
    issues: Sequence[Issue], labels: Collection[str], *, most: int, leave_out: Collection[str] = ()
) -> dict[str, tuple[Keyword, ...]]:
    """Find the words that set the issues of each label apart.

    Args:
        issues: Of one repository.
        labels: Which to find words for; only issues with at least one of them count.
        most: Words of a label.
        leave_out: Words that say nothing here: the project's own name.

    Returns:
        For each label its words, surest first; none where it has too few issues.
    """
    labelled = [(set(issue.labels) & set(labels), issue) for issue in issues]
    labelled = [(own, issue) for own, issue in labelled if own]
    form = _form_lines([issue.body for _, issue in labelled])
    silent = frozenset(word.casefold() for word in leave_out)
    texts = [(own, *_phrases(issue, form, silent)) for own, issue in labelled]
    everywhere = Counter(phrase for _, _, phrases in texts for phrase in phrases)
    found = {}
    for label in labels:
        inside = [(title, phrases) for own, title, phrases in texts if label in own]
        if LEAST_ISSUES <= len(inside) < len(texts):
            found[label] = _chosen(inside, everywhere, others=len(texts) - len(inside), most=most)
        else:
            found[label] = ()
    return found


def misleading(issues: Sequence[Issue], labels: Collection[str], words: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Tell of words that were chosen beforehand which ones speak for another label here.

    Args:
        issues: Of one repository.
        labels: As for `keywords`.
        words: Label to its words.

    Returns:
        Word to the label it was wrong for: it stands in five issues at the least, and half of them have others.
    """
    wrong = {}
    rows = [(set(issue.labels) & set(labels), _told(issue)) for issue in issues]
    for label, own in words.items():
        for word in own:
            pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
            having = [on for on, text in rows if on and pattern.search(text)]
            if len(having) >= 5 and sum(label in on for on in having) * 2 < len(having):
                wrong[word] = label
    return wrong


def _chosen(
    inside: Sequence[tuple[frozenset[str], frozenset[str]]], everywhere: Mapping[str, int], *, others: int, most: int
) -> tuple[Keyword, ...]:
    counts = Counter(phrase for _, phrases in inside for phrase in phrases)
    titles = Counter(phrase for title, _ in inside for phrase in title)
    least = max(LEAST_FOUND, math.ceil(len(inside) * 0.03))
    scored = []
    for phrase in (phrase for phrase, count in titles.items() if count >= IN_TITLES):
        count, everywhere_else = counts[phrase], everywhere[phrase] - counts[phrase]
        if count < least or count < LEAST_SHARE * everywhere[phrase]:
            continue
        score = _deviations(count, len(inside), everywhere_else, others)
        if score >= SURE:
            scored.append((-score, len(phrase), phrase))
    chosen: list[str] = []
    for _, _, phrase in sorted(scored):
        if len(chosen) == most:
            break
        # Of `dark mode` and `mode` the surer one is enough.
        if not any(_within(phrase, other) or _within(other, phrase) for other in chosen):
            chosen.append(phrase)
    return tuple(Keyword(text=phrase, inside=counts[phrase], all=everywhere[phrase]) for phrase in chosen)


def _deviations(inside: int, of: int, outside: int, of_others: int) -> float:
    """Return how many deviations the log-odds of a word are above nothing."""
    a, b = inside + _PRIOR, of - inside + _PRIOR
    c, d = outside + _PRIOR, of_others - outside + _PRIOR
    return (math.log(a / b) - math.log(c / d)) / math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def _within(part: str, whole: str) -> bool:
    return f" {part} " in f" {whole} "


def _form_lines(bodies: Sequence[str]) -> frozenset[str]:
    often = Counter(line for body in bodies for line in {line.strip().casefold() for line in body.splitlines()})
    least = max(4, len(bodies) // 30)
    return frozenset(line for line, count in often.items() if line and count >= least)


def _told(issue: Issue) -> str:
    return f"{issue.title[:_MOST_TITLE]}\n{issue.body[:_MOST_BODY]}".casefold()


def _phrases(issue: Issue, form: Collection[str], silent: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the phrases of an issue's title, and those of all of it."""
    title = frozenset(_phrases_of(issue.title[:_MOST_TITLE].casefold(), silent))
    return title, title | frozenset(_phrases_of(_prose(issue.body, form), silent))


def _phrases_of(text: str, silent: frozenset[str]) -> Iterator[str]:
    for part in _BREAK.split(text):
        words = _WORD.findall(part)
        for start in range(len(words)):
            for end in range(start + 1, min(start + _LONGEST_PHRASE, len(words)) + 1):
                phrase = words[start:end]
                if phrase[0] in _SMALL or phrase[-1] in _SMALL or silent & set(phrase):
                    continue
                if len(phrase) > 1 or len(phrase[0]) > 2:
                    yield " ".join(phrase)


def _prose(body: str, form: Collection[str]) -> str:
    lines, inside = [], False
    for line in _COMMENT.sub(" ", body[:_MOST_BODY].casefold()).splitlines():
        if _FENCE.match(line):
            inside = not inside
            continue
        bare = line.strip()
        if inside or bare in form or bare.startswith((">", "#", "- [", "* [", "|")) or line.startswith(("    ", "\t")):
            continue
        lines.append(_ADDRESS.sub(" . ", _CODE.sub(" . ", line)))
    return "\n".join(lines)
