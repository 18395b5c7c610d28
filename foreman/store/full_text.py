"""The full-text index over the mirror, in SQLite's own words: FTS5. Another database would get another such file.

What comes in here is words, as `words` makes them. Nothing that a stranger wrote is ever read as FTS syntax: each word
is quoted, and none holds a quotation mark.
"""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, text

from foreman.model import RepoRef
from foreman.store import words
from foreman.store.tables import FULL_TEXT_TOKENS
from foreman.store.types import UtcTime

TITLE_WEIGHT = 4.0
"""How much more a word in the title says than one in the body; 2 to 6 find the same on Hadoop's tracker."""

_K1 = 1.2  # FTS5's own, in bm25()
_LEAST = 1e-6  # what bm25() takes a word for that is in more than half of all rows


@dataclass(frozen=True, slots=True)
class Found:
    """A row of the mirror that fits.

    Attributes:
        row_id: Which.
        score: From 0 to 1: how much of what could fit does.
    """

    row_id: int
    score: float


def add(connection: Connection, row_id: int, repo: RepoRef, *, title: str, body: str) -> None:
    """Make a row of the mirror findable.

    Args:
        connection: In a transaction.
        row_id: Of the mirror; not in the index yet.
        repo: Its repository.
        title: Raw text.
        body: Raw text.
    """
    connection.execute(
        text("INSERT INTO mirror_text (rowid, repo, title, body) VALUES (:row_id, :repo, :title, :body)"),
        {
            "row_id": row_id,
            "repo": _name(repo),
            "title": " ".join(words.of_title(title)),
            "body": " ".join(words.of_body(body)),
        },
    )


def remove(connection: Connection, row_id: int) -> None:
    """Take a row out of the index; nothing happens when it is not there."""
    connection.execute(text("DELETE FROM mirror_text WHERE rowid = :row_id"), {"row_id": row_id})


def remove_repo(connection: Connection, repo: RepoRef) -> None:
    """Take a whole repository out; before its rows leave the mirror."""
    rows = text("DELETE FROM mirror_text WHERE rowid IN (SELECT id FROM mirror WHERE repo = :repo)")
    connection.execute(rows, {"repo": repo.key})


def tidy(connection: Connection) -> None:
    """Merge what many writes have left in pieces: a search then takes half the time."""
    connection.execute(text("INSERT INTO mirror_text (mirror_text) VALUES ('optimize')"))


def spread(connection: Connection, wanted: Sequence[str]) -> Mapping[str, float]:
    """Say how rare words are: the logarithm that BM25 goes by.

    Args:
        connection: To read from.
        wanted: Words, each once.

    Returns:
        Those that are in the index, one for each stem; near 0 for a word in more than half of all rows.
    """
    stems = _stems(wanted)
    rows = connection.execute(text("SELECT count(*) FROM mirror_text_docsize")).scalar_one()
    known: dict[str, float] = {}
    one_by_one = text("SELECT term, doc FROM json_each(:terms) AS asked JOIN mirror_terms ON term = asked.value")
    for term, in_rows in connection.execute(one_by_one, {"terms": json.dumps(list(stems))}):
        known[stems[term]] = max(_LEAST, math.log((rows - in_rows + 0.5) / (in_rows + 0.5)))
    return known


def find(
    connection: Connection,
    repo: RepoRef,
    rare: Mapping[str, float],
    *,
    limit: int,
    before: datetime | None = None,
    exclude: int | None = None,
) -> tuple[Found, ...]:
    """Find the rows of a repository in which most of these words are, by BM25.

    Args:
        connection: To read from.
        repo: Only there.
        rare: Words with how rare they are.
        limit: How many at the most.
        before: Only what was opened before, aware UTC.
        exclude: Not this number.

    Returns:
        The best first.
    """
    if not rare:
        return ()
    best = sum(rare.values()) * (_K1 + 1)
    wanted = f"repo : {_quoted(_name(repo))} AND {{title body}} : ({' OR '.join(_quoted(word) for word in rare)})"
    values = {"weight": TITLE_WEIGHT, "wanted": wanted, "exclude": exclude, "limit": limit, "best": limit + 1}
    if before is None:
        rows = connection.execute(_FIND, values)
    else:
        rows = connection.execute(_FIND_BEFORE, values | {"before": before})
    return tuple(Found(row.id, min(1.0, max(0.0, -row.bm25 / best))) for row in rows)


_BY_BM25 = (
    "SELECT mirror_text.rowid AS row_id, bm25(mirror_text, 0.0, :weight, 1.0) AS bm25 FROM mirror_text"
    " {join} WHERE mirror_text MATCH :wanted {earlier} ORDER BY bm25, row_id LIMIT {most}"
)
_SHOWN = (
    "SELECT mirror.id, bm25 FROM ({found}) JOIN mirror ON mirror.id = row_id WHERE NOT mirror.confidential"
    " AND (:exclude IS NULL OR mirror.issue_id <> :exclude) ORDER BY bm25, row_id LIMIT :limit"
)
_FIND = text(_SHOWN.format(found=_BY_BM25.format(join="", earlier="", most=":best")))
"""The best rows are chosen by the index alone: one more than wanted, for the issue itself may be among them."""

_FIND_BEFORE = text(
    _SHOWN.format(
        found=_BY_BM25.format(
            join="JOIN mirror ON mirror.id = mirror_text.rowid",
            earlier="AND mirror.created_at < :before",
            most=":best",
        )
    )
).bindparams(bindparam("before", type_=UtcTime))


def _stems(wanted: Iterable[str]) -> dict[str, str]:
    """Return the stem of each word, as the index has it, with one of its words."""
    numbered = list(enumerate(dict.fromkeys(wanted)))
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as raw:
        raw.execute(f"CREATE VIRTUAL TABLE t USING fts5(word, content='', tokenize='{FULL_TEXT_TOKENS}')")
        raw.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, 'instance')")
        raw.execute("BEGIN")
        raw.executemany("INSERT INTO t (rowid, word) VALUES (?, ?)", numbered)
        stems = raw.execute("SELECT doc, term FROM v ORDER BY doc DESC").fetchall()
        raw.execute("COMMIT")
    return {term: numbered[doc][1] for doc, term in stems}


def _name(repo: RepoRef) -> str:
    """Return a repository's name as one word of the index."""
    return f"r{int.from_bytes(hashlib.sha256(repo.key.encode()).digest()[:8], 'big')}"


def _quoted(word: str) -> str:
    return '"' + word.replace('"', "") + '"'
