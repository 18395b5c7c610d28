"""What the maintainer's keyword lists say about an issue. Pure.

A keyword counts as a whole word or phrase, in its common endings (`crash`, `crashes`, `crashed`), never inside another
word and never right after a negation (`no error`). The title weighs most, then the reporter's own sentences; program
output counts once, however often it repeats itself; quotes, form headings and check boxes do not count at all.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from agents.issue_triage.reading import Parts, plain

_TITLE, _PROSE, _OUTPUT = 4, 2, 2
"""Points for a keyword by where it stands; program output gives its points once for all keywords together."""

SURE = 4
"""Points from which a label is sure if no other has half as many: one word in the title, or two in the body."""

ENOUGH = 2
"""Points from which a label is worth setting where there is no model to ask."""

_ENDINGS = ("", "s", "es", "d", "ed", "ing")
_NEGATIONS = frozenset({"no", "not", "without", "never", "isn't", "aren't", "wasn't", "non"})
_ARTICLES = frozenset({"a", "an", "any", "the"})
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One label that the keywords speak for.

    Attributes:
        label: Its name.
        points: How strongly.
        words: The keywords found, in the order of the list.
    """

    label: str
    points: int
    words: tuple[str, ...]


def match(parts: Parts, keywords: dict[str, tuple[str, ...]]) -> tuple[Match, ...]:
    """Weigh every label.

    Args:
        parts: The issue's text.
        keywords: Label name to its words.

    Returns:
        Labels with any points, strongest first, ties in the order of the file.
    """
    matches = []
    for label, words in keywords.items():
        points = 0
        in_output = False
        found = []
        for word in dict.fromkeys(plain(word) for word in words):
            scored = _TITLE * contains(parts.title, word) + _PROSE * contains(parts.prose, word)
            if scored:
                found.append(word)
            elif contains(parts.output, word):
                in_output = True
                found.append(word)
            points += scored
        points += _OUTPUT * in_output
        if points:
            matches.append(Match(label=label, points=points, words=tuple(found)))
    return tuple(sorted(matches, key=lambda each: -each.points))


def choose(matches: tuple[Match, ...], *, limit: int = 3) -> tuple[Match, ...]:
    """Return the labels worth setting: the strongest, and others that are at least half as strong."""
    if not matches or matches[0].points < ENOUGH:
        return ()
    floor = max(ENOUGH, matches[0].points / 2)
    return tuple(each for each in matches if each.points >= floor)[:limit]


def is_sure(matches: tuple[Match, ...]) -> bool:
    """Return whether the keywords leave no doubt which label it is."""
    if not matches or matches[0].points < SURE:
        return False
    return len(matches) == 1 or matches[1].points * 2 <= matches[0].points


def confidence(matches: tuple[Match, ...]) -> float:
    """Return how sure the strongest label is, between 0 and 1."""
    if not matches:
        return 0.0
    second = matches[1].points if len(matches) > 1 else 0
    return round(matches[0].points / (matches[0].points + second + 1), 2)


def contains(text: str, keyword: str) -> bool:
    """Return whether a keyword stands in a text as a whole word and not negated.

    Args:
        text: As `reading.plain` makes it.
        keyword: As `reading.plain` makes it.

    Returns:
        Whether it does.
    """
    if not keyword:
        return False
    if any(unicodedata.name(character, "").startswith(_UNSPACED) for character in keyword):
        return keyword in text  # scripts that do not put spaces between words
    start = text.find(keyword)
    while start >= 0:
        whole = _starts_word(text, start, keyword) and _ends_word(text, start + len(keyword), keyword)
        if whole and not _is_negated(text[max(0, start - 40) : start]):
            return True
        start = text.find(keyword, start + len(keyword))
    return False


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _starts_word(text: str, start: int, keyword: str) -> bool:
    return start == 0 or not _is_word(keyword[0]) or not _is_word(text[start - 1])


def _ends_word(text: str, end: int, keyword: str) -> bool:
    if not _is_word(keyword[-1]):
        return True
    rest = end
    while rest < len(text) and rest - end <= 4 and _is_word(text[rest]):
        rest += 1
    ending = text[end:rest]
    last = keyword.rpartition(" ")[2]
    if not ending:
        return True
    if not last.isalpha() or len(last) < 3:
        return False
    return ending in (_ENDINGS if len(last) > 3 else ("s",))


def _is_negated(before: str) -> bool:
    words = before.split()[-2:]
    if not words or not before.endswith(" "):
        return False
    if words[-1] in _NEGATIONS:
        return True
    return words[-1] in _ARTICLES and len(words) == 2 and words[0] in _NEGATIONS
