"""The inbox: a table as a queue. An item is leased and finished, never deleted to claim it.

    ready -> claimed(lease, attempt, fence) -> done | ready(not_before) | held | dead
    any but done -> cancelled, for ever

Work on one issue is serial: while an item of it is claimed, or an action of it is planned or sent, the next one waits.
How often to retry, and after how long, is decided by `pipeline`. How items end: `inbox_moves`; looking, and a
person's orders: `inbox_views`. All of it is called as `inbox.…`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, bindparam, exists, insert, or_, select

from foreman.model import ActionState, EventKind, InboxState, IssueRef, RepoRef
from foreman.store.inbox_moves import (
    bury,
    complete,
    expire,
    extend,
    hold,
    hold_agent,
    postpone,
    recover,
    release,
    release_held,
)
from foreman.store.inbox_rows import (
    Attempt,
    DeadItem,
    InboxItem,
    begin_attempt,
    count,
    ensure_turn,
    set_columns,
    take_turn,
    to_item,
)
from foreman.store.inbox_views import (
    any_ready,
    claimed_tasks,
    counts,
    dead,
    drop,
    get,
    held_for,
    keep_trace,
    oldest_ready,
    retry,
    story,
    waiting,
    waiting_count,
    waiting_trace,
)
from foreman.store.rows import inserted_id
from foreman.store.tables import OPEN_STATES, WAITING_STATES, actions, inbox, inbox_counts, is_state, turns

__all__ = (
    "Attempt",
    "DeadItem",
    "InboxItem",
    "any_ready",
    "bury",
    "claim",
    "claimable",
    "claimed_tasks",
    "complete",
    "counts",
    "dead",
    "drop",
    "enqueue",
    "expire",
    "extend",
    "get",
    "held_for",
    "hold",
    "hold_agent",
    "keep_trace",
    "oldest_ready",
    "postpone",
    "recover",
    "release",
    "release_held",
    "retry",
    "story",
    "waiting",
    "waiting_count",
    "waiting_trace",
)


_STANDING = frozenset(
    kind.value
    for kind in (EventKind.OPENED, EventKind.REQUESTED, EventKind.TRANSFERRED, EventKind.PULL_REQUEST_OPENED)
)


_JOINS = select(inbox).where(
    inbox.c.repo == bindparam("repo"),
    inbox.c.issue_id == bindparam("number"),
    inbox.c.agent == bindparam("agent"),
    is_state(inbox.c.state, *WAITING_STATES),
)


_ADDED = insert(inbox)


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
    trace: str = "",
    now: datetime,
) -> int:
    """Ask for work; joins an item for the same issue and agent that nobody has begun.

    A joined item keeps its place, state and waiting time and takes the newest event, but stays what it was when it is
    about a new issue or a request; `requested` sticks, and a request ends a waiting time and lets a held item go on.
    While one is being worked on, all that comes joins one single follow-up.

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
        trace: `traceparent` of what found it; joined work keeps the one it has.
        now: Current time, aware UTC.

    Returns:
        Id of the item that will do it.
    """
    news = {"task_type": task_type, "event": event.value, "event_key": event_key, "actor_id": actor_id}
    waits = connection.execute(_JOINS, {"repo": issue.repo.key, "number": issue.number, "agent": agent}).first()
    if waits is not None:
        if waits.event in _STANDING and event.value not in _STANDING:
            # An issue that nobody has looked at stays a new one, whoever comments on it meanwhile.
            news = {}
        news |= {"requested": requested or waits.requested, "reruns": max(reruns, waits.reruns)}
        news["trace"] = waits.trace or trace
        if requested:
            news["not_before"] = min(now, waits.not_before)
            if waits.state == InboxState.HELD.value:
                news |= {"state": InboxState.READY.value, "held_until": None, "reason": ""}
                count(connection, waits.repo, agent, {InboxState.HELD: -1, InboxState.READY: 1})
        set_columns(connection, waits.id, news)
        return int(waits.id)
    ensure_turn(connection, issue.repo.key)
    added = connection.execute(
        _ADDED,
        {
            **news,
            "repo": issue.repo.key,
            "issue_id": issue.number,
            "agent": agent,
            "requested": requested,
            "reruns": reruns,
            "state": InboxState.READY.value,
            "reason": "",
            "attempt": 0,
            "fence": 0,
            "task_id": "",
            "worker": "",
            "created_at": now,
            "not_before": now,
            "trace": trace,
        },
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
    only: IssueRef | None = None,
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
        only: Of this issue only.

    Returns:
        The item with a new `task_id`, None when nothing may be begun now.
    """
    row = _next(connection, now=now, busy=busy, full_repos=full_repos, only=only)
    if row is None:
        return None
    values: dict[str, Any] = {"attempt": row.attempt + 1, "fence": row.fence + 1, "task_id": str(uuid4())}
    claimed = {"state": InboxState.CLAIMED.value, "worker": worker, "lease_until": now + lease}
    set_columns(connection, row.id, values | claimed)
    count(connection, row.repo, row.agent, {InboxState.READY: -1, InboxState.CLAIMED: 1})
    take_turn(connection, row.repo, "claimed")
    item = replace(to_item(row), state=InboxState.CLAIMED, **values)
    begin_attempt(connection, item, worker=worker, now=now)
    return item


def claimable(
    connection: Connection, *, now: datetime, busy: Collection[str] = (), full_repos: Collection[RepoRef] = ()
) -> bool:
    """Tell whether `claim` would give an item now."""
    return _next(connection, now=now, busy=busy, full_repos=full_repos) is not None


def _next(
    connection: Connection,
    *,
    now: datetime,
    busy: Collection[str],
    full_repos: Collection[RepoRef],
    only: IssueRef | None = None,
) -> Row[Any] | None:
    here = {"now": now, "busy": sorted(busy), "full": sorted(repo.key for repo in full_repos)}
    if only is not None:
        here["repo"] = only.repo.key
    lanes = connection.execute(_lanes(of_one=only is not None), here).all()
    for repo, agents in groupby(lanes, key=lambda lane: lane.repo):
        found = [row for lane in agents if (row := _first_of(connection, repo, lane.agent, now, only)) is not None]
        if found:
            return min(found, key=lambda row: row.id)
    return None


@cache
def _lanes(*, of_one: bool) -> Select[str, str]:
    due = exists().where(
        inbox.c.repo == inbox_counts.c.repo,
        inbox.c.agent == inbox_counts.c.agent,
        is_state(inbox.c.state, InboxState.READY),
        inbox.c.not_before <= bindparam("now"),
    )
    lanes = (
        select(inbox_counts.c.repo, inbox_counts.c.agent)
        .join(turns, turns.c.repo == inbox_counts.c.repo)
        .where(
            inbox_counts.c.state == InboxState.READY.value,
            inbox_counts.c.number > 0,
            inbox_counts.c.agent.not_in(bindparam("busy", expanding=True)),
            inbox_counts.c.repo.not_in(bindparam("full", expanding=True)),
            due,
        )
        .order_by(turns.c.claimed, inbox_counts.c.repo)
    )
    return lanes.where(inbox_counts.c.repo == bindparam("repo")) if of_one else lanes


def _first_of(connection: Connection, repo: str, agent: str, now: datetime, only: IssueRef | None) -> Row[Any] | None:
    here: dict[str, Any] = {"repo": repo, "agent": agent, "now": now}
    if only is not None:
        here["number"] = only.number
    return connection.execute(_oldest(of_one=only is not None), here).first()


@cache
def _oldest(*, of_one: bool) -> Select[Any]:
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
        # An announced close waits for days, and what people say meanwhile is heard.
        or_(
            actions.c.type != "close",
            ~is_state(actions.c.state, ActionState.PLANNED),
            actions.c.not_before.is_(None),
            actions.c.not_before <= bindparam("now"),
        ),
    )
    oldest = (
        select(inbox)
        .where(
            inbox.c.repo == bindparam("repo"),
            inbox.c.agent == bindparam("agent"),
            is_state(inbox.c.state, InboxState.READY),
            inbox.c.not_before <= bindparam("now"),
            ~running,
            ~unfinished,
        )
        .order_by(inbox.c.id)
        .limit(1)
    )
    return oldest.where(inbox.c.issue_id == bindparam("number")) if of_one else oldest
