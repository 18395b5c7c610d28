"""The inbox: a table as a queue. An item is leased and finished, never deleted to claim it.

    ready -> claimed(lease, attempt, fence) -> done | ready(not_before) | held | dead
    any but done -> cancelled, for ever

Work on one issue is serial: while an item of it is claimed, or an action of it is planned or sent, the next one waits.
How often to retry, and after how long, is decided by `pipeline`. How items are claimed: `inbox_claims`; how they end:
`inbox_moves`; looking, and a person's orders: `inbox_views`. All of it is called as `inbox.…`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select

from foreman.model import EventKind, InboxState, IssueRef
from foreman.store.inbox_claims import claim, claimable
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
    count,
    ensure_turn,
    set_columns,
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
from foreman.store.tables import WAITING_STATES, inbox, is_state

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
