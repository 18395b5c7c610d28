"""What policy and undo ask of the log: which labels are ours, how much was run and written lately. Facts only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Text, and_, cast, func, or_, select

from foreman.model import Account, ActionState, IssueRef, RepoRef
from foreman.store.commands import AGENT
from foreman.store.tables import action_log, actions, issues


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelOrder:
    """What a person had us do with a label.

    Attributes:
        on: Put it on; else take it off.
        by: Who.
    """

    on: bool
    by: Account


def labels_by_us(connection: Connection, issue: IssueRef) -> frozenset[str]:
    """Return the labels that Foreman put on an issue and has not taken off since.

    Whether they are still there is for the caller to see.

    Args:
        connection: To read from.
        issue: The issue.

    Returns:
        Exact names.
    """
    rows = connection.execute(
        select(actions.c.type, actions.c.payload, actions.c.agent)
        .where(
            actions.c.repo == issue.repo.key,
            actions.c.issue_id == issue.number,
            actions.c.state == ActionState.DONE.value,
            actions.c.type.in_(("add_label", "remove_label")),
        )
        .order_by(actions.c.log_id, actions.c.position)
    )
    ours: set[str] = set()
    for kind, payload, agent in rows:
        # What a person ordered is that person's.
        if kind == "add_label" and agent != AGENT:
            ours.add(payload["label"])
        else:
            ours.discard(payload["label"])
    return frozenset(ours)


def labels_ordered(connection: Connection, issue: IssueRef) -> dict[str, LabelOrder]:
    """Return the last order that people gave by a comment about each label of an issue, and that was carried out.

    Args:
        connection: To read from.
        issue: The issue.

    Returns:
        By exact name.
    """
    rows = connection.execute(
        select(actions.c.type, actions.c.payload, action_log.c.seen)
        .join(action_log, action_log.c.id == actions.c.log_id)
        .where(
            actions.c.repo == issue.repo.key,
            actions.c.issue_id == issue.number,
            actions.c.agent == AGENT,
            actions.c.state == ActionState.DONE.value,
            actions.c.type.in_(("add_label", "remove_label")),
        )
        .order_by(actions.c.log_id, actions.c.position)
    )
    return {
        row.payload["label"]: LabelOrder(
            on=row.type == "add_label",
            by=Account(login=str(row.seen.get("by") or ""), id=int(row.seen.get("by_id") or 0)),
        )
        for row in rows
    }


def runs_since(connection: Connection, issue: IssueRef, since: datetime) -> int:
    """Return how many decisions agents made on an issue; undoing counts as none.

    Args:
        connection: To read from.
        issue: The issue.
        since: Not older than this, aware UTC.

    Returns:
        The number.
    """
    log = action_log.c
    return connection.execute(
        select(func.count()).where(
            log.repo == issue.repo.key,
            log.issue_id == issue.number,
            log.timestamp >= since,
            log.undoes.is_(None),
            log.agent != AGENT,
        )
    ).scalar_one()


def runs_of_author_since(connection: Connection, repo: RepoRef, author_id: int, since: datetime) -> int:
    """Return how many decisions agents made on a repository's issues by one author.

    Args:
        connection: To read from.
        repo: The repository.
        author_id: The forge's numeric id of who opened the issues.
        since: Not older than this, aware UTC.

    Returns:
        The number.
    """
    log = action_log.c
    return connection.execute(
        select(func.count()).where(
            log.repo == repo.key,
            log.author_id == author_id,
            log.timestamp >= since,
            log.undoes.is_(None),
            log.agent != AGENT,
        )
    ).scalar_one()


def writes_since(connection: Connection, repo: RepoRef | None, since: datetime) -> int:
    """Return how many actions were sent, whatever became of them.

    Args:
        connection: To read from.
        repo: To this repository; None for all.
        since: Not older than this, aware UTC.

    Returns:
        The number.
    """
    where = actions.c.sent_at >= since
    if repo is not None:
        where = and_(where, actions.c.repo == repo.key)
    return connection.execute(select(func.count()).where(where)).scalar_one()


def newest(connection: Connection) -> int:
    """Return the number of the newest entry of the log, 0 while there is none; numbers are given once."""
    return connection.execute(select(func.max(action_log.c.id))).scalar() or 0


def writes_per_hour_history(connection: Connection, now: datetime, days: int = 14) -> tuple[int, ...]:
    """Return how many actions were sent in each of the past hours of the clock, hours with none included.

    Args:
        connection: To read from.
        now: Current time, aware UTC; the last hour is the one it is in, and not over.
        days: How far back.

    Returns:
        `24 * days` numbers, oldest first.
    """
    now = now.astimezone(UTC)
    last = now.replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=back) for back in reversed(range(24 * days))]
    # The beginning of a time as text is the hour, on every database, and far cheaper than arithmetic on dates.
    hour = func.substr(cast(actions.c.sent_at, Text), 1, len("2026-11-01 12"))
    rows = connection.execute(
        select(hour, func.count()).where(actions.c.sent_at >= hours[0], actions.c.sent_at <= now).group_by(hour)
    )
    counted = {row[0]: row[1] for row in rows}
    return tuple(counted.get(f"{begin:%Y-%m-%d %H}", 0) for begin in hours)


def held_in_confidence(connection: Connection) -> frozenset[int]:
    """Return the held actions whose issue is confidential, as last seen or when it was decided upon; their ids."""
    here = and_(issues.c.repo == actions.c.repo, issues.c.issue_id == actions.c.issue_id)
    # Within a string of JSON no quotation mark stands by itself.
    then = cast(action_log.c.seen, Text).contains('"confidential": true', autoescape=True)
    rows = connection.execute(
        select(actions.c.id)
        .join(action_log, action_log.c.id == actions.c.log_id)
        .outerjoin(issues, here)
        .where(actions.c.state == ActionState.HELD.value, or_(then, issues.c.confidential))
    )
    return frozenset(row.id for row in rows)
