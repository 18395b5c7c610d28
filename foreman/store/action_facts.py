"""What policy and undo ask of the log: which labels are ours, how much was run and written lately. Facts only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Text, and_, bindparam, cast, exists, func, or_, select

from foreman.model import Account, ActionState, IssueRef, RepoRef
from foreman.store.commands import AGENT
from foreman.store.tables import action_log, actions, issues
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelOrder:
    """What a person had us do with a label.

    Attributes:
        on: Put it on; else take it off.
        by: Who.
    """

    on: bool
    by: Account


_OF_ISSUE = and_(actions.c.repo == bindparam("repo"), actions.c.issue_id == bindparam("number"))
_LABELLED = and_(
    _OF_ISSUE, actions.c.state == ActionState.DONE.value, actions.c.type.in_(("add_label", "remove_label"))
)
_TOUCHED = select(exists().where(_OF_ISSUE))
_LABELS = (
    select(actions.c.type, actions.c.payload, actions.c.agent)
    .where(_LABELLED)
    .order_by(actions.c.log_id, actions.c.position)
)
_ORDERED = (
    select(actions.c.type, actions.c.payload, action_log.c.seen)
    .join(action_log, action_log.c.id == actions.c.log_id)
    .where(_LABELLED, actions.c.agent == AGENT)
    .order_by(actions.c.log_id, actions.c.position)
)
_RUNS = select(func.count()).where(
    action_log.c.repo == bindparam("repo"),
    action_log.c.timestamp >= bindparam("since"),
    action_log.c.undoes.is_(None),
    action_log.c.agent != AGENT,
)
_RUNS_OF_ISSUE = _RUNS.where(action_log.c.issue_id == bindparam("number"))
_RUNS_OF_AUTHOR = _RUNS.where(action_log.c.author_id == bindparam("author_id"))
_RUNS_AT = (
    select(action_log.c.timestamp)
    .where(
        action_log.c.repo == bindparam("repo"),
        action_log.c.timestamp >= bindparam("since"),
        action_log.c.undoes.is_(None),
        action_log.c.agent != AGENT,
    )
    .order_by(action_log.c.timestamp)
)
_RUNS_AT_OF_ISSUE = _RUNS_AT.where(action_log.c.issue_id == bindparam("number"))
_RUNS_AT_OF_AUTHOR = _RUNS_AT.where(action_log.c.author_id == bindparam("author_id"))
_WRITES = select(func.count()).where(actions.c.sent_at >= bindparam("since"))
_WRITES_OF_REPO = _WRITES.where(actions.c.repo == bindparam("repo"))


def touched(connection: Connection, issue: IssueRef) -> bool:
    """Tell whether anything was ever to be done to an issue, whatever became of it.

    Args:
        connection: To read from.
        issue: The issue.

    Returns:
        Whether an action of ours is about it.
    """
    return bool(connection.execute(_TOUCHED, {"repo": issue.repo.key, "number": issue.number}).scalar())


def labels_by_us(connection: Connection, issue: IssueRef) -> frozenset[str]:
    """Return the labels that Foreman put on an issue and has not taken off since.

    Whether they are still there is for the caller to see.

    Args:
        connection: To read from.
        issue: The issue.

    Returns:
        Exact names.
    """
    rows = connection.execute(_LABELS, {"repo": issue.repo.key, "number": issue.number})
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
    rows = connection.execute(_ORDERED, {"repo": issue.repo.key, "number": issue.number})
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
    values = {"repo": issue.repo.key, "number": issue.number, "since": since}
    return connection.execute(_RUNS_OF_ISSUE, values).scalar_one()


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
    values = {"repo": repo.key, "author_id": author_id, "since": since}
    return connection.execute(_RUNS_OF_AUTHOR, values).scalar_one()


def runs_at(
    connection: Connection, repo: RepoRef, since: datetime, *, number: int | None = None, author_id: int | None = None
) -> tuple[datetime, ...]:
    """Return when agents made decisions on one issue, or on the issues of one author; undoing counts as none.

    Args:
        connection: To read from.
        repo: The repository.
        since: Not older than this, aware UTC.
        number: Of the issue; None to go by the author.
        author_id: The forge's numeric id of who opened the issues, where no issue is given.

    Returns:
        The times, oldest first.
    """
    values: dict[str, str | int | datetime | None] = {"repo": repo.key, "since": since}
    if number is not None:
        return tuple(connection.execute(_RUNS_AT_OF_ISSUE, values | {"number": number}).scalars())
    return tuple(connection.execute(_RUNS_AT_OF_AUTHOR, values | {"author_id": author_id}).scalars())


def writes_since(connection: Connection, repo: RepoRef | None, since: datetime) -> int:
    """Return how many actions were sent, whatever became of them.

    Args:
        connection: To read from.
        repo: To this repository; None for all.
        since: Not older than this, aware UTC.

    Returns:
        The number.
    """
    if repo is None:
        return connection.execute(_WRITES, {"since": since}).scalar_one()
    return connection.execute(_WRITES_OF_REPO, {"since": since, "repo": repo.key}).scalar_one()


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
