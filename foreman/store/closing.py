"""What the log knows of closing an issue: reminders that came before, objections, and what waits for its time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from foreman.model import ActionState, EventKind, IssueRef, RepoRef
from foreman.store import plain_log
from foreman.store.logged import StoredAction, closes_at, grace_of, is_announced, is_delayed
from foreman.store.rows import driver
from foreman.store.tables import action_log, actions, is_state

__all__ = (
    "OBJECTED",
    "announced",
    "closes_at",
    "grace_of",
    "is_announced",
    "is_delayed",
    "objected",
    "reminded_at",
    "reminders",
)

OBJECTED = "close_objected"
"""Begins the reason of a close that was ended because a person objected."""


_OF_ISSUE = and_(actions.c.repo == bindparam("repo"), actions.c.issue_id == bindparam("number"))
_REMINDERS = (
    select(func.max(actions.c.settled_at, type_=actions.c.settled_at.type))
    .join(action_log, action_log.c.id == actions.c.log_id)
    .where(
        action_log.c.event == EventKind.STALE.value,
        is_state(actions.c.state, ActionState.DONE),
        actions.c.type.in_(("comment", "add_label")),
    )
)
_REMINDED = _REMINDERS.where(_OF_ISSUE)
_REFUSED = or_(actions.c.reason == "rejected", actions.c.reason.startswith(OBJECTED))
_OBJECTIONS = (
    select(actions.c.id)
    .where(
        _OF_ISSUE,
        actions.c.type == "close",
        or_(
            is_state(actions.c.state, ActionState.UNDONE),
            and_(is_state(actions.c.state, ActionState.DENIED), _REFUSED),
        ),
    )
    .limit(1)
)


def reminded_at(connection: Connection, issue: IssueRef) -> datetime | None:
    """Return when we last reminded the reporter of a quiet issue, or marked it as stale; None for never."""
    return connection.execute(_REMINDED, _about(issue)).scalar_one_or_none()


def reminders(connection: Connection, repo: RepoRef) -> dict[int, datetime]:
    """Return the same for every issue of a repository that was reminded, by number."""
    rows = connection.execute(
        _REMINDERS.add_columns(actions.c.issue_id).where(actions.c.repo == repo.key).group_by(actions.c.issue_id)
    )
    return {row.issue_id: row[0] for row in rows if row[0] is not None}


def objected(connection: Connection, issue: IssueRef) -> bool:
    """Return whether a person did not want us to close an issue: objected in time, refused it, or took it back."""
    return connection.execute(_OBJECTIONS, _about(issue)).first() is not None


def announced(connection: Connection, where: RepoRef | IssueRef | None = None) -> tuple[StoredAction, ...]:
    """Return every close that was announced and waits for its time to come, the next one first."""
    issue = where if isinstance(where, IssueRef) else None
    repo = where if isinstance(where, RepoRef) else None
    return plain_log.announced(driver(connection), repo=repo, issue=issue)


def _about(issue: IssueRef) -> dict[str, str | int]:
    return {"repo": issue.repo.key, "number": issue.number}
