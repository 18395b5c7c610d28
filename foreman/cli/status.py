"""`foreman status`: one screen on how everything stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from foreman.cli.context import Context
from foreman.cli.options import Json, NoPager

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from foreman.app.ladder import Rung
    from foreman.app.learned import Learned
    from foreman.app.reach import PatternStatus
    from foreman.app.standing import Overview, RepoStatus

MOST_POOLS = 5
"""What was learned of so many is told."""

MOST_STEPS = 12
"""Types of action of which it is told how often people agreed; of more only those that speak for a step."""

MOST_ROWS = 40
"""Repositories shown one by one; of more only those with trouble."""


def status(context: typer.Context, no_pager: NoPager = False, as_json: Json = False) -> int:
    """Show how everything stands; exit code 1 when something needs a person.

    Repositories and their last poll, the inbox, what is held, gave up or has an unknown outcome, what was spent today,
    the health of agents and accounts, how often people agreed with what was done and which step that speaks for.
    Reads the database alone, beside a running daemon or without one.
    """
    from datetime import UTC, datetime

    from foreman.app.opening import open_store
    from foreman.app.overview import overview
    from foreman.cli import exits
    from foreman.cli.output import emit

    own = Context.of(context)
    config = own.load()
    now = datetime.now(UTC)
    with open_store(config) as db:
        found = overview(config, db, now=now)
    emit(found, as_json=as_json, page=not no_pager, show=lambda: _show(found, now, own))
    return exits.FAILED if found.attention else exits.DONE


def _show(found: Overview, now: datetime, own: Context) -> None:
    from foreman.cli.output import line, table, when
    from foreman.model import ActionState

    daemon = "not running" if found.daemon_pid is None else f"running, pid {found.daemon_pid or 'unknown'}"
    fact(f"daemon    {daemon}")
    tasks = ", ".join(f"{count} {state.value}" for state, count in found.inbox.items() if count) or "empty"
    oldest = f"; the oldest waits since {when(found.oldest_ready_at)} UTC" if found.oldest_ready_at else ""
    fact(f"inbox     {tasks}{oldest}")
    fact(
        f"actions   {', '.join(f'{count} {state.value}' for state, count in found.actions.items() if count) or 'none'}"
    )
    unpriced = f", {found.spend.unpriced} of unknown price" if found.spend.unpriced else ""
    calls = f"{found.spend.calls} model {'call' if found.spend.calls == 1 else 'calls'}{unpriced}"
    fact(f"today     USD {found.spend.usd:.4f} of {found.spend.budget_usd:.2f}, {calls}")
    if found.spend.saved_tasks:
        tasks_ = f"{found.spend.saved_tasks} {'task' if found.spend.saved_tasks == 1 else 'tasks'}"
        fact(f"saved     about USD {found.spend.saved_usd:.4f} today: {tasks_} needed no model")
    for agent in found.agents:
        fact(f"agent     {agent.name}: {'well' if agent.well else f'ill, {agent.reason}'}")
    for one in (*found.accounts, *found.hosts):
        if not one.well:
            fact(f"forge     {one.name}: {one.reason}; tried again at {when(one.retry_at)} UTC")
    for quota in found.quotas:
        slowed = f"; looks {quota.slowed:g} times less often" if quota.slowed > 1 else ""
        until = f" until {when(quota.reset_at)} UTC" if quota.reset_at > now else ""
        fact(f"quota     {quota.name}: {quota.remaining:,} of {quota.limit:,} requests left{until}{slowed}")
    mirrored = sum(repo.mirrored_issues for repo in found.repos)
    if mirrored:
        reading = sum(repo.enabled and repo.mirror == "reading" for repo in found.repos)
        still = f"; older ones of {reading} still being read" if reading else ""
        fact(f"mirror    {mirrored:,} {'issue' if mirrored == 1 else 'issues'} to find similar ones among{still}")
    for text in _learned(found.learned):
        fact(text)
    for pattern in found.patterns:
        fact(f"pattern   {pattern.pattern}: {_stands_for(pattern)}")
    for text in _ladder(found.ladder, own):
        fact(text)
    for pause in found.pauses:
        why = f": {pause.reason}" if pause.reason else ""
        fact(f"paused    {pause.scope}, by {pause.by} at {when(pause.at)} UTC{why}")
    line()
    shown = (
        found.repos if len(found.repos) <= MOST_ROWS else [repo for repo in found.repos if repo.error or repo.paused]
    )
    rows = [_row(repo, now) for repo in shown]
    table(("repo", "mode", "last poll", "lag", "trouble"), rows, whole=("last poll", "lag"))
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
        line("needs a person:", style="bold yellow")
        for text in found.attention:
            line(f"  {text}", hang=4)


def fact(text: str) -> None:
    """Print a line that begins with what it is about; what is broken off stands below the rest."""
    from foreman.cli.output import line

    line(text, hang=10, head=9)


def _ladder(steps: Sequence[Rung], own: Context) -> Iterator[str]:
    """Say how often people agreed, which step that speaks for, and what to write for it; of many only these."""
    told = steps if len(steps) <= MOST_STEPS else [one for one in steps if one.setting or one.stepped_down_at]
    places = _places(own, {one.repo for one in told if one.suggested})
    for number, one in enumerate(told):
        head = "agreed   " if number == 0 else "         "
        yield f"{head} {one.repo}: {one.action_type} {_agreed(one)}, {_stands(one)}"
        if one.suggested:
            yield f"          `{one.setting}` would be the next step{places.get(one.repo, '')}"
        elif one.setting:
            yield f"          people kept nearly all since: `{one.setting}` lifts that"
    if len(told) < len(steps):
        yield f"agreed    {len(steps) - len(told)} more: `foreman status --json`"


def _agreed(one: Rung) -> str:
    count = one.kept + one.reversed
    if one.since is None:
        return "not judged by anybody yet"
    whose = "as people labelled" if one.shadow else "kept"
    return f"{one.kept} of {count} {whose} since {one.since:%Y-%m-%d}"


def _stands(one: Rung) -> str:
    return "waits for a person" if one.stepped_down_at else f"mode {one.mode.value}"


def _places(own: Context, repos: set[str]) -> dict[str, str]:
    """Say where each repository's entry stands; the file is read for it only where a step is suggested."""
    if not repos:
        return {}
    import os

    from foreman.config import extends, load
    from foreman.config.plan import entry_of
    from foreman.model import RepoRef

    path = own.config_file()
    written: Any = extends.read(path, os.environ)
    config = load.build(written, str(path), os.environ)
    found = {}
    for repo in repos:
        if (index := entry_of(config, RepoRef.parse(repo))) is not None:
            place = written.place(("repos", index))
            found[repo] = f" ({place.file or path.name}:{place.line})"
    return found


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
