"""The action log and its actions, from decision to settlement.

    planned -> sent -> done | failed | unknown        held -> planned (approved) | denied (rejected)
    done -> undone                                     denied, shadow, failed: for good

A decision and its actions are one write, made before the first request. No function changes what an action does.
Reading the log: `action_log`; what policy asks of it: `action_facts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, and_, exists, insert, or_, select, update

from foreman.errors import StoreError
from foreman.model import ActionState, IssueRef, Outcome, RepoRef
from foreman.store import corrections, issues
from foreman.store.action_facts import (
    labels_by_us,
    runs_of_author_since,
    runs_since,
    writes_per_hour_history,
    writes_since,
)
from foreman.store.action_log import LogEntry, entries, entry, held, states
from foreman.store.action_rows import (
    MOVES,
    NewAction,
    NewDecision,
    StoredAction,
    count,
    fetch,
    hash_of,
    key_of,
    move,
    to_action,
    unchanged,
)
from foreman.store.inbox_rows import ensure_turn, take_turn
from foreman.store.rows import inserted_id
from foreman.store.tables import OPEN_STATES, action_log, actions, is_state, turns

__all__ = (
    "MOVES",
    "LogEntry",
    "NewAction",
    "NewDecision",
    "StoredAction",
    "approve",
    "cancel",
    "defer",
    "doubt_planned",
    "entries",
    "entry",
    "get",
    "hash_of",
    "held",
    "hold",
    "key_of",
    "labels_by_us",
    "mark_sent",
    "mark_undone",
    "of_issue_open",
    "open_actions",
    "record",
    "reject",
    "release",
    "runs_of_author_since",
    "runs_since",
    "settle",
    "states",
    "writes_per_hour_history",
    "writes_since",
)

_FINAL = frozenset({ActionState.DONE, ActionState.FAILED, ActionState.UNKNOWN})


def record(connection: Connection, decision: NewDecision, *, now: datetime) -> int:
    """Log a decision and its actions.

    Args:
        connection: In a transaction.
        decision: The decision.
        now: Current time, aware UTC.

    Returns:
        The `action_log` id.

    Raises:
        StoreError: This task's actions were logged before.
    """
    where: dict[str, Any] = {"repo": decision.issue.repo.key, "issue_id": decision.issue.number}
    author_id = decision.author_id
    if author_id is None:
        snapshot = issues.get(connection, decision.issue)
        author_id = None if snapshot is None else snapshot.author_id
    added = connection.execute(
        insert(action_log).values(
            **where,
            task_type=decision.task_type,
            decision=decision.decision,
            rationale=decision.rationale,
            actions=[{**action.payload, "type": action.type} for action in decision.actions],
            timestamp=now,
            task_id=decision.task_id,
            agent=decision.agent,
            event=decision.event,
            attempt=decision.attempt,
            mode=decision.mode,
            policy_version=decision.policy_version,
            confidence=decision.confidence,
            author_id=author_id,
            seen=decision.seen,
            model=decision.model,
            input_tokens=decision.input_tokens,
            output_tokens=decision.output_tokens,
            usd=decision.usd,
            duration_ms=decision.duration_ms,
            undoes=decision.undoes,
        )
    )
    log_id = inserted_id(added)
    if not decision.actions:
        return log_id
    ensure_turn(connection, decision.issue.repo.key)
    rows = []
    for position, action in enumerate(decision.actions):
        key = key_of(decision.task_id, position)
        rows.append(
            {
                **where,
                "log_id": log_id,
                "agent": decision.agent,
                "position": position,
                "type": action.type,
                "payload": action.payload,
                "key": key,
                "payload_hash": hash_of(decision.issue, action.type, action.payload, key),
                "state": action.state.value,
                "reason": action.reason,
                "detail": action.detail,
                "undo": {},
                "attempts": 0,
                "created_at": now,
            }
        )
    connection.execute(insert(actions), rows)
    count(connection, Counter(action.state for action in decision.actions))
    return log_id


def get(connection: Connection, action_id: int) -> StoredAction:
    """Return an action; raises StoreError when there is none."""
    return fetch(connection, action_id)


def open_actions(
    connection: Connection,
    *,
    now: datetime,
    limit: int,
    settle: timedelta = timedelta(0),
    skip_repos: Collection[RepoRef] = (),
) -> tuple[StoredAction, ...]:
    """Return actions that something can be done about now, repositories in turn, each one's in order.

    Args:
        connection: To read from.
        now: Current time, aware UTC.
        limit: At most so many.
        settle: A sent one counts only when this has passed since it was sent.
        skip_repos: Repositories that may not be written to now; without this they would keep others waiting.

    Returns:
        Planned and sent actions; first of all one of the repository whose last write is longest ago.
    """
    due = and_(
        is_state(actions.c.state, *OPEN_STATES),
        or_(actions.c.not_before.is_(None), actions.c.not_before <= now),
        or_(actions.c.state == ActionState.PLANNED.value, actions.c.sent_at <= now - settle),
    )
    repos = connection.execute(
        select(turns.c.repo)
        .where(
            turns.c.repo.not_in(sorted(repo.key for repo in skip_repos)),
            exists().where(actions.c.repo == turns.c.repo, due),
        )
        .order_by(turns.c.sent, turns.c.repo)
        .limit(limit)
    ).scalars()
    lanes = [
        connection.execute(
            select(actions)
            .where(actions.c.repo == repo, due)
            .order_by(actions.c.log_id, actions.c.position)
            .limit(limit)
        ).all()
        for repo in repos
    ]
    in_turn = [row for rank in zip_longest(*lanes) for row in rank if row is not None]
    return tuple(to_action(row) for row in in_turn[:limit])


def of_issue_open(connection: Connection, issue: IssueRef) -> tuple[StoredAction, ...]:
    """Return an issue's planned and sent actions, due or not, in order."""
    rows = connection.execute(
        select(actions)
        .where(
            actions.c.repo == issue.repo.key,
            actions.c.issue_id == issue.number,
            is_state(actions.c.state, *OPEN_STATES),
        )
        .order_by(actions.c.log_id, actions.c.position)
    )
    return tuple(to_action(row) for row in rows)


def mark_sent(connection: Connection, action_id: int, *, now: datetime) -> StoredAction:
    """Note that an action's request is about to leave; must be durable before it does.

    Args:
        connection: In a transaction.
        action_id: A planned action.
        now: Current time, aware UTC.

    Returns:
        The action as it is now.

    Raises:
        ValueError: It is not planned.
        StoreError: Its row is not what was decided.
    """
    action = unchanged(fetch(connection, action_id))
    move(connection, action, ActionState.SENT, attempts=action.attempts + 1, sent_at=now, not_before=None)
    take_turn(connection, action.issue.repo.key, "sent")
    return fetch(connection, action_id)


def doubt_planned(connection: Connection, *, now: datetime) -> int:
    """Treat every planned action as sent, so that the forge is asked before it is done.

    For a database that was brought back from an older copy: what it plans may have been done since.

    Args:
        connection: In a transaction.
        now: Current time, aware UTC.

    Returns:
        How many.
    """
    planned = is_state(actions.c.state, ActionState.PLANNED)
    values = {"state": ActionState.SENT.value, "sent_at": now, "not_before": None}
    doubted = connection.execute(update(actions).where(planned).values(**values)).rowcount
    count(connection, {ActionState.PLANNED: -doubted, ActionState.SENT: doubted})
    return doubted


def settle(connection: Connection, action_id: int, outcome: Outcome, *, now: datetime) -> None:
    """Note what became of an action that was tried, or looked up.

    Args:
        connection: In a transaction.
        action_id: A sent action; a planned one when no request was needed or it cannot be carried out.
        outcome: What became of it; for `planned`, when to try again.
        now: Current time, aware UTC.

    Raises:
        ValueError: It cannot come to this from where it is.
    """
    action = fetch(connection, action_id)
    values: dict[str, Any] = {"reason": outcome.reason, "not_before": outcome.retry_at}
    if outcome.undo:
        values["undo"] = outcome.undo
    if outcome.state in _FINAL:
        values |= {"settled_at": now, "not_before": None}
    if action.state is outcome.state is ActionState.PLANNED:
        connection.execute(update(actions).where(actions.c.id == action_id).values(**values))
        return
    move(connection, action, outcome.state, **values)


def defer(connection: Connection, action_id: int, *, not_before: datetime, reason: str) -> None:
    """Leave an open action where it is and come back later.

    Args:
        connection: In a transaction.
        action_id: A planned or sent action.
        not_before: When, aware UTC.
        reason: Why, one line.

    Raises:
        ValueError: It is not open.
    """
    action = fetch(connection, action_id)
    if action.state not in OPEN_STATES:
        raise ValueError(f"action {action_id} is {action.state}: there is nothing to wait for")
    connection.execute(update(actions).where(actions.c.id == action_id).values(not_before=not_before, reason=reason))


def cancel(
    connection: Connection, action_ids: Sequence[int], *, state: ActionState, reason: str, now: datetime
) -> None:
    """Give actions up that were not sent.

    Args:
        connection: In a transaction.
        action_ids: Planned or held ones.
        state: What they become: `denied`, `failed` or `shadow`.
        reason: Why.
        now: Current time, aware UTC.

    Raises:
        ValueError: One was sent already, or is settled.
    """
    for action_id in action_ids:
        action = fetch(connection, action_id)
        if action.state not in (ActionState.PLANNED, ActionState.HELD):
            raise ValueError(f"action {action_id} is {action.state} and cannot be cancelled")
        move(connection, action, state, reason=reason, settled_at=now, not_before=None)


def hold(connection: Connection, action_ids: Sequence[int], *, reason: str, detail: str = "") -> None:
    """Let planned actions wait for a person; raises ValueError for others."""
    for action_id in action_ids:
        action = fetch(connection, action_id)
        move(connection, action, ActionState.HELD, reason=reason, detail=detail or action.detail, not_before=None)


def release(connection: Connection, action_ids: Sequence[int]) -> None:
    """Plan held actions again because the reason to hold them has gone; raises ValueError for others."""
    for action_id in action_ids:
        action = fetch(connection, action_id)
        if action.state is not ActionState.HELD:
            raise ValueError(f"action {action_id} is {action.state}, not held")
        move(connection, action, ActionState.PLANNED, reason="")


def approve(
    connection: Connection, action_id: int, *, by: str, now: datetime, payload_hash: str | None = None
) -> None:
    """Let a held action pass, exactly as it was shown.

    Args:
        connection: In a transaction.
        action_id: A held action.
        by: Who approves.
        now: Current time, aware UTC; from when it may be sent.
        payload_hash: Of what the person saw; None when it was read in this very transaction.

    Raises:
        ValueError: It is not held.
        StoreError: It is not what the person saw.
    """
    action = unchanged(fetch(connection, action_id))
    if action.state is not ActionState.HELD:
        raise ValueError(f"action {action_id} is {action.state}, not held")
    if payload_hash is not None and payload_hash != action.payload_hash:
        raise StoreError(f"action {action_id} is not the one that was shown; look at it again")
    move(connection, action, ActionState.PLANNED, approved_by=by, reason="", not_before=now)


def reject(connection: Connection, action_id: int, *, by: str, because: str = "", now: datetime) -> None:
    """Refuse a held action and remember that as a correction.

    Args:
        connection: In a transaction.
        action_id: A held action.
        by: Who refuses.
        because: The person's own words.
        now: Current time, aware UTC.

    Raises:
        ValueError: It is not held.
    """
    action = fetch(connection, action_id)
    if action.state is not ActionState.HELD:
        raise ValueError(f"action {action_id} is {action.state}, not held")
    move(connection, action, ActionState.DENIED, reason="rejected", detail=because or action.detail, settled_at=now)
    corrections.add(
        connection,
        issue=action.issue,
        kind="rejected",
        action_type=action.type,
        value=corrections.value_of(action.payload),
        by=by,
        because=because,
        action_id=action.id,
        now=now,
    )


def mark_undone(
    connection: Connection, action_ids: Sequence[int], *, by: str, reason: str = "taken back", now: datetime
) -> None:
    """Note that done actions were taken back, and remember that as a correction.

    Args:
        connection: In a transaction.
        action_ids: Done (or unknown) actions.
        by: Who took them back.
        reason: Why, one line.
        now: Current time, aware UTC.

    Raises:
        ValueError: One was not done.
    """
    for action_id in action_ids:
        action = fetch(connection, action_id)
        move(connection, action, ActionState.UNDONE, reason=reason, settled_at=now, not_before=None)
        corrections.add(
            connection,
            issue=action.issue,
            kind="undone",
            action_type=action.type,
            value=corrections.value_of(action.payload),
            by=by,
            because=reason,
            action_id=action.id,
            now=now,
        )
