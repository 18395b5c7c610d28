"""Decisions that leave an issue to a person, until somebody says that they were seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Text, cast, exists, literal, select, text, union

from foreman.errors import StoreError
from foreman.model import IssueRef
from foreman.store import controls
from foreman.store.rows import issue_of
from foreman.store.tables import action_log, actions, issues, meta
from foreman.values import dataclass

KEPT = timedelta(days=90)
"""An older one is not told of any more."""

_PREFIX = "seen:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """An issue that was left to a person.

    Attributes:
        log_id: The decision; its rationale says why, and may hold a draft of what to say.
        issue: Which.
        at: When, aware UTC.
        security: Nothing was written because it looks like a report of a security hole, whatever the agent wanted.
    """

    log_id: int
    issue: IssueRef
    at: datetime
    security: bool


def unseen(connection: Connection, *, now: datetime, limit: int = 50) -> tuple[Escalation, ...]:
    """Return what nobody has seen yet, of each issue the last, newest first; of a closed issue nothing."""
    # Written out, for an index over these rows alone serves a query only where it sees which rows are meant.
    hole, left = actions.c.reason == text("'security_report'"), action_log.c.decision == text("'escalate'")
    refused = exists().where(actions.c.log_id == action_log.c.id, hole)
    since = now - KEPT
    # An action is made in the second of its decision, or just after it.
    told = union(
        select(action_log.c.id).where(left, action_log.c.timestamp >= since),
        select(actions.c.log_id).where(hole, actions.c.created_at >= since.replace(microsecond=0)),
    )
    noted = exists().where(meta.c.key == literal(_PREFIX) + cast(action_log.c.id, Text))
    closed = exists().where(
        issues.c.repo == action_log.c.repo, issues.c.issue_id == action_log.c.issue_id, issues.c.state == "closed"
    )
    rows = connection.execute(
        select(action_log, refused.label("refused"), noted.label("noted"))
        .where(action_log.c.id.in_(told), action_log.c.timestamp >= since, ~closed)
        .order_by(action_log.c.timestamp.desc(), action_log.c.id.desc())
        .limit(10 * limit)
    )
    last: dict[IssueRef, Escalation | None] = {}
    for row in rows:
        found = Escalation(log_id=row.id, issue=issue_of(row), at=row.timestamp, security=bool(row.refused))
        last.setdefault(found.issue, None if row.noted else found)
    return tuple(each for each in last.values() if each is not None)[:limit]


def see(connection: Connection, log_ids: Sequence[int], *, by: str) -> None:
    """Note that somebody has seen these decisions.

    Args:
        connection: In a transaction.
        log_ids: Ids of decisions.
        by: Who.

    Raises:
        StoreError: There is no such decision; nothing is noted.
    """
    for log_id in log_ids:
        if connection.execute(select(action_log.c.id).where(action_log.c.id == log_id)).first() is None:
            raise StoreError(f"there is no decision {log_id}")
    for log_id in log_ids:
        controls.meta_set(connection, f"{_PREFIX}{log_id}", by)
