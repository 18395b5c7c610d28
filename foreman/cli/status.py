"""`foreman status`: one screen on how everything stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from foreman.cli.context import Context
from foreman.cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from foreman.app.learned import Learned
    from foreman.app.overview import Overview, RepoStatus
    from foreman.app.reach import PatternStatus

MOST_POOLS = 5
"""What was learned of so many is told."""

MOST_ROWS = 40
"""Repositories shown one by one; of more only those with trouble."""


def status(context: typer.Context, as_json: Json = False) -> int:
    """Show how everything stands; exit code 1 when something needs a person.

    Repositories and their last poll, the inbox, what is held, gave up or has an unknown outcome, what was spent today,
    the health of agents and accounts. Reads the database alone, beside a running daemon or without one.
    """
    from datetime import UTC, datetime

    from foreman.app.opening import open_store
    from foreman.app.overview import overview
    from foreman.cli import exits
    from foreman.cli.output import emit

    config = Context.of(context).load()
    now = datetime.now(UTC)
    with open_store(config) as db:
        found = overview(config, db, now=now)
    emit(found, as_json=as_json, show=lambda: _show(found, now))
    return exits.FAILED if found.attention else exits.DONE


def _show(found: Overview, now: datetime) -> None:
    from foreman.cli.output import line, table, when
    from foreman.model import ActionState

    daemon = "not running" if found.daemon_pid is None else f"running, pid {found.daemon_pid or 'unknown'}"
    line(f"daemon    {daemon}")
    tasks = ", ".join(f"{count} {state.value}" for state, count in found.inbox.items() if count) or "empty"
    oldest = f"; the oldest waits since {when(found.oldest_ready_at)} UTC" if found.oldest_ready_at else ""
    line(f"inbox     {tasks}{oldest}")
    line(
        f"actions   {', '.join(f'{count} {state.value}' for state, count in found.actions.items() if count) or 'none'}"
    )
    unpriced = f", {found.spend.unpriced} of unknown price" if found.spend.unpriced else ""
    calls = f"{found.spend.calls} model {'call' if found.spend.calls == 1 else 'calls'}{unpriced}"
    line(f"today     USD {found.spend.usd:.4f} of {found.spend.budget_usd:.2f}, {calls}")
    if found.spend.saved_tasks:
        tasks_ = f"{found.spend.saved_tasks} {'task' if found.spend.saved_tasks == 1 else 'tasks'}"
        line(f"saved     about USD {found.spend.saved_usd:.4f} today: {tasks_} needed no model")
    for agent in found.agents:
        line(f"agent     {agent.name}: {'well' if agent.well else f'ill, {agent.reason}'}")
    for one in (*found.accounts, *found.hosts):
        if not one.well:
            line(f"forge     {one.name}: {one.reason}; tried again at {when(one.retry_at)} UTC")
    for quota in found.quotas:
        slowed = f"; looks {quota.slowed:g} times less often" if quota.slowed > 1 else ""
        until = f" until {when(quota.reset_at)} UTC" if quota.reset_at > now else ""
        line(f"quota     {quota.name}: {quota.remaining:,} of {quota.limit:,} requests left{until}{slowed}")
    mirrored = sum(repo.mirrored_issues for repo in found.repos)
    if mirrored:
        reading = sum(repo.enabled and repo.mirror == "reading" for repo in found.repos)
        still = f"; older ones of {reading} still being read" if reading else ""
        line(f"mirror    {mirrored:,} {'issue' if mirrored == 1 else 'issues'} to find similar ones among{still}")
    for text in _learned(found.learned):
        line(text)
    for pattern in found.patterns:
        line(f"pattern   {pattern.pattern}: {_stands_for(pattern)}")
    for pause in found.pauses:
        why = f": {pause.reason}" if pause.reason else ""
        line(f"paused    {pause.scope}, by {pause.by} at {when(pause.at)} UTC{why}")
    line()
    shown = (
        found.repos if len(found.repos) <= MOST_ROWS else [repo for repo in found.repos if repo.error or repo.paused]
    )
    table(("repo", "mode", "last poll", "lag", "trouble"), [_row(repo, now) for repo in shown])
    if len(shown) < len(found.repos):
        line(f"{len(found.repos) - len(shown)} more repositories without trouble: `foreman status --json`")
    held = found.actions[ActionState.HELD]
    if held:
        line()
        line(f"{held} {'action waits' if held == 1 else 'actions wait'} for a person: `foreman pending`")
    for text in found.announced:
        line(text)
    if found.attention:
        line()
        line("needs a person:")
        for text in found.attention:
            line(f"  {text}")


def _learned(pools: Sequence[Learned]) -> Iterator[str]:
    """Say what was learned; where nothing was, how much is missing."""
    for pool in pools[:MOST_POOLS]:
        if pool.trained_at is None:
            if pool.issues:
                enough = "learned soon" if pool.issues >= pool.wanted else "not enough labels yet"
                yield f"learned   {pool.pool}: {enough}, {pool.issues} of {pool.wanted} issues"
        elif not pool.labels:
            yield f"learned   {pool.pool}: {pool.issues} labelled issues, but too few of each label"
        else:
            labels = "1 label" if len(pool.labels) == 1 else f"{len(pool.labels)} labels"
            yield f"learned   {pool.pool}: {labels} from {pool.issues} issues on {pool.trained_at:%Y-%m-%d}"
            if pool.sure is not None:
                right = "" if pool.right is None else f", right in {pool.right:.0%} of these"
                yield f"          sure of {pool.sure:.0%} without a model{right}"
    if len(pools) > MOST_POOLS:
        yield f"learned   {len(pools) - MOST_POOLS} more: `foreman status --json`"


def _stands_for(pattern: PatternStatus) -> str:
    from foreman.cli.output import when

    parts = [f"{pattern.repos} {'repository' if pattern.repos == 1 else 'repositories'}"]
    parts += [f"{count} {why}" for why, count in pattern.skipped.items()]
    looked = f"looked up {when(pattern.looked_up_at)} UTC" if pattern.looked_up_at else "not looked up yet"
    return "; ".join([", ".join(parts), looked, *([pattern.error] if pattern.error else [])])


def _row(repo: RepoStatus, now: datetime) -> tuple[object, ...]:
    from foreman.cli.output import when

    modes = ", ".join(dict.fromkeys(mode.value for mode in repo.modes.values()))
    if not repo.enabled:
        modes = "disabled"
    elif repo.paused:
        modes += " (paused)"
    lag = "-" if repo.last_ok_at is None else span((now - repo.last_ok_at).total_seconds())
    return repo.repo, modes, when(repo.last_poll_at), lag, repo.error or "-"


def span(seconds: float) -> str:
    """Render a span of time for people in its largest unit: `42 s`, `3 min`, `5 h`, `12 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
