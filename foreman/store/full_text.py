"""The full-text index over the mirror, in SQLite's own words: FTS5. Another database would get another such file.

What comes in here is words, as `words` makes them. Nothing that a stranger wrote is ever read as FTS syntax: each word
is quoted, and none holds a quotation mark.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, bindparam, func, select, text

from foreman.model import RepoRef
from foreman.store import words
from foreman.store.rows import driver
from foreman.store.stems import stems
from foreman.store.tables import NUMBERS, mirror
from foreman.values import dataclass

TITLE_WEIGHT = 4.0
"""How much more a word in the title says than one in the body; 2 to 6 find the same on Hadoop's tracker."""

_K1 = 1.2  # as in bm25(): how soon a word has said all it can say
_B = 0.75  # as in bm25(): how much the length of a text matters
_OFTEN = 3.0  # how often a word that is there is taken to be there, for what the length of the text does to it
_LEAST = 1e-6  # what bm25() takes a word for that is in more than half of all rows
_MORE_IN_TITLE = TITLE_WEIGHT * (1 + _K1) / (TITLE_WEIGHT + _K1) - 1


class Term(NamedTuple):
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

    row: Any
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
    rows, _ = _totals(connection)
    known = _remembered(connection, rows)
    unknown = [stem for stem in known_as if stem not in known]
    if unknown:
        known.update(driver(connection).execute(_SPREAD, (json.dumps(unknown),)).fetchall())
    in_rows = ((word, known.get(stem, 0)) for stem, word in known_as.items())
    return {word: Term(_weight(rows, number), number) for word, number in in_rows if number}


def _totals(connection: Connection) -> tuple[int, int]:
    """Return how many rows the index has, and how many words: FTS5 keeps both, where counting goes over all rows."""
    raw = driver(connection)
    kept = raw.execute(_TOTALS).fetchone()
    rows, *columns = (_numbers(kept[0]) if kept else []) or [0]
    if not rows:  # nothing there, or written in this transaction and not counted yet
        rows = raw.execute(_COUNT).fetchone()[0]
    return rows, sum(columns)


def _numbers(packed: bytes) -> list[int]:
    """Read numbers as SQLite packs them: seven bits in a byte, the highest first."""
    found, number = [], 0
    for byte in packed:
        number = number << 7 | byte & 127
        if byte < 128:
            found.append(number)
            number = 0
    return found


def _remembered(connection: Connection, rows: int) -> dict[str, int]:
    """Return what this connection has looked up of an index of about this size; to count a word takes a while."""
    then, known = connection.info.get(_MEMORY, (0, {}))
    if abs(rows - then) > then * _STALE or len(known) > _MOST_WORDS:
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
    limit: int,
    further: int = 0,
    before: datetime | None = None,
    exclude: int | None = None,
) -> tuple[tuple[Found, ...], tuple[int, ...]]:
    """Find the issues of a repository in which most of these words are, much as BM25 does.

    A word counts by whether it is in the title or the body, not by how often: bodies are short here, and SQLite's own
    `bm25()` takes three times as long for it and finds no more.

    Args:
        connection: To read from.
        repo: Only there.
        wanted: Words, as `spread` knows them.
        limit: How many at the most.
        further: So many are put in order; of those beyond `limit` nothing is read.
        before: Only what was opened before, aware UTC.
        exclude: Not this number.

    Returns:
        The best first, and the numbers of all that were put in order.
    """
    raw = driver(connection)
    span = raw.execute(_SPAN, (repo.key,)).fetchone()
    if span is None:
        return (), ()
    scores = _scores(raw, wanted, span[0])
    scores.pop(str(exclude), None)
    most = sum(term.weight for term in wanted.values()) * (_K1 + 1)
    further = max(limit, further)
    ahead = further + _AHEAD
    while True:
        best = _by_length(connection, span[0], _highest(scores, ahead))
        rows = _rows(connection, span[0], [number for _, number in (best[:limit] if before is None else best)], before)
        found = [Found(rows[number], min(1.0, score / most)) for score, number in best if number in rows]
        if before is None or len(found) >= limit or ahead >= len(scores):
            return tuple(found[:limit]), tuple(number for _, number in best[:further])
        ahead *= _FURTHER  # most of the best were opened later


def _scores(raw: sqlite3.Connection, wanted: Mapping[str, Term], first: int) -> dict[str, float]:
    """Return what the words that are in an issue weigh together, by its number, as SQLite writes it."""
    scores: dict[str, float] = {}
    of = scores.get
    for word, term in wanted.items():
        asked = (first, _quoted(word), first, first + NUMBERS)
        anywhere = raw.execute(_ANYWHERE, asked).fetchone()[0]
        if anywhere is None:
            continue
        weight = term.weight
        for number in anywhere.split(","):
            scores[number] = of(number, 0.0) + weight
        in_title = raw.execute(_IN_TITLE, asked).fetchone()[0]
        if in_title is not None:
            more = weight * _MORE_IN_TITLE
            for number in in_title.split(","):
                scores[number] += more
    return scores


def _highest(scores: Mapping[str, float], most: int) -> dict[str, float]:
    """Return so many of the highest, and all that are as high as the last of them."""
    least = sorted(scores.values(), reverse=True)[:most][-1:]
    return {number: score for number, score in scores.items() if score >= least[0]} if least else {}


def _by_length(connection: Connection, first: int, scores: Mapping[str, float]) -> list[tuple[float, int]]:
    """Return scores and numbers, the best first: a word says less the longer the text is that it is in."""
    rows, whole = _totals(connection)
    usual = whole / rows if whole else 0.0
    listed = f"[{','.join(scores)}]"
    found = []
    for number, packed in driver(connection).execute(_SIZES, {"first": first, "numbers": listed}):
        length = sum(packed if len(packed) == _SHORT else _numbers(packed)) / usual if usual else 1.0
        fits = (_OFTEN + _K1) / (_OFTEN + _K1 * (1 - _B + _B * length))
        found.append((scores[str(number)] * fits, number))
    found.sort(key=lambda one: (-one[0], one[1]))
    return found


def _rows(connection: Connection, first: int, numbers: Sequence[int], before: datetime | None) -> dict[int, Any]:
    asked = {"ids": json.dumps([first + number for number in numbers])}
    rows = (
        connection.execute(_SHOW, asked)
        if before is None
        else connection.execute(_SHOW_BEFORE, asked | {"before": before})
    )
    return {row.issue_id: row for row in rows}


SHOWN = ("repo", "issue_id", "title", "state", "state_reason", "labels", "created_at")
"""What is read of an issue that fits."""

_SHORT = 2  # bytes: the words of title and body, fewer than 128 each
_AHEAD = 20  # so many more are looked at as to their length
_FURTHER = 8

_COUNT = "SELECT count(*) FROM mirror_text_docsize"
_TOTALS = "SELECT block FROM mirror_text_data WHERE id = 1"
_SIZES = (
    "SELECT asked.value, size.sz FROM json_each(:numbers) AS asked"
    " CROSS JOIN mirror_text_docsize AS size ON size.id = :first + asked.value"
)
_SPREAD = "SELECT term, doc FROM json_each(?) AS asked JOIN mirror_terms ON term = asked.value"
_MEMORY = "foreman.full_text"
_MOST_WORDS = 50_000  # remembered: a large repository has about as many
_STALE = 0.05  # share of all rows by which the index may have grown

# The rows of a repository lie together, see `tables.NUMBERS`. Their numbers come as one text, cheaper than as rows.
_SPAN = "SELECT id - issue_id FROM mirror WHERE repo = ? LIMIT 1"
_ANYWHERE = "SELECT group_concat(rowid - ?) FROM mirror_text WHERE mirror_text MATCH ? AND rowid > ? AND rowid < ?"
_IN_TITLE = _ANYWHERE.replace("MATCH ?", "MATCH 'title:' || ?")
_ASKED = func.json_each(bindparam("ids")).table_valued("value")
_SHOW = (
    select(*(mirror.c[name] for name in SHOWN))
    .join_from(_ASKED, mirror, mirror.c.id == _ASKED.c.value)
    .where(~mirror.c.confidential)
)
_SHOW_BEFORE = _SHOW.where(mirror.c.created_at < bindparam("before"))


def _quoted(word: str) -> str:
    return '"' + word.replace('"', "") + '"'
