"""How a claimed item ends, and how many are set aside or come back at once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from foreman.model import InboxState, IssueRef
from foreman.store.inbox_rows import InboxItem, count, end_attempt, held_claim, move, set_columns, to_item
from foreman.store.tables import inbox, is_state


def extend(connection: Connection, item: InboxItem, *, lease: timedelta, now: datetime) -> None:
    """Hold a claim for longer; raises LeaseLost when it is not ours any more."""
    held_claim(connection, item, now=now)
    set_columns(connection, item.id, {"lease_until": now + lease})


def complete(connection: Connection, item: InboxItem, *, reason: str = "", now: datetime) -> None:
    """Finish a claimed item; raises LeaseLost when it is not ours any more."""
    _end(connection, item, to=InboxState.DONE, outcome="done", reason=reason, now=now)


def postpone(
    connection: Connection,
    item: InboxItem,
    *,
    not_before: datetime,
    reason: str,
    count_attempt: bool = True,
    now: datetime,
) -> None:
    """Give a claimed item back for later.

    Args:
        connection: In a transaction.
        item: As claimed.
        not_before: When it may be begun again, aware UTC.
        reason: Why, one line.
        count_attempt: False when the run was not the item's fault and uses up no retry.
        now: Current time, aware UTC.

    Raises:
        LeaseLost: It is not ours any more.
    """
    attempt = item.attempt if count_attempt else item.attempt - 1
    values = {"not_before": not_before, "attempt": attempt}
    _end(connection, item, to=InboxState.READY, outcome="postponed", reason=reason, now=now, values=values)


def hold(connection: Connection, item: InboxItem, *, until: datetime | None, reason: str, now: datetime) -> None:
    """Set a claimed item aside; a hold uses up no retry.

    Args:
        connection: In a transaction.
        item: As claimed.
        until: When it is released by itself; None for when a person or the agent's recovery releases it.
        reason: Why, one line.
        now: Current time, aware UTC.

    Raises:
        LeaseLost: It is not ours any more.
    """
    values = {"held_until": until, "attempt": item.attempt - 1}
    _end(connection, item, to=InboxState.HELD, outcome="held", reason=reason, now=now, values=values)


def bury(connection: Connection, item: InboxItem, *, reason: str, now: datetime) -> None:
    """Give a claimed item up, its story kept; raises LeaseLost when it is not ours any more."""
    _end(connection, item, to=InboxState.DEAD, outcome="dead", reason=reason, now=now)


def _end(
    connection: Connection,
    item: InboxItem,
    *,
    to: InboxState,
    outcome: str,
    reason: str,
    now: datetime,
    values: dict[str, Any] | None = None,
) -> None:
    current = held_claim(connection, item, now=now)
    move(connection, current, to=to, now=now, values={"reason": reason, "lease_until": None} | (values or {}))
    end_attempt(connection, item.id, outcome=outcome, reason=reason, now=now)


def hold_agent(connection: Connection, agent: str, *, until: datetime | None, reason: str) -> int:
    """Set every ready item of an agent aside, as quarantine does; returns how many."""
    here = and_(is_state(inbox.c.state, InboxState.READY), inbox.c.agent == agent)
    values = {"held_until": until, "reason": reason}
    return _move_many(connection, here, start=InboxState.READY, to=InboxState.HELD, values=values)


_FREE: dict[str, Any] = {"held_until": None, "reason": ""}


def release_held(
    connection: Connection, *, now: datetime, agent: str | None = None, issue: IssueRef | None = None
) -> int:
    """Make held items ready: those whose time has come, or all of an agent or an issue.

    Args:
        connection: In a transaction.
        now: Current time, aware UTC.
        agent: All of this agent, whatever their time.
        issue: All of this issue, whatever their time.

    Returns:
        How many.
    """
    here = inbox.c.state == InboxState.HELD.value
    if agent is not None:
        here = and_(here, inbox.c.agent == agent)
    if issue is not None:
        here = and_(here, inbox.c.repo == issue.repo.key, inbox.c.issue_id == issue.number)
    if agent is None and issue is None:
        here = and_(here, inbox.c.held_until <= now)
    return _move_many(connection, here, start=InboxState.HELD, to=InboxState.READY, values=_FREE)


def release(connection: Connection, ids: Collection[int]) -> int:
    """Make these held items ready, whatever their time; those in another state are left alone. Returns how many."""
    if not ids:
        return 0
    here = and_(inbox.c.state == InboxState.HELD.value, inbox.c.id.in_(ids))
    return _move_many(connection, here, start=InboxState.HELD, to=InboxState.READY, values=_FREE)


def _move_many(
    connection: Connection,
    here: ColumnElement[bool],
    *,
    start: InboxState,
    to: InboxState,
    values: dict[str, Any],
) -> int:
    lanes = connection.execute(
        select(inbox.c.repo, inbox.c.agent, func.count()).where(here).group_by(inbox.c.repo, inbox.c.agent)
    ).all()
    connection.execute(update(inbox).where(here).values(state=to.value, **values))
    for repo, agent, moved in lanes:
        count(connection, repo, agent, {start: -moved, to: moved})
    return sum(moved for _, _, moved in lanes)


def expire(connection: Connection, *, now: datetime) -> int:
    """Make items whose lease has ended ready again, their attempt counted; returns how many."""
    return _take_back(connection, inbox.c.lease_until <= now, outcome="expired", reason="its lease ended", now=now)


def recover(
    connection: Connection,
    *,
    count_attempt: bool = True,
    reason: str = "the daemon ended while it ran",
    now: datetime,
) -> int:
    """Make every claimed item ready again, at a daemon's start and at its end.

    Args:
        connection: In a transaction.
        count_attempt: False when the run was ended on purpose and uses up no retry.
        reason: Why, one line.
        now: Current time, aware UTC.

    Returns:
        How many.
    """
    everything = inbox.c.id.is_not(None)
    return _take_back(
        connection, everything, outcome="interrupted", reason=reason, now=now, count_attempt=count_attempt
    )


def _take_back(
    connection: Connection,
    which: ColumnElement[bool],
    *,
    outcome: str,
    reason: str,
    now: datetime,
    count_attempt: bool = True,
) -> int:
    rows = connection.execute(select(inbox).where(is_state(inbox.c.state, InboxState.CLAIMED), which)).all()
    for row in rows:
        item = to_item(row)
        values = {"reason": reason, "lease_until": None, "attempt": item.attempt - (not count_attempt)}
        move(connection, item, to=InboxState.READY, now=now, values=values)
        end_attempt(connection, row.id, outcome=outcome, reason=reason, now=now)
    return len(rows)
