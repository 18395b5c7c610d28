"""What `foreman status` shows: how everything stands, by the store alone, and what of it needs a person."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from foreman.app import announced, redirect
from foreman.app.found import in_use, plans_of
from foreman.app.ladder import Rung, rungs
from foreman.app.learned import Learned, learned
from foreman.app.reach import PatternStatus, QuotaStatus, patterns_now, quotas_now, troubles
from foreman.app.room import LEAST_BYTES
from foreman.config.effective import RepoPlan
from foreman.config.models import Config
from foreman.model import ActionState, InboxState, Mode
from foreman.store import (
    actions,
    breakers,
    closing,
    controls,
    escalations,
    flood,
    inbox,
    mirror,
    mirror_reading,
    polls,
    savings,
    usage,
)
from foreman.store.controls import Pause
from foreman.store.database import Database
from foreman.store.lease import DaemonLease
from foreman.store.scopes import scope_of
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoStatus:
    """How a repository stands.

    Attributes:
        repo: Its key.
        enabled: Whether it is looked after.
        modes: Agent type to mode.
        interval_seconds: Between two polls, as configured.
        polled_every_seconds: The same as it is now: longer where nothing happens or the quota is low.
        last_poll_at: When it was last tried.
        last_ok_at: When it last went well.
        lag_seconds: Since then; None before the first.
        failures: Tries in a row that did not go well.
        error: Why, one line; empty when it went well.
        failing: It has not gone well for more than `polls.LATE_INTERVALS` intervals.
        paused: Nothing is written there.
        mirrored_issues: Of how many issues the text is kept.
        mirror: `off`; `reading` while older issues are read; `complete`; `forgotten` where a person wanted that.
    """

    repo: str
    enabled: bool
    modes: dict[str, Mode]
    interval_seconds: float
    polled_every_seconds: float
    last_poll_at: datetime | None
    last_ok_at: datetime | None
    lag_seconds: float | None
    failures: int
    error: str
    failing: bool
    paused: bool
    mirrored_issues: int
    mirror: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How an agent, an account or a host is doing.

    Attributes:
        name: `issue-triage`, `github`.
        well: Whether work goes to it.
        failures: In a row.
        reason: Why not; empty when it is well.
        retry_at: When it is tried again; None when it is well or a person must act.
    """

    name: str
    well: bool
    failures: int
    reason: str
    retry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What models cost since midnight UTC.

    Attributes:
        usd: US dollars, calls of unknown price not counted.
        budget_usd: Of the day.
        calls: Model calls.
        unpriced: Of these, calls whose price is not known.
        saved_tasks: Decided without a model by an agent that asks one elsewhere in the same repository.
        saved_usd: What they would have cost, by the mean of those that did.
    """

    usd: Decimal
    budget_usd: Decimal
    calls: int
    unpriced: int
    saved_tasks: int = 0
    saved_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How everything stands.

    Attributes:
        daemon_pid: The process that works on the database: 0 when its id is not known, None when there is none.
        repos: Each that is configured, and each that a pattern stands for.
        patterns: What is configured for many.
        quotas: What is left of each account's requests.
        inbox: Tasks by state.
        oldest_ready_at: Since when the oldest task waits that could be begun.
        actions: Actions by state.
        spend: What models cost today.
        learned: What was learned from labels, and where there are not enough yet.
        agents: Each type at work.
        accounts: Bot accounts that are or were refused.
        hosts: Forges that do or did not answer.
        flood: Why all writing stops; empty when it does not.
        free_bytes: Of the disk the database is on.
        pauses: What people stopped.
        ladder: Where each type of action stands in each repository, and what people's deeds speak for.
        announced: Issues that will be closed as duplicates unless somebody objects, one line each.
        attention: What needs a person, one line each.
    """

    daemon_pid: int | None
    repos: tuple[RepoStatus, ...]
    patterns: tuple[PatternStatus, ...]
    quotas: tuple[QuotaStatus, ...]
    inbox: dict[InboxState, int]
    oldest_ready_at: datetime | None
    actions: dict[ActionState, int]
    spend: Spend
    learned: tuple[Learned, ...]
    agents: tuple[Health, ...]
    accounts: tuple[Health, ...]
    hosts: tuple[Health, ...]
    flood: str
    free_bytes: int
    pauses: tuple[Pause, ...]
    ladder: tuple[Rung, ...]
    announced: tuple[str, ...]
    attention: tuple[str, ...]


def overview(config: Config, db: Database, *, now: datetime) -> Overview:
    """Look how everything stands; sends no request and changes nothing.

    Args:
        config: As loaded.
        db: The store.
        now: Current time, aware UTC.

    Returns:
        The facts, of one moment.
    """
    free = shutil.disk_usage(config.storage.path.parent).free
    with db.read() as connection:
        plans = tuple(plans_of(config, connection))
        repos = tuple(_repo(connection, plan, now) for plan in plans)
        patterns = patterns_now(connection, config)
        tasks = inbox.counts(connection)
        states = actions.states(connection)
        agents = tuple(_health(connection, name, scope_of(name)) for name in in_use(config))
        accounts = tuple(_breakers(connection, "account:"))
        tide = breakers.get(connection, flood.SCOPE) if breakers.flood_open(connection, now=now) else None
        torrent = "" if tide is None else tide.reason
        steps = tuple(rungs(connection, config, plans, now=now))
        return Overview(
            daemon_pid=DaemonLease.holder(config.storage.path),
            repos=repos,
            patterns=patterns,
            quotas=tuple(quotas_now(connection, now)),
            inbox=tasks,
            oldest_ready_at=inbox.oldest_ready(connection),
            actions=states,
            spend=_spend(connection, config, now),
            learned=tuple(learned(connection, plans)),
            agents=agents,
            accounts=accounts,
            hosts=tuple(_breakers(connection, "forge:")),
            flood=torrent,
            free_bytes=free,
            pauses=controls.all(connection),
            ladder=steps,
            announced=tuple(
                f"{close.issue} {announced.in_words(close, now=now)} (`foreman reject {close.id}` stops it)"
                for close in closing.announced(connection)
            ),
            attention=(
                *_disk(free, config),
                *_attention(repos, tasks, states, agents, accounts, torrent),
                *troubles(patterns),
                *_stepped_down(steps),
                *_left_to_people(connection, now),
            ),
        )


def _left_to_people(connection: Connection, now: datetime) -> Iterator[str]:
    """Name each issue that was escalated; what is said about it in private stands in the log, not here."""
    for one in escalations.unseen(connection, now=now):
        hole = one.security or redirect.is_about_a_hole(connection, actions.entry(connection, one.log_id))
        why = "may report a security hole in public" if hole else "is left to you"
        yield f"{one.issue} {why} (`foreman explain {one.log_id}`, then `foreman seen {one.log_id}`)"


def _stepped_down(steps: Sequence[Rung]) -> Iterator[str]:
    for rung in steps:
        if rung.stepped_down_at is not None:
            lift = f"`foreman resume {rung.repo} --action {rung.action_type}` lifts that"
            since = f"since {rung.stepped_down_at:%Y-%m-%d}"
            yield f"{rung.repo}: {rung.action_type} waits for a person {since}, {rung.why} ({lift})"


def _disk(free: int, config: Config) -> Iterator[str]:
    if free < LEAST_BYTES:
        yield f"the disk is almost full, on a full one nothing is done: free space at {config.storage.path.parent}"


def _repo(connection: Connection, plan: RepoPlan, now: datetime) -> RepoStatus:
    state = polls.get(connection, plan.repo)
    last_ok = state.last_ok_at if state else None
    failures = state.failures if state else 0
    every = (state.interval_seconds if state else None) or plan.interval_seconds
    late = last_ok is None or now - last_ok > timedelta(seconds=polls.LATE_INTERVALS * every)
    return RepoStatus(
        repo=plan.repo.key,
        enabled=plan.enabled,
        modes={agent.agent: agent.policy.mode for agent in plan.agents},
        interval_seconds=plan.interval_seconds,
        polled_every_seconds=every,
        last_poll_at=state.last_poll_at if state else None,
        last_ok_at=last_ok,
        lag_seconds=None if last_ok is None else max(0.0, (now - last_ok).total_seconds()),
        failures=failures,
        error=state.last_error if state else "",
        failing=plan.enabled and failures > 0 and late,
        paused=controls.paused(connection, plan.repo),
        mirrored_issues=mirror.count(connection, plan.repo),
        mirror=_mirror(connection, plan),
    )


def _mirror(connection: Connection, plan: RepoPlan) -> str:
    if not plan.mirror_issues:
        return "off"
    reading = mirror_reading.get(connection, plan.repo)
    if reading is None or reading.done_at is None:
        return "reading"
    return "complete" if reading.forgotten_at is None else "forgotten"


def _health(connection: Connection, name: str, scope: str) -> Health:
    state = breakers.get(connection, scope)
    if state is None:
        return Health(name=name, well=True, failures=0, reason="", retry_at=None)
    return Health(
        name=name, well=not state.open, failures=state.failures, reason=state.reason, retry_at=state.open_until
    )


def _breakers(connection: Connection, prefix: str) -> Iterator[Health]:
    for state in breakers.all(connection):
        if state.scope.startswith(prefix):
            yield _health(connection, state.scope.removeprefix(prefix), state.scope)


def _spend(connection: Connection, config: Config, now: datetime) -> Spend:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    totals = usage.totals(connection, midnight)
    saved = savings.saved(connection, midnight)
    return Spend(
        usd=sum((total.usd for total in totals), Decimal(0)),
        budget_usd=config.llm.budget.usd_per_day,
        calls=sum(total.calls for total in totals),
        unpriced=sum(total.unpriced for total in totals),
        saved_tasks=saved.tasks,
        saved_usd=saved.usd,
    )


def _attention(
    repos: Sequence[RepoStatus],
    tasks: dict[InboxState, int],
    states: dict[ActionState, int],
    agents: Sequence[Health],
    accounts: Sequence[Health],
    torrent: str,
) -> Iterator[str]:
    for account in accounts:
        if not account.well:
            yield f"{account.name} refuses the bot's token ({account.reason}): put a valid one into the environment"
    for repo in repos:
        if repo.failing:
            yield f"{repo.repo} could not be polled {repo.failures} times in a row: {repo.error}"
    for agent in agents:
        if not agent.well:
            yield f"agent {agent.name} is kept away from work: {agent.reason} (`foreman agent test {agent.name}`)"
    if torrent:
        yield f"all writing stops: {torrent} (`foreman log` shows what was done, `foreman pause` keeps it stopped)"
    if states[ActionState.UNKNOWN]:
        count = states[ActionState.UNKNOWN]
        yield f"{count} sent with unknown outcome: look on the forge (`foreman log --status unknown`)"
    if tasks[InboxState.DEAD]:
        yield f"{tasks[InboxState.DEAD]} tasks gave up (`foreman dead`)"
