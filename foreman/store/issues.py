"""What an issue looked like when it was last seen: enough to tell what changed. No text of strangers is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from foreman.model import IssueRef, RepoRef
from foreman.store.rows import issue_of, put
from foreman.store.tables import issues
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An issue as last seen.

    Attributes:
        issue: Which.
        forge_id: The forge's global id.
        updated_at: By the forge's clock, aware UTC.
        content_digest: Of title and body.
        labels: Names.
        state: `open` or `closed`.
        author_id: Numeric id of who opened it.
        comment_count: As the forge counts.
        confidential: Only few may read it.
        settled: It was seen after the second of its last change; nothing can have changed under the same time.
        heard_from: From when on its comments are known one by one, by the forge's time; None: since `updated_at`.
        heard: Those comments: id and a short digest of the text.
    """

    issue: IssueRef
    forge_id: int
    updated_at: datetime
    content_digest: str
    labels: tuple[str, ...]
    state: str
    author_id: int
    comment_count: int
    confidential: bool = False
    settled: bool = True
    heard_from: datetime | None = None
    heard: tuple[tuple[int, str], ...] = ()


_SAME = (
    "forge_id",
    "updated_at",
    "content_digest",
    "state",
    "author_id",
    "comment_count",
    "confidential",
    "settled",
    "heard_from",
)


_ISSUE = select(issues).where(issues.c.repo == bindparam("repo"), issues.c.issue_id == bindparam("number"))


def get(connection: Connection, issue: IssueRef) -> Snapshot | None:
    """Return an issue's snapshot, None when it was never seen."""
    row = connection.execute(_ISSUE, {"repo": issue.repo.key, "number": issue.number}).first()
    return None if row is None else _snapshot(row)


def save(connection: Connection, snapshot: Snapshot) -> None:
    """Keep a snapshot, over the last one."""
    key = {"repo": snapshot.issue.repo.key, "issue_id": snapshot.issue.number}
    values = {name: getattr(snapshot, name) for name in _SAME}
    values |= {"labels": list(snapshot.labels), "heard": [list(one) for one in snapshot.heard]}
    put(connection, issues, key, values)


def of_repo(connection: Connection, repo: RepoRef, *, state: str = "open") -> tuple[Snapshot, ...]:
    """Return a repository's snapshots in a state, by number."""
    here = (issues.c.repo == repo.key, issues.c.state == state)
    return tuple(_snapshot(row) for row in connection.execute(select(issues).where(*here).order_by(issues.c.issue_id)))


def confidential(connection: Connection) -> frozenset[tuple[str, int]]:
    """Return the issues that only few may read, as they were last seen: repository's key and number."""
    rows = connection.execute(select(issues.c.repo, issues.c.issue_id).where(issues.c.confidential))
    return frozenset((row.repo, row.issue_id) for row in rows)


def _snapshot(row: Row[Any]) -> Snapshot:
    return Snapshot(
        issue=issue_of(row),
        labels=tuple(row.labels),
        heard=tuple((comment_id, digest) for comment_id, digest in row.heard),
        **{name: getattr(row, name) for name in _SAME},
    )
