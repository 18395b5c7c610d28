"""What happened in repositories in a stretch of time, counted: what a digest is made from. Reads alone.

Each fact is one query for all of them, since a digest may be of hundreds: every repository that was asked for is in an
answer, one without anything too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, func, or_, select, union

from foreman.model import ActionState, EventKind, InboxState, RepoRef
from foreman.store.agreement import NOT_AGENTS
from foreman.store.logged import REPLACED, Correction
from foreman.store.rows import issue_of
from foreman.store.tables import action_log, actions, corrections, events, inbox_counts, issues
from foreman.values import dataclass

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


def came_in(
    connection: Connection, repos: Collection[RepoRef], since: datetime
) -> dict[RepoRef, dict[EventKind, int]]:
    """Return how many events of each kind there were in repositories since then; kinds with none are left out."""
    event, named = events.c, _named(repos)
    here = (event.repo.in_(named), event.occurred_at >= since)
    wanted = select(event.repo, event.kind, func.count()).where(*here).group_by(event.repo, event.kind)
    found: dict[RepoRef, dict[EventKind, int]] = {repo: {} for repo in repos}
    for key, kind, number in connection.execute(wanted):
        found[named[key]][EventKind(kind)] = number
    return found


def decided(connection: Connection, repos: Collection[RepoRef], since: datetime) -> dict[RepoRef, dict[str, int]]:
    """Return how often agents came to each decision since then, by the log's word for it."""
    log, named = action_log.c, _named(repos)
    here = (log.repo.in_(named), log.timestamp >= since.replace(microsecond=0), log.agent.not_in(NOT_AGENTS))
    return _numbers(
        connection, select(log.repo, log.decision, func.count()).where(*here).group_by(log.repo, log.decision), named
    )


def done(connection: Connection, repos: Collection[RepoRef], since: datetime) -> dict[RepoRef, dict[str, int]]:
    """Return how many actions of agents were carried out since then, by type; what was undone later counts."""
    act, named = actions.c, _named(repos)
    wanted = select(act.repo, act.type, func.count()).where(*_carried_out(named, since))
    return _numbers(connection, wanted.group_by(act.repo, act.type), named)


def labels_put_on(
    connection: Connection, repos: Collection[RepoRef], since: datetime
) -> dict[RepoRef, dict[str, int]]:
    """Return how often agents put each label on since then, the most frequent first."""
    act, named = actions.c, _named(repos)
    wanted = select(act.repo, act.payload, func.count()).where(*_carried_out(named, since), act.type == "add_label")
    counted = {repo: Counter[str]() for repo in repos}
    for key, payload, number in connection.execute(wanted.group_by(act.repo, act.payload)):
        counted[named[key]][str(payload.get("label", ""))] += number
    return {repo: dict(labels.most_common()) for repo, labels in counted.items()}


def closes(connection: Connection, repos: Collection[RepoRef], since: datetime) -> dict[RepoRef, tuple[Closed, ...]]:
    """Return the issues that agents closed since then, newest first; of confidential ones no title is kept."""
    act, named = actions.c, _named(repos)
    newest = (act.sent_at.desc(), act.id.desc())
    place = func.row_number().over(partition_by=act.repo, order_by=newest).label("place")
    each = select(act.id, place).where(*_carried_out(named, since), act.type == "close").subquery()
    rows = connection.execute(
        select(act.repo, act.issue_id, act.log_id, action_log.c.seen)
        .join(each, each.c.id == act.id)
        .join(action_log, action_log.c.id == act.log_id)
        .where(each.c.place <= MOST_CLOSES)
        .order_by(*newest)
    )
    found: dict[RepoRef, list[Closed]] = {repo: [] for repo in repos}
    for row in rows:
        closed = Closed(number=row.issue_id, title=str(row.seen.get("title") or ""), log_id=row.log_id)
        found[named[row.repo]].append(closed)
    return {repo: tuple(closed) for repo, closed in found.items()}


def stood(
    connection: Connection, repos: Collection[RepoRef], since: datetime | None, states: Collection[ActionState]
) -> dict[RepoRef, Counter[ActionState]]:
    """Return how many actions that agents wanted since then, or ever, are in each of these states now."""
    act, named = actions.c, _named(repos)
    when = (act.created_at >= since,) if since is not None else ()
    here = (act.repo.in_(named), act.state.in_([state.value for state in states]), act.agent.not_in(NOT_AGENTS), *when)
    found = {repo: Counter[ActionState]() for repo in repos}
    wanted = select(act.repo, act.state, func.count()).where(*here).group_by(act.repo, act.state)
    for key, state, number in connection.execute(wanted):
        found[named[key]][ActionState(state)] = number
    return found


def replaced(connection: Connection, repos: Collection[RepoRef], since: datetime) -> Counter[RepoRef]:
    """Return how many of those that are `denied` nobody refused: a newer decision took their place."""
    act, named = actions.c, _named(repos)
    here = (
        act.repo.in_(named),
        act.state == ActionState.DENIED.value,
        act.reason == REPLACED,
        act.created_at >= since,
    )
    rows = connection.execute(select(act.repo, func.count()).where(*here).group_by(act.repo))
    return Counter({named[key]: number for key, number in rows})


def gave_up(connection: Connection, repos: Collection[RepoRef]) -> Counter[RepoRef]:
    """Return how many tasks of repositories gave up and wait for a person."""
    count, named = inbox_counts.c, _named(repos)
    here = (count.repo.in_(named), count.state == InboxState.DEAD.value)
    rows = connection.execute(select(count.repo, func.sum(count.number)).where(*here).group_by(count.repo))
    return Counter({named[key]: int(number) for key, number in rows})


def put_right(
    connection: Connection, repos: Collection[RepoRef], since: datetime
) -> dict[RepoRef, tuple[Correction, ...]]:
    """Return what people put right in repositories since then, newest first."""
    fix, named = corrections.c, _named(repos)
    place = func.row_number().over(partition_by=fix.repo, order_by=fix.id.desc()).label("place")
    each = select(fix.id, place).where(fix.repo.in_(named), fix.at >= since).subquery()
    newest = select(corrections).join(each, each.c.id == fix.id).where(each.c.place <= MOST_CORRECTIONS)
    names = [item.name for item in fields(Correction) if item.name != "issue"]
    found: dict[RepoRef, list[Correction]] = {repo: [] for repo in repos}
    for row in connection.execute(newest.order_by(fix.id.desc())):
        told = Correction(issue=issue_of(row), **{name: getattr(row, name) for name in names})
        found[named[row.repo]].append(told)
    return {repo: tuple(told) for repo, told in found.items()}


def by_hour(connection: Connection, repos: Collection[RepoRef], since: datetime) -> dict[RepoRef, dict[datetime, int]]:
    """Return how many actions agents wanted that were not refused, by the hour they were decided in.

    Args:
        connection: To read from.
        repos: Which repositories.
        since: Not older than this, aware UTC.

    Returns:
        Hours with none are left out.
    """
    act, named = actions.c, _named(repos)
    # The beginning of a time as text is the hour, on every database, and far cheaper than arithmetic on dates.
    hour = func.substr(cast(act.created_at, Text), 1, len("2026-11-01 12"))
    here = (act.repo.in_(named), act.state.in_([state.value for state in PASSED]), act.created_at >= since)
    wanted = select(act.repo, hour, func.count()).where(*here, act.agent.not_in(NOT_AGENTS))
    found: dict[RepoRef, dict[datetime, int]] = {repo: {} for repo in repos}
    for key, text, number in connection.execute(wanted.group_by(act.repo, hour)):
        found[named[key]][datetime.strptime(text, "%Y-%m-%d %H").replace(tzinfo=UTC)] = number
    return found


def standing(connection: Connection, repos: Collection[RepoRef]) -> dict[RepoRef, tuple[Standing, ...]]:
    """Return the open issues of repositories that an agent's work has led to, as its last look found them."""
    log, each, named = action_log.c, action_log.alias(), _named(repos)
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
        select(issues.c.repo, issues.c.issue_id, issues.c.labels, issues.c.confidential, log.id, log.seen)
        .select_from(issues.join(action_log, log.id == last))
        .where(issues.c.repo.in_(named), issues.c.state == "open")
        .order_by(issues.c.issue_id)
    )
    found: dict[RepoRef, list[Standing]] = {repo: [] for repo in repos}
    for row in rows:
        found[named[row.repo]].append(
            Standing(
                number=row.issue_id,
                turn=str(row.seen.get("turn") or ""),
                since=_moment(row.seen.get("turn_since")),
                title=str(row.seen.get("title") or ""),
                labels=tuple(row.labels),
                confidential=bool(row.confidential or row.seen.get("confidential")),
                log_id=row.id,
            )
        )
    return {repo: tuple(open_now) for repo, open_now in found.items()}


def sensitive(connection: Connection, repos: Collection[RepoRef]) -> dict[RepoRef, frozenset[int]]:
    """Return the issues of repositories that are confidential, or were left to people; by number."""
    log, act, named = action_log.c, actions.c, _named(repos)
    hidden = select(issues.c.repo, issues.c.issue_id).where(issues.c.repo.in_(named), issues.c.confidential)
    # Within a string of JSON no quotation mark stands by itself.
    then = cast(log.seen, Text).contains('"confidential": true', autoescape=True)
    left = select(log.repo, log.issue_id).where(log.repo.in_(named), or_(log.decision == "escalate", then))
    refused = select(act.repo, act.issue_id).where(
        act.repo.in_(named), act.state == ActionState.DENIED.value, act.reason == "security_report"
    )
    found: dict[RepoRef, set[int]] = {repo: set() for repo in repos}
    for key, number in connection.execute(union(hidden, left, refused)):
        found[named[key]].add(number)
    return {repo: frozenset(numbers) for repo, numbers in found.items()}


def _named(repos: Collection[RepoRef]) -> dict[str, RepoRef]:
    return {repo.key: repo for repo in repos}


def _numbers(
    connection: Connection, wanted: Select[Any], named: Mapping[str, RepoRef]
) -> dict[RepoRef, dict[str, int]]:
    found: dict[RepoRef, dict[str, int]] = {repo: {} for repo in named.values()}
    for key, word, number in connection.execute(wanted):
        found[named[key]][word] = number
    return found


def _carried_out(named: Collection[str], since: datetime) -> tuple[ColumnElement[bool], ...]:
    act = actions.c
    states = or_(act.state == ActionState.DONE.value, act.state == ActionState.UNDONE.value)
    return (and_(act.repo.in_(named), act.sent_at >= since), states, act.agent.not_in(NOT_AGENTS))


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
