"""The inbox: a table as a queue. An item is leased and finished, never deleted to claim it.

    ready -> claimed(lease, attempt, fence) -> done | ready(not_before) | held | dead
    any but done -> cancelled, for ever

Work on one issue is serial: while an item of it is claimed, or an action of it is planned or sent, the next one waits.
How often to retry, and after how long, is decided by `pipeline`. Looking, and a person's orders: `inbox_views`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, insert, select, update

from foreman.model import EventKind, InboxState, IssueRef, RepoRef
from foreman.store.inbox_rows import (
    Attempt,
    DeadItem,
    InboxItem,
    begin_attempt,
    count,
    end_attempt,
    ensure_turn,
    held_claim,
    move,
    take_turn,
    to_item,
)
from foreman.store.inbox_views import (
    counts,
    dead,
    drop,
    get,
    oldest_ready,
    retry,
    story,
    waiting,
    waiting_count,
)
from foreman.store.rows import inserted_id
from foreman.store.tables import OPEN_STATES, WAITING_STATES, actions, inbox, inbox_counts, is_state, turns

__all__ = (
    "Attempt",
    "DeadItem",
    "InboxItem",
    "bury",
    "claim",
    "claimable",
    "complete",
    "counts",
    "dead",
    "drop",
    "enqueue",
    "expire",
    "extend",
    "get",
    "hold",
    "hold_agent",
    "oldest_ready",
    "postpone",
    "recover",
    "release_held",
    "retry",
    "story",
    "waiting",
    "waiting_count",
)


def enqueue(
    connection: Connection,
    *,
    issue: IssueRef,
    agent: str,
    task_type: str,
    event: EventKind,
    event_key: str,
    actor_id: int | None = None,
    requested: bool = False,
    reruns: int = 0,
    now: datetime,
) -> int:
    """Ask for work; joins an item for the same issue and agent that nobody has begun.

    A joined item keeps its place, state and waiting time and takes the newest event; `requested` sticks, and a request
    ends a waiting time. While one is being worked on, all that comes joins one single follow-up.

    Args:
        connection: In a transaction.
        issue: Where.
        agent: Agent type.
        task_type: What its tasks are called.
        event: What happened.
        event_key: That event's key.
        actor_id: Who caused it.
        requested: A person asked for it.
        reruns: How often the decision was out of date before.
        now: Current time, aware UTC.

    Returns:
        Id of the item that will do it.
    """
    news = {"task_type": task_type, "event": event.value, "event_key": event_key, "actor_id": actor_id}
    waits = connection.execute(
        select(inbox).where(
            inbox.c.repo == issue.repo.key,
            inbox.c.issue_id == issue.number,
            inbox.c.agent == agent,
            is_state(inbox.c.state, *WAITING_STATES),
        )
    ).first()
    if waits is not None:
        news |= {"requested": requested or waits.requested, "reruns": max(reruns, waits.reruns)}
        if requested:
            news["not_before"] = min(now, waits.not_before)
        connection.execute(update(inbox).where(inbox.c.id == waits.id).values(**news))
        return int(waits.id)
    ensure_turn(connection, issue.repo.key)
    added = connection.execute(
        insert(inbox).values(
            **news,
            repo=issue.repo.key,
            issue_id=issue.number,
            agent=agent,
            requested=requested,
            reruns=reruns,
            state=InboxState.READY.value,
            reason="",
            attempt=0,
            fence=0,
            task_id="",
            worker="",
            created_at=now,
            not_before=now,
        )
    )
    count(connection, issue.repo.key, agent, {InboxState.READY: 1})
    return inserted_id(added)


def claim(
    connection: Connection,
    *,
    worker: str,
    lease: timedelta,
    now: datetime,
    busy: Collection[str] = (),
    full_repos: Collection[RepoRef] = (),
) -> InboxItem | None:
    """Claim the oldest ready item of the repository that was served longest ago.

    `attempt` counts this run; after a crash it may exceed what the caller allows, who then buries it unrun.

    Args:
        connection: In a transaction.
        worker: Who claims, for the story.
        lease: How long the claim holds before another worker may take it over.
        now: Current time, aware UTC.
        busy: Agent types that can take no task now.
        full_repos: Repositories that have enough at work.

    Returns:
        The item with a new `task_id`, None when nothing may be begun now.
    """
    row = _next(connection, now=now, busy=busy, full_repos=full_repos)
    if row is None:
        return None
    values: dict[str, Any] = {"attempt": row.attempt + 1, "fence": row.fence + 1, "task_id": str(uuid4())}
    connection.execute(
        update(inbox)
        .where(inbox.c.id == row.id)
        .values(**values, state=InboxState.CLAIMED.value, worker=worker, lease_until=now + lease)
    )
    count(connection, row.repo, row.agent, {InboxState.READY: -1, InboxState.CLAIMED: 1})
    take_turn(connection, row.repo, "claimed")
    item = to_item(connection.execute(select(inbox).where(inbox.c.id == row.id)).one())
    begin_attempt(connection, item, worker=worker, now=now)
    return item


def claimable(
    connection: Connection, *, now: datetime, busy: Collection[str] = (), full_repos: Collection[RepoRef] = ()
) -> bool:
    """Tell whether `claim` would give an item now."""
    return _next(connection, now=now, busy=busy, full_repos=full_repos) is not None


def _next(
    connection: Connection, *, now: datetime, busy: Collection[str], full_repos: Collection[RepoRef]
) -> Row[Any] | None:
    due = exists().where(
        inbox.c.repo == inbox_counts.c.repo,
        inbox.c.agent == inbox_counts.c.agent,
        is_state(inbox.c.state, InboxState.READY),
        inbox.c.not_before <= now,
    )
    lanes = connection.execute(
        select(inbox_counts.c.repo, inbox_counts.c.agent)
        .join(turns, turns.c.repo == inbox_counts.c.repo)
        .where(
            inbox_counts.c.state == InboxState.READY.value,
            inbox_counts.c.number > 0,
            inbox_counts.c.agent.not_in(sorted(busy)),
            inbox_counts.c.repo.not_in(sorted(repo.key for repo in full_repos)),
            due,
        )
        .order_by(turns.c.claimed, inbox_counts.c.repo)
    ).all()
    for repo, agents in groupby(lanes, key=lambda lane: lane.repo):
        found = [row for lane in agents if (row := _first_of(connection, repo, lane.agent, now)) is not None]
        if found:
            return min(found, key=lambda row: row.id)
    return None


def _first_of(connection: Connection, repo: str, agent: str, now: datetime) -> Row[Any] | None:
    other = inbox.alias("other")
    running = exists().where(
        other.c.repo == inbox.c.repo,
        other.c.issue_id == inbox.c.issue_id,
        is_state(other.c.state, InboxState.CLAIMED),
    )
    unfinished = exists().where(
        actions.c.repo == inbox.c.repo,
        actions.c.issue_id == inbox.c.issue_id,
        is_state(actions.c.state, *OPEN_STATES),
    )
    return connection.execute(
        select(inbox)
        .where(
            inbox.c.repo == repo,
            inbox.c.agent == agent,
            is_state(inbox.c.state, InboxState.READY),
            inbox.c.not_before <= now,
            ~running,
            ~unfinished,
        )
        .order_by(inbox.c.id)
        .limit(1)
    ).first()


def extend(connection: Connection, item: InboxItem, *, lease: timedelta, now: datetime) -> None:
    """Hold a claim for longer; raises LeaseLost when it is not ours any more."""
    held_claim(connection, item, now=now)
    connection.execute(update(inbox).where(inbox.c.id == item.id).values(lease_until=now + lease))


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
    values = {"held_until": None, "reason": ""}
    return _move_many(connection, here, start=InboxState.HELD, to=InboxState.READY, values=values)


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


def recover(connection: Connection, *, now: datetime) -> int:
    """Make every claimed item ready again at a daemon's start, its attempt counted; returns how many."""
    return _take_back(
        connection, inbox.c.id.is_not(None), outcome="interrupted", reason="the daemon ended while it ran", now=now
    )


def _take_back(connection: Connection, which: ColumnElement[bool], *, outcome: str, reason: str, now: datetime) -> int:
    rows = connection.execute(select(inbox).where(is_state(inbox.c.state, InboxState.CLAIMED), which)).all()
    for row in rows:
        values = {"reason": reason, "lease_until": None}
        move(connection, to_item(row), to=InboxState.READY, now=now, values=values)
        end_attempt(connection, row.id, outcome=outcome, reason=reason, now=now)
    return len(rows)
