"""Looking at the inbox, and what a person may order: retry what was given up, drop what is not wanted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, func, select

from foreman.model import InboxState, IssueRef, RepoRef
from foreman.store.inbox_rows import Attempt, DeadItem, InboxItem, end_attempt, move, row_of, set_columns, to_item
from foreman.store.tables import WAITING_STATES, inbox, inbox_attempts, inbox_counts, is_state, issues


def get(connection: Connection, item_id: int) -> InboxItem | None:
    """Return an item, None when there is none."""
    row = row_of(connection, item_id)
    return None if row is None else to_item(row)


def story(connection: Connection, item_id: int) -> tuple[Attempt, ...]:
    """Return an item's attempts, oldest first."""
    rows = connection.execute(
        select(inbox_attempts).where(inbox_attempts.c.item_id == item_id).order_by(inbox_attempts.c.id)
    )
    return tuple(
        Attempt(
            attempt=row.attempt,
            task_id=row.task_id,
            worker=row.worker,
            started_at=row.started_at,
            ended_at=row.ended_at,
            outcome=row.outcome,
            reason=row.reason,
        )
        for row in rows
    )


def counts(connection: Connection) -> dict[InboxState, int]:
    """Return how many items are in each state, zeros included."""
    rows = connection.execute(
        select(inbox_counts.c.state, func.sum(inbox_counts.c.number)).group_by(inbox_counts.c.state)
    )
    return dict.fromkeys(InboxState, 0) | {InboxState(state): int(items) for state, items in rows}


def waiting_count(connection: Connection) -> int:
    """Return how many items are not finished yet: ready, held or claimed."""
    by_state = counts(connection)
    return by_state[InboxState.READY] + by_state[InboxState.HELD] + by_state[InboxState.CLAIMED]


_CLAIMED_TASKS = select(inbox.c.task_id).where(is_state(inbox.c.state, InboxState.CLAIMED))


def claimed_tasks(connection: Connection) -> frozenset[str]:
    """Return the ids of the tasks that are being worked on."""
    return frozenset(connection.execute(_CLAIMED_TASKS).scalars())


_TRACE = select(inbox.c.trace).where(
    inbox.c.repo == bindparam("repo"),
    inbox.c.issue_id == bindparam("number"),
    inbox.c.agent == bindparam("agent"),
    is_state(inbox.c.state, *WAITING_STATES),
)


def waiting_trace(connection: Connection, issue: IssueRef, agent: str) -> str:
    """Return the trace of the work that new one would join; empty where there is none."""
    here = {"repo": issue.repo.key, "number": issue.number, "agent": agent}
    return connection.execute(_TRACE, here).scalar() or ""


def keep_trace(connection: Connection, item: InboxItem, trace: str) -> InboxItem:
    """Keep the trace that a claimed item begins where nothing else began one; returns the item."""
    set_columns(connection, item.id, {"trace": trace})
    return replace(item, trace=trace)


_ANY_READY = (
    select(1).where(is_state(inbox.c.state, InboxState.READY), inbox.c.not_before <= bindparam("now")).limit(1)
)


def any_ready(connection: Connection, *, now: datetime) -> bool:
    """Tell whether any work may be begun as far as its time goes: what else may be in the way `claim` finds out."""
    return connection.execute(_ANY_READY, {"now": now}).first() is not None


def oldest_ready(connection: Connection) -> datetime | None:
    """Return since when the oldest ready item has been waiting, None when nothing is ready."""
    return connection.execute(
        select(func.min(inbox.c.created_at)).where(is_state(inbox.c.state, InboxState.READY))
    ).scalar()


def held_for(connection: Connection, repo: RepoRef, *, author_id: int, reason: str) -> int:
    """Return how many tasks on the issues of one author are set aside for a reason, its name without the detail."""
    values = {"repo": repo.key, "author_id": author_id, "reason": f"{reason}:%"}
    return int(connection.execute(_HELD_FOR, values).scalar_one())


_HELD_FOR = (
    select(func.count())
    .select_from(inbox)
    .join(issues, and_(issues.c.repo == inbox.c.repo, issues.c.issue_id == inbox.c.issue_id))
    .where(
        is_state(inbox.c.state, InboxState.HELD),
        inbox.c.repo == bindparam("repo"),
        inbox.c.reason.like(bindparam("reason")),
        issues.c.author_id == bindparam("author_id"),
    )
)


def waiting(
    connection: Connection,
    *,
    repo: RepoRef | None = None,
    issue: IssueRef | None = None,
    states: Collection[InboxState] = (InboxState.CLAIMED, InboxState.READY, InboxState.HELD),
    limit: int = 100,
) -> tuple[InboxItem, ...]:
    """Return unfinished items, oldest first.

    Args:
        connection: To read from.
        repo: Of this repository only.
        issue: Of this issue only.
        states: In these states only.
        limit: At most so many.

    Returns:
        The items.
    """
    wanted = select(inbox).where(inbox.c.state.in_([state.value for state in states]))
    if issue is not None:
        wanted = wanted.where(inbox.c.repo == issue.repo.key, inbox.c.issue_id == issue.number)
    if repo is not None:
        wanted = wanted.where(inbox.c.repo == repo.key)
    return tuple(to_item(row) for row in connection.execute(wanted.order_by(inbox.c.id).limit(limit)))


def dead(connection: Connection) -> tuple[DeadItem, ...]:
    """Return everything that was given up, oldest first, each with its whole story."""
    rows = connection.execute(select(inbox).where(inbox.c.state == InboxState.DEAD.value).order_by(inbox.c.id)).all()
    return tuple(DeadItem(item=to_item(row), story=story(connection, row.id)) for row in rows)


def retry(connection: Connection, ids: Collection[int], now: datetime) -> int:
    """Make dead items ready with all their retries again; the story stays.

    Args:
        connection: In a transaction.
        ids: Items; those that are not dead are left alone.
        now: Current time, aware UTC.

    Returns:
        How many.
    """
    items = [item for item_id in sorted(set(ids)) if (item := get(connection, item_id)) is not None]
    again = [item for item in items if item.state is InboxState.DEAD]
    for item in again:
        values = {"attempt": 0, "not_before": now, "reason": "", "finished_at": None}
        move(connection, item, to=InboxState.READY, now=now, values=values)
    return len(again)


def drop(connection: Connection, ids: Collection[int], now: datetime, *, reason: str = "dropped by a person") -> int:
    """Cancel items for ever; a worker that is on one finds its lease lost.

    Args:
        connection: In a transaction.
        ids: Items; finished ones are left alone.
        now: Current time, aware UTC.
        reason: Why, one line.

    Returns:
        How many.
    """
    items = [item for item_id in sorted(set(ids)) if (item := get(connection, item_id)) is not None]
    unwanted = [item for item in items if item.state not in (InboxState.DONE, InboxState.CANCELLED)]
    for item in unwanted:
        values = {"reason": reason, "lease_until": None, "held_until": None}
        move(connection, item, to=InboxState.CANCELLED, now=now, values=values)
        end_attempt(connection, item.id, outcome="cancelled", reason=reason, now=now)
    return len(unwanted)
