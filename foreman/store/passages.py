"""Which passages of a project's documentation are near to an issue, by the words that a search for issues goes by.

The index lives in memory and only as long as the question: documentation is small, and read anew every day.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing

from foreman.store import words
from foreman.store.search import BODY_TERMS
from foreman.store.stems import stems
from foreman.store.tables import FULL_TEXT_TOKENS

HEADING_WEIGHT = 2.0
"""How much more a word of a heading says than one below it."""

LEAST_WORDS = 2
"""Words of an issue that a passage must have to be near to it; one where the issue has no more that tell anything."""

_COMMON_SHARE = 0.5  # of all passages; a word in more of them tells nothing


Prepared = tuple[tuple[str, str], ...]
"""The words of each passage's heading and text."""


def prepare(passages: Iterable[tuple[str, str]]) -> Prepared:
    """Take the words out of passages, heading and text of each; that is most of the work, and done once."""
    return tuple((_indexed(heading), _indexed(said)) for heading, said in passages)


def nearest(passages: Prepared, *, title: str, body: str, limit: int) -> tuple[int, ...]:
    """Find the passages that are nearest to an issue.

    Args:
        passages: As `prepare` made them.
        title: Of the issue, raw text.
        body: Of the issue, raw text.
        limit: How many at the most.

    Returns:
        Their places among the passages, the nearest first; nothing where none has enough of the issue's words.
    """
    in_title = list(dict.fromkeys(words.of_title(title)))
    in_body = Counter(word for word in words.of_question(body) if word not in set(in_title))
    if not passages or not (in_title or in_body):
        return ()
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as raw:
        raw.execute(f"CREATE VIRTUAL TABLE t USING fts5(heading, said, tokenize='{FULL_TEXT_TOKENS}')")
        raw.execute("BEGIN")
        raw.executemany(
            "INSERT INTO t (rowid, heading, said) VALUES (?, ?, ?)",
            ((place, *both) for place, both in enumerate(passages)),
        )
        raw.execute("COMMIT")
        where = {word: _rows(raw, word) for word in (*in_title, *in_body)}
        many = max(1.0, len(passages) * _COMMON_SHARE)
        told = {word: rows for word, rows in where.items() if rows and (len(rows) <= many or len(passages) < 4)}
        strongest = sorted(
            (word for word in in_body if word in told),
            key=lambda word: (-in_body[word] * math.log(1 + len(passages) / len(told[word])), word),
        )[:BODY_TERMS]
        wanted = [*(word for word in in_title if word in told), *strongest]
        if not wanted:
            return ()
        once = stems(wanted).values()
        have = Counter(row for word in once for row in told[word])
        least = min(LEAST_WORDS, len(once))
        found = raw.execute(
            "SELECT rowid FROM t WHERE t MATCH ? ORDER BY bm25(t, ?, 1.0), rowid",
            (" OR ".join(_quoted(word) for word in wanted), HEADING_WEIGHT),
        )
        near = [row for (row,) in found if have[row] >= least]
    return tuple(near[:limit])


def _rows(raw: sqlite3.Connection, word: str) -> frozenset[int]:
    return frozenset(row for (row,) in raw.execute("SELECT rowid FROM t WHERE t MATCH ?", (_quoted(word),)))


def _indexed(text: str) -> str:
    return " ".join(words.of_text(text))


def _quoted(word: str) -> str:
    return f'"{word}"'
