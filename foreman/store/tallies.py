"""What happened in a repository in a stretch of time, counted: what a digest is made from. Reads alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, func, or_, select, union

from foreman.model import ActionState, EventKind, InboxState, RepoRef
from foreman.store.agreement import NOT_AGENTS
from foreman.store.corrections import Correction
from foreman.store.rows import issue_of
from foreman.store.tables import action_log, actions, corrections, events, inbox_counts, issues

PASSED = (
    ActionState.PLANNED,
    ActionState.SENT,
    ActionState.DONE,
    ActionState.UNDONE,
    ActionState.HELD,
    ActionState.SHADOW,
)
"""Where an action is that was wanted and not refused, whatever the mode."""

MOST_CLOSES = 50
MOST_CORRECTIONS = 200
"""So many of each are named one by one, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """An issue that Foreman closed.

    Attributes:
        number: Of the issue.
        title: As it was decided upon; empty where none is kept.
        log_id: The decision.
    """

    number: int
    title: str
    log_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An open issue as the last decision on it found it.

    Attributes:
        number: Of the issue.
        turn: Whose turn it was: a word of `gate.turn`; empty where that could not be told.
        since: Since when, aware UTC; None where nobody in particular made it so.
        title: As it was decided upon; empty where none is kept.
        labels: As last seen.
        confidential: Only few may read it, now or then.
        log_id: The decision.
    """

    number: int
    turn: str
    since: datetime | None
    title: str
    labels: tuple[str, ...]
    confidential: bool
    log_id: int


def came_in(connection: Connection, repo: RepoRef, since: datetime) -> dict[EventKind, int]:
    """Return how many events of each kind there were in a repository since then; kinds with none are left out."""
    event = events.c
    here = (event.repo == repo.key, event.occurred_at >= since)
    rows = connection.execute(select(event.kind, func.count()).where(*here).group_by(event.kind))
    return {EventKind(row.kind): row[1] for row in rows}


def decided(connection: Connection, repo: RepoRef, since: datetime) -> dict[str, int]:
    """Return how often agents came to each decision since then, by the log's word for it."""
    log = action_log.c
    here = (log.repo == repo.key, log.timestamp >= since.replace(microsecond=0), log.agent.not_in(NOT_AGENTS))
    rows = connection.execute(select(log.decision, func.count()).where(*here).group_by(log.decision))
    return {row.decision: row[1] for row in rows}


def done(connection: Connection, repo: RepoRef, since: datetime) -> dict[str, int]:
    """Return how many actions of agents were carried out since then, by type; what was undone later counts."""
    rows = connection.execute(
        select(actions.c.type, func.count()).where(*_carried_out(repo, since)).group_by(actions.c.type)
    )
    return {row.type: row[1] for row in rows}


def labels_put_on(connection: Connection, repo: RepoRef, since: datetime) -> dict[str, int]:
    """Return how often agents put each label on since then."""
    wanted = select(actions.c.payload, func.count()).where(*_carried_out(repo, since))
    counted: Counter[str] = Counter()
    for payload, number in connection.execute(wanted.where(actions.c.type == "add_label").group_by(actions.c.payload)):
        counted[str(payload.get("label", ""))] += number
    return dict(counted.most_common())


def closes(connection: Connection, repo: RepoRef, since: datetime) -> tuple[Closed, ...]:
    """Return the issues that agents closed since then, newest first; of confidential ones no title is kept."""
    rows = connection.execute(
        select(actions.c.issue_id, actions.c.log_id, action_log.c.seen)
        .join(action_log, action_log.c.id == actions.c.log_id)
        .where(*_carried_out(repo, since), actions.c.type == "close")
        .order_by(actions.c.sent_at.desc(), actions.c.id.desc())
        .limit(MOST_CLOSES)
    )
    return tuple(
        Closed(number=row.issue_id, title=str(row.seen.get("title") or ""), log_id=row.log_id) for row in rows
    )


def stood(connection: Connection, repo: RepoRef, since: datetime | None, *states: ActionState) -> int:
    """Return how many actions that agents wanted since then, or ever, are in one of these states now."""
    act = actions.c
    here = (act.repo == repo.key, act.state.in_([state.value for state in states]), act.agent.not_in(NOT_AGENTS))
    when = (act.created_at >= since,) if since is not None else ()
    return connection.execute(select(func.count()).where(*here, *when)).scalar_one()


def gave_up(connection: Connection, repo: RepoRef) -> int:
    """Return how many tasks of a repository gave up and wait for a person."""
    here = (inbox_counts.c.repo == repo.key, inbox_counts.c.state == InboxState.DEAD.value)
    return int(connection.execute(select(func.coalesce(func.sum(inbox_counts.c.number), 0)).where(*here)).scalar_one())


def put_right(connection: Connection, repo: RepoRef, since: datetime) -> tuple[Correction, ...]:
    """Return what people put right in a repository since then, newest first."""
    here = (corrections.c.repo == repo.key, corrections.c.at >= since)
    rows = connection.execute(
        select(corrections).where(*here).order_by(corrections.c.id.desc()).limit(MOST_CORRECTIONS)
    )
    names = [item.name for item in fields(Correction) if item.name != "issue"]
    return tuple(Correction(issue=issue_of(row), **{name: getattr(row, name) for name in names}) for row in rows)


def by_hour(connection: Connection, repo: RepoRef, since: datetime) -> dict[datetime, int]:
    """Return how many actions agents wanted that were not refused, by the hour they were decided in.

    Args:
        connection: To read from.
        repo: Which repository.
        since: Not older than this, aware UTC.

    Returns:
        Hours with none are left out.
    """
    act = actions.c
    # The beginning of a time as text is the hour, on every database, and far cheaper than arithmetic on dates.
    hour = func.substr(cast(act.created_at, Text), 1, len("2026-11-01 12"))
    here = (act.repo == repo.key, act.state.in_([state.value for state in PASSED]), act.created_at >= since)
    rows = connection.execute(select(hour, func.count()).where(*here, act.agent.not_in(NOT_AGENTS)).group_by(hour))
    return {datetime.strptime(row[0], "%Y-%m-%d %H").replace(tzinfo=UTC): row[1] for row in rows}


def standing(connection: Connection, repo: RepoRef) -> tuple[Standing, ...]:
    """Return the open issues of a repository that an agent's work has led to, as its last look found them."""
    log, each = action_log.c, action_log.alias()
    # Within a string of JSON no quotation mark stands by itself.
    looked = cast(each.c.seen, Text).contains('"turn": ', autoescape=True)
    last = (
        select(each.c.id)
        .where(each.c.repo == issues.c.repo, each.c.issue_id == issues.c.issue_id, looked)
        .order_by(each.c.timestamp.desc(), each.c.id.desc())
        .limit(1)
        .correlate(issues)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(issues.c.issue_id, issues.c.labels, issues.c.confidential, log.id, log.seen)
        .select_from(issues.join(action_log, log.id == last))
        .where(issues.c.repo == repo.key, issues.c.state == "open")
        .order_by(issues.c.issue_id)
    )
    return tuple(
        Standing(
            number=row.issue_id,
            turn=str(row.seen.get("turn") or ""),
            since=_moment(row.seen.get("turn_since")),
            title=str(row.seen.get("title") or ""),
            labels=tuple(row.labels),
            confidential=bool(row.confidential or row.seen.get("confidential")),
            log_id=row.id,
        )
        for row in rows
    )


def sensitive(connection: Connection, repo: RepoRef) -> frozenset[int]:
    """Return the issues of a repository that are confidential, or were left to people; by number."""
    log, act = action_log.c, actions.c
    hidden = select(issues.c.issue_id).where(issues.c.repo == repo.key, issues.c.confidential)
    # Within a string of JSON no quotation mark stands by itself.
    then = cast(log.seen, Text).contains('"confidential": true', autoescape=True)
    left = select(log.issue_id).where(log.repo == repo.key, or_(log.decision == "escalate", then))
    refused = select(act.issue_id).where(
        act.repo == repo.key, act.state == ActionState.DENIED.value, act.reason == "security_report"
    )
    return frozenset(connection.execute(union(hidden, left, refused)).scalars())


def _carried_out(repo: RepoRef, since: datetime) -> tuple[ColumnElement[bool], ...]:
    act = actions.c
    states = or_(act.state == ActionState.DONE.value, act.state == ActionState.UNDONE.value)
    return (and_(act.repo == repo.key, act.sent_at >= since), states, act.agent.not_in(NOT_AGENTS))


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
