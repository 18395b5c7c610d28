"""The action log and its actions, from decision to settlement.

    planned -> sent -> done | failed | unknown        held -> planned (approved) | denied (rejected, replaced)
    done -> undone                                     denied, shadow, failed: for good

A decision and its actions are one write, made before the first request. No function changes what an action does.
Reading the log: `action_log`; what policy asks of it: `action_facts`; what people decide: `action_verdicts`.
All of it is called as `actions.…`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, Integer, Select, and_, bindparam, exists, or_, select, true, update

from foreman.model import ActionState, IssueRef, Outcome, RepoRef
from foreman.store.action_facts import (
    held_in_confidence,
    labels_by_us,
    labels_ordered,
    newest,
    runs_at,
    runs_of_author_since,
    runs_since,
    touched,
    writes_per_hour_history,
    writes_since,
)
from foreman.store.action_log import LogEntry, entries, entry, held, seen, states
from foreman.store.action_record import record
from foreman.store.action_replaced import replace_doubles, replace_held, replaced
from foreman.store.action_rows import (
    MOVES,
    NewAction,
    NewDecision,
    change,
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
    "replace_doubles",
    "replace_held",
    "replaced",
    "runs_at",
    "runs_of_author_since",
    "runs_since",
    "seen",
    "settle",
    "states",
    "touched",
    "writes_per_hour_history",
    "writes_since",
)

_IN_ORDER = (actions.c.log_id, actions.c.position)
_OF_ISSUE = and_(actions.c.repo == bindparam("repo"), actions.c.issue_id == bindparam("number"))
_DUE = and_(
    is_state(actions.c.state, *OPEN_STATES),
    or_(actions.c.not_before.is_(None), actions.c.not_before <= bindparam("now")),
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
    repos, lane = _lanes(only is not None)
    values = {"now": now, "settled": now - settle, "most": limit} | _about(only)
    skipped = sorted(repo.key for repo in skip_repos)
    keys = connection.execute(repos, values | {"skipped": skipped}).scalars()
    lanes = [connection.execute(lane, values | {"lane": key}).all() for key in keys]
    in_turn = [row for rank in zip_longest(*lanes) for row in rank if row is not None]
    return tuple(to_action(row) for row in in_turn[:limit])


@cache
def _lanes(of_issue: bool) -> tuple[Select[Any], Select[Any]]:
    """Return what asks for the repositories whose turn it is, and for the actions of one."""
    settled = or_(actions.c.state == ActionState.PLANNED.value, actions.c.sent_at <= bindparam("settled"))
    due = and_(_DUE, settled, _OF_ISSUE if of_issue else true())
    skipped = turns.c.repo.not_in(bindparam("skipped", expanding=True))
    repos = select(turns.c.repo).where(skipped, exists().where(actions.c.repo == turns.c.repo, due))
    lane = select(actions).where(actions.c.repo == bindparam("lane"), due)
    most = bindparam("most", type_=Integer)
    return repos.order_by(turns.c.sent, turns.c.repo).limit(most), lane.order_by(*_IN_ORDER).limit(most)


@cache
def _of_type(of_issue: bool) -> Select[Any]:
    wanted = select(actions).where(_DUE, actions.c.type == bindparam("kind"), _OF_ISSUE if of_issue else true())
    return wanted.order_by(*_IN_ORDER).limit(bindparam("most", type_=Integer))


_OPEN = select(actions).where(_OF_ISSUE, is_state(actions.c.state, *OPEN_STATES)).order_by(*_IN_ORDER)


def _about(issue: IssueRef | None) -> dict[str, Any]:
    return {} if issue is None else {"repo": issue.repo.key, "number": issue.number}


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
    values = {"kind": kind, "now": now, "most": limit} | _about(only)
    return tuple(map(to_action, connection.execute(_of_type(only is not None), values)))


def of_issue_open(connection: Connection, issue: IssueRef) -> tuple[StoredAction, ...]:
    """Return an issue's planned and sent actions, due or not, in order."""
    return tuple(map(to_action, connection.execute(_OPEN, _about(issue))))


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
        change(connection, action_id, **values)
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
    change(connection, action_id, not_before=not_before, reason=reason)
