"""Whose turn it is: the repository that was served longest ago, and its oldest item that may be begun."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, bindparam, exists, or_, select

from foreman.model import ActionState, InboxState, IssueRef, RepoRef
from foreman.store.inbox_rows import InboxItem, begin_attempt, count, set_columns, take_turn, to_item
from foreman.store.tables import OPEN_STATES, actions, inbox, inbox_counts, is_state, turns


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
