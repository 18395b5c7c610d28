"""`foreman triage`: one issue now, dry or for real, beside a running daemon or without one."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from foreman import scribe
from foreman.app.opening import open_store
from foreman.app.project import read_project
from foreman.app.workshop import utc_now, workshop
from foreman.config.effective import AgentPlan
from foreman.config.models import Config
from foreman.deliberation import Deliberation
from foreman.errors import ForemanError, ForgeNotFound, UsageError
from foreman.model import ActionState, EventKind, InboxState, IssueRef
from foreman.pipeline import nothing_there
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store import actions, discovered, inbox, memory
from foreman.store.actions import LogEntry
from foreman.store.database import Database
from foreman.store.lease import DaemonLease
from foreman.values import dataclass

WAIT = timedelta(minutes=10)
"""How long the command waits for a running daemon; the work stays queued after that."""

_OPEN = frozenset({ActionState.PLANNED, ActionState.SENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What came of it.

    Attributes:
        entries: The decisions, one per agent.
        waiting: Why some work has not ended, empty when all has.
        dropped: Why some work ended without a decision, such as an issue that is not there; empty when none did.
    """

    entries: tuple[LogEntry, ...]
    waiting: str = ""
    dropped: str = ""

    @property
    def failed(self) -> bool:
        """Whether something was not done that was asked for."""
        return bool(self.waiting or self.dropped) or any(entry.decision == scribe.REFUSED for entry in self.entries)


def agents_for(config: Config, ref: IssueRef, wanted: str | None) -> tuple[AgentPlan, ...]:
    """Return the agents that work on an issue's repository.

    Args:
        config: As loaded.
        ref: The issue.
        wanted: One agent type only; None for all.

    Returns:
        At least one.

    Raises:
        UsageError: The repository or the agent is not configured.
    """
    plan = config.plan_of(ref.repo)
    if plan is None or plan.repo != ref.repo:
        raise UsageError(f"{ref.repo} is not in the configuration; there is {config.names()}")
    agents = tuple(agent for agent in plan.agents if wanted in (None, agent.agent))
    if not agents:
        raise UsageError(
            f"no agent {wanted!r} works on {ref.repo}; there is {', '.join(a.agent for a in plan.agents)}"
        )
    return agents


def dry_run(
    config: Config, ref: IssueRef, *, agent: str | None, settings: Settings, secrets: KnownSecrets
) -> list[tuple[AgentPlan, Deliberation]]:
    """Think about one issue and write nothing to the forge, nor to the action log.

    Args:
        config: As loaded.
        ref: The issue.
        agent: One agent type only; None for all.
        settings: Of the environment.
        secrets: Filled with every secret that is used.

    Returns:
        Each agent's decision, judged.

    Raises:
        ForemanError: There is no such issue.
    """
    plans = agents_for(config, ref, agent)
    thoughts = []
    with workshop(config, settings=settings, secrets=secrets, claim=False, forge=ref.repo.forge) as shop:
        read_project(shop, ref.repo)  # an app's token reaches what was asked for, found by a pattern or not yet
        with shop.db.read() as connection:
            summary = memory.summary(connection, ref)
        for plan in plans:
            try:
                thought = shop.deliberators[ref.repo.forge].deliberate(
                    ref,
                    plan,
                    task_id=str(uuid4()),
                    event=EventKind.REQUESTED,
                    actor_id=None,
                    requested=True,
                    attempt=1,
                    memory_summary=summary,
                )
            except ForgeNotFound as error:
                raise ForemanError(nothing_there(ref, error)) from error
            thoughts.append((plan, thought))
    return thoughts


def handle(
    config: Config,
    ref: IssueRef,
    *,
    agent: str | None,
    settings: Settings,
    secrets: KnownSecrets,
    source: Path | None = None,
) -> Handled:
    """Do one issue now: through the daemon when one runs, else under its lease.

    Args:
        config: As loaded.
        ref: The issue.
        agent: One agent type only; None for all.
        settings: Of the environment.
        secrets: Filled with every secret that is used.
        source: Where the configuration was read.

    Returns:
        The decisions.

    Raises:
        ForemanError: The daemon did not get to it in time.
    """
    plans = agents_for(config, ref, agent)
    if daemon_runs(config):
        with open_store(config) as db:
            return wait_for(db, queue(db, ref, plans))
    with workshop(config, settings=settings, secrets=secrets, source=source, forge=ref.repo.forge) as shop:
        items = queue(shop.db, ref, plans)
        read_project(shop, ref.repo)
        shop.daemon.work_off(ref)
        return outcome(shop.db, items)


def queue(db: Database, ref: IssueRef, plans: tuple[AgentPlan, ...]) -> tuple[int, ...]:
    """Ask for one run of each agent; returns the items, or raises UsageError where the name is spelled otherwise."""
    now = utc_now()
    with db.transaction() as connection:
        # Two spellings would be two repositories to us, and one to the forge.
        known = discovered.spelled(connection, ref.repo)
        if known not in (None, ref.repo):
            raise UsageError(f"{ref.repo} is spelled {known}")
        return tuple(
            inbox.enqueue(
                connection,
                issue=ref,
                agent=plan.agent,
                task_type=plan.task_type,
                event=EventKind.REQUESTED,
                event_key=f"{ref}:requested:{uuid4()}",
                requested=True,
                now=now,
            )
            for plan in plans
        )


def outcome(db: Database, items: tuple[int, ...]) -> Handled:
    """Return what became of some items."""
    entries = []
    waiting = []
    dropped = []
    with db.read() as connection:
        for number in items:
            item = inbox.get(connection, number)
            if item is None:
                continue
            if item.state not in (InboxState.DONE, InboxState.DEAD, InboxState.CANCELLED):
                waiting.append(f"{item.agent}: {item.state.value}" + (f", {item.reason}" if item.reason else ""))
            found = actions.entries(connection, issue=item.issue, limit=20)
            own = [entry for entry in found if entry.task_id == item.task_id]
            if not own and item.state in (InboxState.DONE, InboxState.CANCELLED):
                dropped.append(item.reason)
            entries += own
    return Handled(entries=tuple(entries), waiting="; ".join(waiting), dropped="; ".join(dict.fromkeys(dropped)))


def daemon_runs(config: Config) -> bool:
    """Return whether a daemon works on this configuration's database now."""
    return DaemonLease.holder(config.storage.path) is not None


def wait_for(db: Database, items: tuple[int, ...]) -> Handled:
    """Wait until the daemon has done some items.

    Args:
        db: The store.
        items: Queued.

    Returns:
        What became of them.

    Raises:
        ForemanError: It did not get to them in time.
    """
    deadline = time.monotonic() + WAIT.total_seconds()
    pause = threading.Event()
    while time.monotonic() < deadline:
        found = outcome(db, items)
        still = [action for entry in found.entries for action in entry.actions if action.state in _OPEN]
        if not found.waiting and not still:
            return found
        pause.wait(0.2)
    raise ForemanError("the daemon did not get to it in ten minutes; it stays queued (`foreman status`)")
