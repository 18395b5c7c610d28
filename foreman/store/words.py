"""What an issue can be found by: the words of its text. Pure; what the database does with a word is in `full_text`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foreman.patterns import late

MAX_TITLE_WORDS = 60
"""Words of a title that count; a longer one is a sentence pasted twice."""

MAX_BODY_WORDS = 100
"""Words of a body that are indexed. What an issue is about stands at its beginning, logs and traces stand behind: on
Hadoop's tracker 100 words find two thirds of the duplicates at the first place, the whole text only 59 %."""

MAX_QUERY_CHARS = 1_000
"""So much of a body is looked at for its strongest words."""

MAX_QUESTION_WORDS = 40
"""Different words of it whose rarity is looked up; more cost time and find no more."""

_MAX_WORD_CHARS = 40
_MAX_READ_CHARS = 6_000  # of a body, before what is no prose is taken out

_WORD = late(r"[^\W_]+")
_HUMP = late(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_UNSPACED = late(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
"""Scripts that are written without spaces between words, as far as it matters here."""

_NOT_SAID = late(
    r"<!--.*?(?:-->|\Z)"  # what a template tells the reporter
    r"|^\s{0,3}\#{2,6}\s.*?$"  # its headings; a single sign begins a list in other notations
    r"|^\s*[-*]\s+\[[ xX]\].*?$",  # its boxes
    re.DOTALL | re.MULTILINE,
)

_STOP_WORDS = """
a about above after again against all also am an and any are as at be because been before being below between
both but by can cannot could did do does doing done down during each even few for from further get gets got had
has have having he her here hers him his how however i if in into is it its itself just like may me might more
most must my myself no nor not now of off on once only or other our ours out over own please same she should
since so some such than that the their theirs them then there these they this those through thus to too under
until up upon us use used uses using very want was way we well were what when where which while who whom why
will with within without would you your yours
"""
_STOP = frozenset(_STOP_WORDS.split())


def of_title(title: str) -> list[str]:
    """Return the words of a title, in their order."""
    return list(_words(title, MAX_TITLE_WORDS))


def of_body(body: str) -> list[str]:
    """Return the words of a body that are indexed, in their order."""
    return list(_words(_NOT_SAID.sub(" ", body[:_MAX_READ_CHARS]), MAX_BODY_WORDS))


def of_question(body: str) -> list[str]:
    """Return the words of a body among which the strongest are looked for, as often as they are there."""
    said = list(_words(_NOT_SAID.sub(" ", body[:_MAX_READ_CHARS])[:MAX_QUERY_CHARS], MAX_QUERY_CHARS))
    first = frozenset(list(dict.fromkeys(said))[:MAX_QUESTION_WORDS])
    return [word for word in said if word in first]


def of_text(text: str) -> list[str]:
    """Return the words of a short text as it is, in their order."""
    return list(_words(text, MAX_QUERY_CHARS))


def _words(text: str, most: int) -> Iterator[str]:
    """Yield words in lower case: of a name in code the whole and its parts, of unspaced scripts pairs of signs."""
    count = 0
    for found in _WORD.finditer(text):
        said = found[0]
        for word in (said,) if said.islower() and said.isascii() else _parts(said):
            if len(word) > _MAX_WORD_CHARS or word in _STOP:
                continue
            yield word
            count += 1
            if count >= most:
                return


def _parts(word: str) -> Iterator[str]:
    if _UNSPACED.search(word):
        yield from (word[start : start + 2] for start in range(max(1, len(word) - 1)))
        return
    parts = _HUMP.split(word[:_MAX_READ_CHARS])
    if len(parts) > 1:
        yield word.lower()
    yield from (part.lower() for part in parts)
