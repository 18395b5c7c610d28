"""The action log and its actions, from decision to settlement.

    planned -> sent -> done | failed | unknown        held -> planned (approved) | denied (rejected)
    done -> undone                                     denied, shadow, failed: for good

A decision and its actions are one write, made before the first request. No function changes what an action does.
Reading the log: `action_log`; what policy asks of it: `action_facts`; what people decide: `action_verdicts`.
All of it is called as `actions.…`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, and_, exists, or_, select, true, update

from foreman.model import ActionState, IssueRef, Outcome, RepoRef
from foreman.store.action_facts import (
    held_in_confidence,
    labels_by_us,
    labels_ordered,
    newest,
    runs_of_author_since,
    runs_since,
    writes_per_hour_history,
    writes_since,
)
from foreman.store.action_log import LogEntry, entries, entry, held, states
from foreman.store.action_record import record
from foreman.store.action_rows import (
    MOVES,
    NewAction,
    NewDecision,
    count,
    fetch,
    hash_of,
    key_of,
    move,
    to_action,
    unchanged,
)
from foreman.store.action_verdicts import approve, cancel, hold, mark_undone, reject, release
from foreman.store.inbox_rows import take_turn
from foreman.store.logged import StoredAction
from foreman.store.tables import OPEN_STATES, actions, is_state, turns

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
    "held_in_confidence",
    "hold",
    "key_of",
    "labels_by_us",
    "labels_ordered",
    "mark_sent",
    "mark_undone",
    "newest",
    "of_issue_open",
    "open_actions",
    "open_of_type",
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
    only: IssueRef | None = None,
) -> tuple[StoredAction, ...]:
    """Return actions that something can be done about now, repositories in turn, each one's in order.

    Args:
        connection: To read from.
        now: Current time, aware UTC.
        limit: At most so many.
        settle: A sent one counts only when this has passed since it was sent.
        skip_repos: Repositories that may not be written to now; without this they would keep others waiting.
        only: Of this issue only.

    Returns:
        Planned and sent actions; first of all one of the repository whose last write is longest ago.
    """
    due = and_(
        is_state(actions.c.state, *OPEN_STATES),
        or_(actions.c.not_before.is_(None), actions.c.not_before <= now),
        or_(actions.c.state == ActionState.PLANNED.value, actions.c.sent_at <= now - settle),
        true() if only is None else and_(actions.c.repo == only.repo.key, actions.c.issue_id == only.number),
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


def open_of_type(
    connection: Connection, kind: str, *, now: datetime, limit: int, only: IssueRef | None = None
) -> tuple[StoredAction, ...]:
    """Return actions of one type that something can be done about now, whatever their repository; oldest first.

    Args:
        connection: To read from.
        kind: Type of the actions.
        now: Current time, aware UTC.
        limit: At most so many.
        only: Of this issue only.

    Returns:
        Planned and sent actions.
    """
    rows = connection.execute(
        select(actions)
        .where(
            is_state(actions.c.state, *OPEN_STATES),
            actions.c.type == kind,
            or_(actions.c.not_before.is_(None), actions.c.not_before <= now),
            true() if only is None else and_(actions.c.repo == only.repo.key, actions.c.issue_id == only.number),
        )
        .order_by(actions.c.log_id, actions.c.position)
        .limit(limit)
    )
    return tuple(to_action(row) for row in rows)


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
