"""What the inbox's modules share: the item as a value, its mapping, its counters, the story of its attempts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, select, update

from foreman.errors import LeaseLost
from foreman.model import EventKind, InboxState, IssueRef
from foreman.store.rows import issue_of
from foreman.store.tables import WAITING_STATES, inbox, inbox_attempts, inbox_counts, is_state, turns


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


def count(connection: Connection, repo: str, agent: str, changes: Mapping[InboxState, int]) -> None:
    """Move the counters of a repository's agent."""
    for state, change in changes.items():
        here = and_(inbox_counts.c.repo == repo, inbox_counts.c.agent == agent, inbox_counts.c.state == state.value)
        changed = connection.execute(
            update(inbox_counts).where(here).values(number=inbox_counts.c.number + change)
        ).rowcount
        if not changed:
            connection.execute(insert(inbox_counts).values(repo=repo, agent=agent, state=state.value, number=change))


def ensure_turn(connection: Connection, repo: str) -> None:
    """Give a repository its place in the order of service: a new one comes first."""
    if connection.execute(select(turns.c.repo).where(turns.c.repo == repo)).first() is None:
        connection.execute(insert(turns).values(repo=repo, claimed=0, sent=0))


def take_turn(connection: Connection, repo: str, kind: str) -> None:
    """Put a repository to the end of the order of service; `kind` is `claimed` or `sent`."""
    ensure_turn(connection, repo)
    last = connection.execute(select(func.max(turns.c[kind]))).scalar_one()
    connection.execute(update(turns).where(turns.c.repo == repo).values({kind: last + 1}))


def waiting_twin(connection: Connection, item: InboxItem) -> Row[Any] | None:
    """Return the waiting row for the same issue and agent beside this one."""
    return connection.execute(
        select(inbox).where(
            inbox.c.repo == item.issue.repo.key,
            inbox.c.issue_id == item.issue.number,
            inbox.c.agent == item.agent,
            is_state(inbox.c.state, *WAITING_STATES),
            inbox.c.id != item.id,
        )
    ).first()


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
    connection.execute(
        update(inbox)
        .where(inbox.c.id == twin.id)
        .values(state=InboxState.CANCELLED.value, reason=f"joined to item {item.id}", finished_at=now, held_until=None)
    )
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
    connection.execute(update(inbox).where(inbox.c.id == item.id).values(state=to.value, **values))
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
    row = connection.execute(select(inbox).where(inbox.c.id == item.id)).first()
    if row is None or row.state != InboxState.CLAIMED.value or row.fence != item.fence:
        raise LeaseLost(f"item {item.id} ({item.issue}) is not ours any more; what was done on it is dropped")
    if row.lease_until is None or row.lease_until <= now:
        raise LeaseLost(f"the lease on item {item.id} ({item.issue}) ended; what was done on it is dropped")
    return to_item(row)


def begin_attempt(connection: Connection, item: InboxItem, *, worker: str, now: datetime) -> None:
    """Open the story of an attempt."""
    connection.execute(
        insert(inbox_attempts).values(
            item_id=item.id,
            attempt=item.attempt,
            task_id=item.task_id,
            worker=worker,
            started_at=now,
            outcome="running",
            reason="",
        )
    )


def end_attempt(connection: Connection, item_id: int, *, outcome: str, reason: str, now: datetime) -> None:
    """Close the story of the running attempt, when there is one."""
    connection.execute(
        update(inbox_attempts)
        .where(inbox_attempts.c.item_id == item_id, inbox_attempts.c.ended_at.is_(None))
        .values(ended_at=now, outcome=outcome, reason=reason)
    )
