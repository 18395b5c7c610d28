"""Every happening that was ever found, by its key: what makes an overlapping poll harmless."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select

from foreman.model import Event, EventKind, IssueRef, RepoRef
from foreman.store import plain_issue
from foreman.store.rows import driver
from foreman.store.tables import events

_KNOWN = select(events.c.key).where(events.c.key == bindparam("key"))
_ADD = insert(events)


def add(connection: Connection, event: Event, *, now: datetime) -> bool:
    """Keep an event.

    Args:
        connection: In a write transaction.
        event: The event.
        now: Current time, aware UTC.

    Returns:
        False when it was known already.
    """
    if connection.execute(_KNOWN, {"key": event.key}).first() is not None:
        return False
    connection.execute(
        _ADD,
        {
            "key": event.key,
            "repo": event.issue.repo.key,
            "issue_id": event.issue.number,
            "kind": event.kind.value,
            "occurred_at": event.occurred_at,
            "actor_id": event.actor_id,
            "seen_at": now,
        },
    )
    return True


def counts(connection: Connection, repo: RepoRef, kind: EventKind) -> dict[int, int]:
    """Return how many events of a kind each issue of a repository had, by its number."""
    where = (events.c.repo == repo.key, events.c.kind == kind.value)
    rows = connection.execute(select(events.c.issue_id, func.count()).where(*where).group_by(events.c.issue_id))
    return {row.issue_id: row[1] for row in rows}


def of_issue(connection: Connection, issue: IssueRef) -> tuple[Event, ...]:
    """Return an issue's events, oldest first."""
    return plain_issue.events(driver(connection), issue)
