"""What the inbox's modules share: the item as a value, its mapping, its counters, the story of its attempts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from foreman.errors import LeaseLost
from foreman.model import EventKind, InboxState, IssueRef
from foreman.store.rows import issue_of
from foreman.store.tables import WAITING_STATES, inbox, inbox_attempts, inbox_counts, is_state, turns
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    """One piece of work for one agent on one issue.

    Attributes:
        id: Row id; lower is older.
        issue: Where.
        agent: Agent type.
        task_type: What its tasks are called.
        event: The newest happening it is about.
        event_key: That event's key.
        actor_id: Who caused it, None where the forge does not say.
        requested: A person asked for it.
        attempt: How often it was begun, this time included; holds and uncounted postponements are not in it.
        fence: Grows with every claim; a write under an older one is refused.
        task_id: UUID of this attempt; empty before the first.
        created_at: When the work was first wanted, aware UTC.
        not_before: When it may be begun.
        reruns: How often a decision on it was out of date before it was carried out.
        reason: Why it is where it is, one line.
        state: Where it stands.
        held_until: When a held one is released by itself; None when only a person or an agent's recovery does.
        trace: `traceparent` of the look that found it; empty when none was kept.
    """

    id: int
    issue: IssueRef
    agent: str
    task_type: str
    event: EventKind
    event_key: str
    actor_id: int | None
    requested: bool
    attempt: int
    fence: int
    task_id: str
    created_at: datetime
    not_before: datetime
    reruns: int
    reason: str
    state: InboxState
    held_until: datetime | None = None
    trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One run of an item.

    Attributes:
        attempt: Its number at that time.
        task_id: UUID of the task.
        worker: Who ran it.
        started_at: Aware UTC.
        ended_at: Aware UTC; None while it runs.
        outcome: `running`, `done`, `postponed`, `held`, `dead`, `cancelled`, `expired` or `interrupted`.
        reason: One line.
    """

    attempt: int
    task_id: str
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadItem:
    """Work that was given up.

    Attributes:
        item: The item.
        story: Every attempt, oldest first.
    """

    item: InboxItem
    story: tuple[Attempt, ...]


def to_item(row: Row[Any]) -> InboxItem:
    """Map a row of `inbox`."""
    return InboxItem(
        id=row.id,
        issue=issue_of(row),
        agent=row.agent,
        task_type=row.task_type,
        event=EventKind(row.event),
        event_key=row.event_key,
        actor_id=row.actor_id,
        requested=row.requested,
        attempt=row.attempt,
        fence=row.fence,
        task_id=row.task_id,
        created_at=row.created_at,
        not_before=row.not_before,
        reruns=row.reruns,
        reason=row.reason,
        state=InboxState(row.state),
        held_until=row.held_until,
        trace=row.trace,
    )


_COUNT = (
    update(inbox_counts)
    .where(
        inbox_counts.c.repo == bindparam("of_repo"),
        inbox_counts.c.agent == bindparam("of_agent"),
        inbox_counts.c.state == bindparam("of_state"),
    )
    .values(number=inbox_counts.c.number + bindparam("change"))
)


def count(connection: Connection, repo: str, agent: str, changes: Mapping[InboxState, int]) -> None:
    """Move the counters of a repository's agent."""
    for state, change in changes.items():
        here = {"of_repo": repo, "of_agent": agent, "of_state": state.value}
        if not connection.execute(_COUNT, here | {"change": change}).rowcount:
            row = {"repo": repo, "agent": agent, "state": state.value, "number": change}
            connection.execute(insert(inbox_counts), row)


_TURN = select(turns.c.repo).where(turns.c.repo == bindparam("repo"))


def ensure_turn(connection: Connection, repo: str) -> None:
    """Give a repository its place in the order of service: a new one comes first."""
    if connection.execute(_TURN, {"repo": repo}).first() is None:
        connection.execute(insert(turns), {"repo": repo, "claimed": 0, "sent": 0})


_LAST_TURN = {kind: select(func.max(turns.c[kind])) for kind in ("claimed", "sent")}

_TAKE_TURN = update(turns).where(turns.c.repo == bindparam("of_repo"))


def take_turn(connection: Connection, repo: str, kind: str) -> None:
    """Put a repository to the end of the order of service; `kind` is `claimed` or `sent`."""
    after = (connection.execute(_LAST_TURN[kind]).scalar() or 0) + 1
    if not connection.execute(_TAKE_TURN, {"of_repo": repo, kind: after}).rowcount:
        connection.execute(insert(turns), {"repo": repo, "claimed": 0, "sent": 0} | {kind: after})


_TWIN = select(inbox).where(
    inbox.c.repo == bindparam("repo"),
    inbox.c.issue_id == bindparam("number"),
    inbox.c.agent == bindparam("agent"),
    is_state(inbox.c.state, *WAITING_STATES),
    inbox.c.id != bindparam("but"),
)


def waiting_twin(connection: Connection, item: InboxItem) -> Row[Any] | None:
    """Return the waiting row for the same issue and agent beside this one."""
    here = {"repo": item.issue.repo.key, "number": item.issue.number, "agent": item.agent, "but": item.id}
    return connection.execute(_TWIN, here).first()


_ITEM = select(inbox).where(inbox.c.id == bindparam("item"))


def row_of(connection: Connection, item_id: int) -> Row[Any] | None:
    """Return an item's row, None when there is none."""
    return connection.execute(_ITEM, {"item": item_id}).first()


_SET = update(inbox).where(inbox.c.id == bindparam("of_id"))


def set_columns(connection: Connection, item_id: int, values: Mapping[str, Any]) -> None:
    """Write columns of one item; the caller keeps the counters."""
    connection.execute(_SET, {"of_id": item_id} | dict(values))


def absorb_twin(connection: Connection, item: InboxItem, *, now: datetime) -> dict[str, Any]:
    """Take over the newer event of a follow-up before its elder waits again: one piece of work, not two.

    Args:
        connection: In a transaction.
        item: The elder, about to become ready or held.
        now: Current time.

    Returns:
        Columns to set on the elder.
    """
    twin = waiting_twin(connection, item)
    if twin is None:
        return {}
    joined = {"state": InboxState.CANCELLED.value, "reason": f"joined to item {item.id}"}
    set_columns(connection, twin.id, joined | {"finished_at": now, "held_until": None})
    changes = {InboxState(twin.state): -1, InboxState.CANCELLED: 1}
    count(connection, twin.repo, twin.agent, changes)
    return {
        "task_type": twin.task_type,
        "event": twin.event,
        "event_key": twin.event_key,
        "actor_id": twin.actor_id,
        "requested": bool(item.requested or twin.requested),
        "reruns": max(item.reruns, twin.reruns),
    }


def move(connection: Connection, item: InboxItem, *, to: InboxState, now: datetime, values: dict[str, Any]) -> None:
    """Set an item's new state and columns and keep the counters; the caller has checked that it may."""
    if to in WAITING_STATES:
        values = absorb_twin(connection, item, now=now) | values
    if to in (InboxState.DONE, InboxState.DEAD, InboxState.CANCELLED):
        values = {"finished_at": now} | values
    set_columns(connection, item.id, {"state": to.value} | values)
    if item.state is not to:
        count(connection, item.issue.repo.key, item.agent, {item.state: -1, to: 1})


def held_claim(connection: Connection, item: InboxItem, *, now: datetime) -> InboxItem:
    """Return the item as it is now, under our own claim.

    Args:
        connection: In a transaction.
        item: As `claim` gave it.
        now: Current time.

    Returns:
        The row, whose event may be newer than the claimed one.

    Raises:
        LeaseLost: It is not ours any more: taken over, out of time, or cancelled.
    """
    row = row_of(connection, item.id)
    if row is None or row.state != InboxState.CLAIMED.value or row.fence != item.fence:
        raise LeaseLost(f"item {item.id} ({item.issue}) is not ours any more; what was done on it is dropped")
    if row.lease_until is None or row.lease_until <= now:
        raise LeaseLost(f"the lease on item {item.id} ({item.issue}) ended; what was done on it is dropped")
    return to_item(row)


_ATTEMPT = insert(inbox_attempts)


def begin_attempt(connection: Connection, item: InboxItem, *, worker: str, now: datetime) -> None:
    """Open the story of an attempt."""
    begun = {"item_id": item.id, "attempt": item.attempt, "task_id": item.task_id, "worker": worker}
    connection.execute(_ATTEMPT, begun | {"started_at": now, "outcome": "running", "reason": ""})


_END_ATTEMPT = update(inbox_attempts).where(
    inbox_attempts.c.item_id == bindparam("of_item"), inbox_attempts.c.ended_at.is_(None)
)


def end_attempt(connection: Connection, item_id: int, *, outcome: str, reason: str, now: datetime) -> None:
    """Close the story of the running attempt, when there is one."""
    ended = {"ended_at": now, "outcome": outcome, "reason": reason}
    connection.execute(_END_ATTEMPT, {"of_item": item_id} | ended)
