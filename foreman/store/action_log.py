"""Reading the action log: one decision whole, lists newest first, what waits for a person, how many stand where."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from foreman.model import ActionState, IssueRef, RepoRef
from foreman.store import plain_log
from foreman.store.logged import LogEntry, StoredAction
from foreman.store.rows import driver
from foreman.store.tables import action_counts

__all__ = ("LogEntry", "entries", "entry", "held", "seen", "states")


def entry(connection: Connection, log_id: int) -> LogEntry:
    """Return a decision whole; raises StoreError when there is none."""
    return plain_log.entry(driver(connection), log_id)


def seen(connection: Connection, log_id: int) -> dict[str, Any]:
    """Return what a decision was made on; raises StoreError when there is none."""
    return plain_log.seen(driver(connection), log_id)


def entries(
    connection: Connection,
    *,
    repo: RepoRef | None = None,
    issue: IssueRef | None = None,
    since: datetime | None = None,
    status: ActionState | None = None,
    limit: int = 50,
    before_id: int | None = None,
) -> tuple[LogEntry, ...]:
    """Return decisions, newest first; `plain_log.entries` says what each argument keeps out."""
    return plain_log.entries(
        driver(connection), repo=repo, issue=issue, since=since, status=status, limit=limit, before_id=before_id
    )


def held(connection: Connection, repo: RepoRef | None = None) -> tuple[StoredAction, ...]:
    """Return the actions that wait for a person, oldest first; of one repository or of all."""
    return plain_log.held(driver(connection), repo)


def states(connection: Connection) -> dict[ActionState, int]:
    """Return how many actions are in each state, zeros included."""
    rows = connection.execute(select(action_counts.c.state, action_counts.c.number))
    return dict.fromkeys(ActionState, 0) | {ActionState(state): items for state, items in rows}
