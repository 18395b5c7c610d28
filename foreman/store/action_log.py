"""Reading the action log: one decision whole, lists newest first, what waits for a person, how many stand where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from foreman.errors import StoreError
from foreman.model import ActionState, IssueRef, RepoRef
from foreman.store.action_rows import StoredAction, to_action
from foreman.store.rows import issue_of
from foreman.store.tables import action_counts, action_log, actions

_ROWS_PER_ENTRY = 20
"""Most actions of one decision (`protocol.MAX_ACTIONS`): how many rows may stand for one entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A decision as logged.

    Attributes:
        id: Row id.
        issue: Where.
        task_id: UUID of the task.
        agent: Agent type.
        task_type: What the task is called.
        decision: What was decided.
        rationale: The agent's own words: escape before printing.
        confidence: From 0 to 1, None when not told.
        event: Why.
        attempt: Which run of the task.
        mode: How far Foreman might go.
        policy_version: Which policy judged.
        author_id: Who opened the issue, None when not known.
        seen: What the decision was built on.
        model: Model that answered; empty when none was asked.
        input_tokens: By the gateway's count.
        output_tokens: By the gateway's count.
        usd: Price, None when not known.
        duration_ms: From claim to decision.
        undoes: The entry it takes back.
        undone_by: Entries that take this one back.
        timestamp: When, aware UTC, whole seconds.
        actions: In order.
        trace: `traceparent` of the task; empty when none was kept.
    """

    id: int
    issue: IssueRef
    task_id: str
    agent: str
    task_type: str
    decision: str
    rationale: str
    confidence: float | None
    event: str
    attempt: int
    mode: str
    policy_version: str
    author_id: int | None
    seen: dict[str, Any]
    model: str
    input_tokens: int
    output_tokens: int
    usd: Decimal | None
    duration_ms: int
    undoes: int | None
    undone_by: tuple[int, ...]
    timestamp: datetime
    actions: tuple[StoredAction, ...]
    trace: str = ""


def entry(connection: Connection, log_id: int) -> LogEntry:
    """Return a decision whole; raises StoreError when there is none."""
    rows = connection.execute(select(action_log).where(action_log.c.id == log_id)).all()
    if not rows:
        raise StoreError(f"there is no decision {log_id} in the log")
    return _whole(connection, rows)[0]


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
    """Return decisions, newest first.

    Args:
        connection: To read from.
        repo: Of this repository only.
        issue: Of this issue only.
        since: Not older than this, aware UTC.
        status: With at least one action in this state only.
        limit: At most so many.
        before_id: Older than this entry only: the next page.

    Returns:
        The decisions, each with all its actions.
    """
    log = action_log.c
    where: list[ColumnElement[bool]] = []
    if issue is not None:
        where += [log.repo == issue.repo.key, log.issue_id == issue.number]
    elif repo is not None:
        where.append(log.repo == repo.key)
    if since is not None:
        where.append(log.timestamp >= since)
    if before_id is not None:
        moment = connection.execute(select(log.timestamp).where(log.id == before_id)).scalar()
        if moment is None:
            return ()
        where += [log.timestamp <= moment, or_(log.timestamp < moment, log.id < before_id)]
    if status is not None:
        ids = _with_status(connection, status, repo, issue, since, before_id, limit)
        if not ids:
            return ()
        where.append(log.id.in_(ids))
    wanted = select(action_log).where(and_(True, *where)).order_by(log.timestamp.desc(), log.id.desc()).limit(limit)
    return _whole(connection, connection.execute(wanted).all())


def _with_status(
    connection: Connection,
    status: ActionState,
    repo: RepoRef | None,
    issue: IssueRef | None,
    since: datetime | None,
    before_id: int | None,
    limit: int,
) -> list[int]:
    act = actions.c
    wanted: Select[Any] = select(act.log_id).where(act.state == status.value)
    if issue is not None:
        wanted = wanted.where(act.repo == issue.repo.key, act.issue_id == issue.number)
    elif repo is not None:
        wanted = wanted.where(act.repo == repo.key)
    if since is not None:
        wanted = wanted.where(act.created_at >= since.replace(microsecond=0))
    if before_id is not None:
        moment = connection.execute(select(act.created_at).where(act.log_id == before_id)).scalar()
        wanted = wanted.where(act.log_id != before_id)
        if moment is not None:
            wanted = wanted.where(act.created_at <= moment)
    newest = wanted.order_by(act.created_at.desc(), act.log_id.desc()).limit(limit * _ROWS_PER_ENTRY)
    found: dict[int, None] = {}
    with connection.execute(newest) as rows:
        for log_id in rows.scalars():
            found[log_id] = None
            if len(found) == limit:
                break
    return list(found)


def _whole(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[LogEntry, ...]:
    ids = [row.id for row in rows]
    of_entry: defaultdict[int, list[StoredAction]] = defaultdict(list)
    found = select(actions).where(actions.c.log_id.in_(ids)).order_by(actions.c.log_id, actions.c.position)
    for row in connection.execute(found):
        of_entry[row.log_id].append(to_action(row))
    takers: defaultdict[int, list[int]] = defaultdict(list)
    undoing = select(action_log.c.undoes, action_log.c.id).where(action_log.c.undoes.in_(ids))
    for undone, taker in connection.execute(undoing.order_by(action_log.c.id)):
        takers[undone].append(taker)
    return tuple(
        LogEntry(
            id=row.id,
            issue=issue_of(row),
            task_id=row.task_id,
            agent=row.agent,
            task_type=row.task_type,
            decision=row.decision,
            rationale=row.rationale,
            confidence=row.confidence,
            event=row.event,
            attempt=row.attempt,
            mode=row.mode,
            policy_version=row.policy_version,
            author_id=row.author_id,
            seen=row.seen,
            model=row.model,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            usd=row.usd,
            duration_ms=row.duration_ms,
            undoes=row.undoes,
            undone_by=tuple(takers[row.id]),
            timestamp=row.timestamp,
            actions=tuple(of_entry[row.id]),
            trace=row.trace,
        )
        for row in rows
    )


def held(connection: Connection, repo: RepoRef | None = None) -> tuple[StoredAction, ...]:
    """Return the actions that wait for a person, oldest first.

    Args:
        connection: To read from.
        repo: Of this repository only.

    Returns:
        The actions.
    """
    wanted = select(actions).where(actions.c.state == ActionState.HELD.value)
    if repo is not None:
        wanted = wanted.where(actions.c.repo == repo.key)
    rows = connection.execute(wanted.order_by(actions.c.created_at, actions.c.log_id, actions.c.position))
    return tuple(to_action(row) for row in rows)


def states(connection: Connection) -> dict[ActionState, int]:
    """Return how many actions are in each state, zeros included."""
    rows = connection.execute(select(action_counts.c.state, action_counts.c.number))
    return dict.fromkeys(ActionState, 0) | {ActionState(state): items for state, items in rows}
