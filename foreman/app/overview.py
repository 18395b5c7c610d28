"""What `foreman status` shows: how everything stands, by the store alone, and what of it needs a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from foreman.app import announced, redirect, room
from foreman.app.found import in_use, plans_of
from foreman.app.ladder import Rung, rungs
from foreman.app.learned import learned
from foreman.app.reach import patterns_now, quotas_now, troubles
from foreman.app.standing import Health, Overview, RepoStatus, Spend
from foreman.config.effective import RepoPlan
from foreman.config.models import Config
from foreman.model import ActionState, InboxState
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
from foreman.store.database import Database
from foreman.store.lease import DaemonLease
from foreman.store.scopes import scope_of


def overview(config: Config, db: Database, *, now: datetime) -> Overview:
    """Look how everything stands; sends no request and changes nothing.

    Args:
        config: As loaded.
        db: The store.
        now: Current time, aware UTC.

    Returns:
        The facts, of one moment.
    """
    places = room.places(config.storage.path)
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
            free_bytes=room.free_bytes(places[0]) or 0,
            pauses=controls.all(connection),
            ladder=steps,
            announced=tuple(
                f"{close.issue} {announced.in_words(close, now=now)} (`foreman reject {close.id}` stops it)"
                for close in closing.announced(connection)
            ),
            attention=(
                *_disk(places),
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


def _disk(places: Sequence[room.Place]) -> Iterator[str]:
    for place in places:
        if why := room.shortage(place):
            yield f"the disk is almost full, on a full one nothing is done: {why}"


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
