"""The full-text index over the mirror, in SQLite's own words: FTS5. Another database would get another such file.

What comes in here is words, as `words` makes them. Nothing that a stranger wrote is ever read as FTS syntax: each word
is quoted, and none holds a quotation mark.
"""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, bindparam, text

from foreman.model import RepoRef
from foreman.store import words
from foreman.store.rows import driver
from foreman.store.tables import FULL_TEXT_TOKENS, NUMBERS, mirror
from foreman.store.types import UtcTime

TITLE_WEIGHT = 4.0
"""How much more a word in the title says than one in the body; 2 to 6 find the same on Hadoop's tracker."""

_K1 = 1.2  # FTS5's own, in bm25()
_LEAST = 1e-6  # what bm25() takes a word for that is in more than half of all rows


@dataclass(frozen=True, slots=True)
class Term:
    """What the index knows of a word.

    Attributes:
        weight: How rare it is, the logarithm that BM25 goes by; near 0 for a word in more than half of all rows.
        rows: How many rows have it.
    """

    weight: float
    rows: int


@dataclass(frozen=True, slots=True)
class Found:
    """An issue that fits.

    Attributes:
        row: Of the mirror, with the columns in `SHOWN`.
        score: From 0 to 1: how much of what could fit does.
    """

    row: Row[Any]
    score: float


def add(connection: Connection, row_id: int, *, title: str, body: str) -> None:
    """Make a row of the mirror findable.

    Args:
        connection: In a transaction.
        row_id: Of the mirror; not in the index yet.
        title: Raw text.
        body: Raw text.
    """
    row = (row_id, " ".join(words.of_title(title)), " ".join(words.of_body(body)))
    driver(connection).execute("INSERT INTO mirror_text (rowid, title, body) VALUES (?, ?, ?)", row)


def remove(connection: Connection, row_id: int) -> None:
    """Take a row out of the index; nothing happens when it is not there."""
    driver(connection).execute("DELETE FROM mirror_text WHERE rowid = ?", (row_id,))


def remove_repo(connection: Connection, repo: RepoRef) -> None:
    """Take a whole repository out; before its rows leave the mirror."""
    rows = text("DELETE FROM mirror_text WHERE rowid IN (SELECT id FROM mirror WHERE repo = :repo)")
    connection.execute(rows, {"repo": repo.key})


def tidy(connection: Connection) -> None:
    """Merge what many writes have left in pieces: a search takes less time, and what was removed is gone for good."""
    connection.execute(text("INSERT INTO mirror_text (mirror_text) VALUES ('optimize')"))


def spread(connection: Connection, wanted: Sequence[str]) -> Mapping[str, Term]:
    """Say how rare words are.

    Args:
        connection: To read from.
        wanted: Words, each once.

    Returns:
        Those that are in the index, one for each stem.
    """
    known_as = stems(wanted)
    rows = connection.execute(_COUNT).scalar_one()
    known = _remembered(connection, rows)
    unknown = [stem for stem in known_as if stem not in known]
    if unknown:
        known.update((row.term, row.doc) for row in connection.execute(_SPREAD, {"terms": json.dumps(unknown)}))
    return {word: Term(_weight(rows, known[stem]), known[stem]) for stem, word in known_as.items() if stem in known}


def _remembered(connection: Connection, rows: int) -> dict[str, int]:
    """Return what this connection has looked up of an index of about this size; to count a word takes a while."""
    then, known = connection.info.get(_MEMORY, (0, {}))
    if abs(rows - then) > then * _STALE or len(known) > _MOST_STEMS:
        known = {}
        connection.info[_MEMORY] = (rows, known)
    return cast("dict[str, int]", known)


def _weight(rows: int, in_rows: int) -> float:
    return max(_LEAST, math.log((max(rows - in_rows, 0) + 0.5) / (in_rows + 0.5)))


def find(
    connection: Connection,
    repo: RepoRef,
    wanted: Mapping[str, Term],
    *,
    needed: Collection[str],
    limit: int,
    before: datetime | None = None,
    exclude: int | None = None,
) -> tuple[Found, ...]:
    """Find the issues of a repository in which most of these words are, by BM25.

    Args:
        connection: To read from.
        repo: Only there.
        wanted: Words, as `spread` knows them.
        needed: Those of which an issue has one at the least: rare ones. They count twice where others are wanted too.
        limit: How many at the most.
        before: Only what was opened before, aware UTC.
        exclude: Not this number.

    Returns:
        The best first.
    """
    if not wanted:
        return ()
    twice = frozenset(needed if len(needed) < len(wanted) else ())
    values = {
        "weight": TITLE_WEIGHT,
        "wanted": f"({_any(twice)}) AND ({_any(wanted)})" if twice else _any(wanted),
        "repo": repo.key,
        "numbers": NUMBERS,
        "exclude": exclude,
        "limit": limit,
        "best": limit + 1,  # for the issue itself may be among them
    }
    if before is None:
        rows = connection.execute(_FIND, values).all()
    else:
        rows = connection.execute(_FIND_BEFORE, values | {"before": before, "best": _AHEAD * limit}).all()
        if len(rows) < limit:  # most of the best were opened later
            rows = connection.execute(_FIND_BEFORE, values | {"before": before, "best": -1}).all()
    best = sum(term.weight * (1 + (word in twice)) for word, term in wanted.items()) * (_K1 + 1)
    return tuple(Found(row, min(1.0, max(0.0, -row.bm25 / best))) for row in rows)


SHOWN = ("repo", "issue_id", "title", "state", "state_reason", "labels", "created_at")
"""What is read of an issue that fits."""

_AHEAD = 8  # so many times more are looked at, to have enough that were opened before

_COUNT = text("SELECT count(*) FROM mirror_text_docsize")
_SPREAD = text("SELECT term, doc FROM json_each(:terms) AS asked JOIN mirror_terms ON term = asked.value")
_MEMORY = "foreman.full_text"
_STALE = 0.05  # share of all rows by which the index may have grown

# The rows of a repository lie together, see `tables.NUMBERS`; the best of them are chosen by the index alone.
_BEST = (
    "WITH span AS (SELECT id - issue_id AS first FROM mirror WHERE repo = :repo LIMIT 1)"
    " SELECT mirror.repo, issue_id, title, state, state_reason, labels, created_at, bm25"
    " FROM (SELECT rowid AS row_id, bm25(mirror_text, :weight, 1.0) AS bm25 FROM mirror_text"
    " WHERE mirror_text MATCH :wanted AND rowid > (SELECT first FROM span)"
    " AND rowid < (SELECT first + :numbers FROM span) ORDER BY bm25, row_id LIMIT :best)"
    " JOIN mirror ON mirror.id = row_id WHERE NOT confidential"
    " AND (:exclude IS NULL OR issue_id <> :exclude){earlier} ORDER BY bm25, row_id LIMIT :limit"
)
_TYPES = {name: mirror.c[name].type for name in SHOWN}
_FIND = text(_BEST.format(earlier="")).columns(**_TYPES)
_FIND_BEFORE = (
    text(_BEST.format(earlier=" AND created_at < :before"))
    .bindparams(bindparam("before", type_=UtcTime))
    .columns(**_TYPES)
)

_MOST_STEMS = 50_000  # remembered: a large repository has about as many words
_known_stems: dict[str, str] = {}
_stems_lock = threading.Lock()


def stems(wanted: Iterable[str]) -> dict[str, str]:
    """Return the stem of each word, as the index has it, with the first of its words."""
    words_of_stem: dict[str, str] = {}
    asked = list(dict.fromkeys(wanted))
    with _stems_lock:
        missing = [word for word in asked if word not in _known_stems]
        if missing:
            if len(_known_stems) + len(missing) > _MOST_STEMS:
                _known_stems.clear()
                missing = asked
            _known_stems.update(_stemmed(missing))
        for word in asked:
            if stem := _known_stems[word]:
                words_of_stem.setdefault(stem, word)
    return words_of_stem


def _stemmed(asked: Sequence[str]) -> dict[str, str]:
    """Ask FTS5 itself, so that it is the same as in the index; a word that is nothing to it has an empty stem."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as raw:
        raw.execute(f"CREATE VIRTUAL TABLE t USING fts5(word, content='', tokenize='{FULL_TEXT_TOKENS}')")
        raw.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, 'instance')")
        raw.execute("BEGIN")
        raw.executemany("INSERT INTO t (rowid, word) VALUES (?, ?)", enumerate(asked))
        found = dict.fromkeys(asked, "") | {asked[doc]: term for doc, term in raw.execute("SELECT doc, term FROM v")}
        raw.execute("COMMIT")
    return found


def _any(some: Iterable[str]) -> str:
    return " OR ".join(map(_quoted, some))


def _quoted(word: str) -> str:
    return '"' + word.replace('"', "") + '"'
