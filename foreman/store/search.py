"""Which issues of a repository look like this one: all words of the title, and the strongest of the body."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from foreman.model import IssueRef, RepoRef
from foreman.store import full_text, words
from foreman.store.mirror import issue_as_kept
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
    rows = connection.execute(select(mirror).where(mirror.c.id.in_([one.row_id for one in found])))
    kept = {row.id: issue_as_kept(row) for row in rows}
    hits = ((kept[one.row_id], one.score) for one in found)
    return tuple(
        Hit(
            issue=issue.issue,
            title=issue.title,
            state=issue.state,
            state_reason=issue.state_reason,
            labels=issue.labels,
            created_at=issue.created_at,
            score=score,
        )
        for issue, score in hits
    )
