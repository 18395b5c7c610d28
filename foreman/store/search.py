"""Which issues of a repository look like this one: all words of the title, and the strongest of the body."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from foreman.model import IssueRef, RepoRef
from foreman.store import full_text, words
from foreman.store.rows import issue_of
from foreman.store.tables import mirror

BODY_TERMS = 10
"""Words of the body that are looked for, by how often they are in it and how rare elsewhere."""

COMMON = math.log(4)
"""How rare a word in a fifth of all issues is: more common ones are left out, which halves the time of a search."""

_ENOUGH = 3  # rarer words, for the common ones to be left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An issue that looks like the one asked about.

    Attributes:
        issue: Which.
        title: Raw text.
        state: `open` or `closed`.
        state_reason: The forge's word for why it was closed.
        labels: Names.
        created_at: Aware UTC.
        score: From 0 to 1: how much of what could fit does.
    """

    issue: IssueRef
    title: str
    state: str
    state_reason: str
    labels: tuple[str, ...]
    created_at: datetime
    score: float


def similar(
    connection: Connection,
    repo: RepoRef,
    *,
    title: str,
    body: str,
    limit: int = 5,
    before: datetime | None = None,
    exclude: int | None = None,
) -> tuple[Hit, ...]:
    """Find the issues of a repository that look most like a text; none that is confidential.

    Args:
        connection: To read from.
        repo: Only there.
        title: Raw text.
        body: Raw text.
        limit: How many at the most.
        before: Only what was opened before, aware UTC.
        exclude: Not this number: the issue itself.

    Returns:
        The best first; empty where nothing shares a word that tells anything.
    """
    in_title = list(dict.fromkeys(words.of_title(title)))
    in_body = Counter(word for word in words.of_question(body) if word not in set(in_title))
    rare = full_text.spread(connection, [*in_title, *in_body])
    strongest = sorted(in_body, key=lambda word: (-in_body[word] * rare.get(word, 0.0), word))[:BODY_TERMS]
    wanted = {word: rare[word] for word in (*in_title, *strongest) if word in rare}
    telling = {word: weight for word, weight in wanted.items() if weight > COMMON}
    wanted = telling if len(telling) >= _ENOUGH else wanted
    found = full_text.find(connection, repo, wanted, limit=limit, before=before, exclude=exclude)
    rows = connection.execute(select(*_SHOWN).where(mirror.c.id.in_([one.row_id for one in found])))
    kept = {row.id: row for row in rows}
    return tuple(_hit(kept[one.row_id], one.score) for one in found)


_SHOWN_COLUMNS = ("id", "repo", "issue_id", "title", "state", "state_reason", "labels", "created_at")
_SHOWN = tuple(mirror.c[name] for name in _SHOWN_COLUMNS)


def _hit(row: Row[Any], score: float) -> Hit:
    return Hit(
        issue=issue_of(row),
        title=row.title,
        state=row.state,
        state_reason=row.state_reason,
        labels=tuple(row.labels),
        created_at=row.created_at,
        score=score,
    )
