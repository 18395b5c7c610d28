"""Real pieces put together for tests: the sandbox over HTTP, the GitHub adapter, a database file, and one clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from foreman.config.effective import AgentPlan, Policy, RepoPlan
from foreman.executor import Executor, seen_of
from foreman.forge.github import GitHubForge
from foreman.forge.gitlab import GitLabForge
from foreman.model import Account, ActionState, EventKind, ForgeKind, IssueRef, RepoRef
from foreman.poller import Poller
from foreman.router import route
from foreman.sandbox import SandboxForge
from foreman.store import actions, controls, inbox
from foreman.store.actions import LogEntry, NewAction, NewDecision
from foreman.store.database import Database
from tests.empty import put_empty_database

REPO = "acme/widget"
WIDGET = RepoRef(ForgeKind.GITHUB, REPO)
BOT = "acme-bot"


class Clock:
    """A time of day and a monotonic time that move together, unless the time of day is put elsewhere."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
        self._monotonic = 1000.0

    def __call__(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def plan(
    *,
    repo: RepoRef = WIDGET,
    events: frozenset[EventKind] = frozenset(EventKind) - {EventKind.PULL_REQUEST_OPENED},
    config: Mapping[str, Any] | None = None,
    first_run: int | None = None,
    agents: tuple[str, ...] = ("issue-triage",),
) -> RepoPlan:
    return RepoPlan(
        repo=repo,
        enabled=True,
        interval_seconds=60,
        first_run=first_run,
        agents=tuple(AgentPlan(agent=agent, events=events, config=config or {}, policy=Policy()) for agent in agents),
    )


@dataclass
class Rig:
    sandbox: SandboxForge
    forge: GitHubForge | GitLabForge
    db: Database
    clock: Clock
    bot: Account
    secret: str
    stop: threading.Event = field(default_factory=threading.Event)
    widget: RepoRef = WIDGET
    plans: dict[RepoRef, RepoPlan] = field(default_factory=dict)
    age: timedelta = timedelta(0)
    tasks: int = 0

    def poller(self, redact: Callable[[str], str] = str) -> Poller:
        return Poller(
            db=self.db,
            reader=self.forge,
            bot=self.bot,
            plan=self.plans.get,
            route=route,
            redact=redact,
            now=self.clock,
            jitter=lambda: 0.5,
            monotonic=self.clock.monotonic,
        )

    def executor(self, **options: Any) -> Executor:
        defaults: dict[str, Any] = {
            "db": self.db,
            "writer": self.forge,
            "reader": self.forge,
            "bot": self.bot,
            "marker_secret": self.secret,
            "now": self.clock,
            "settle_seconds": 60,
            "stop": self.stop,
            "monotonic": self.clock.monotonic,
            "jitter": lambda: 0.5,
        }
        return Executor(**(defaults | options))

    def open(self, title: str = "It crashes", *, author: str = "reporter", **options: Any) -> IssueRef:
        at = self.clock() - self.age
        return IssueRef(self.widget, self.sandbox.open_issue(REPO, title=title, author=author, at=at, **options))

    def decide(
        self,
        ref: IssueRef,
        *wanted: tuple[str, dict[str, Any]],
        state: ActionState = ActionState.PLANNED,
        reruns: int = 0,
        event: str = EventKind.OPENED.value,
        **seen: Any,
    ) -> int:
        """Log a decision about the issue as it is now."""
        issue = self.forge.issue(ref)
        comments = self.forge.comments(ref)
        self.tasks += 1
        decision = NewDecision(
            issue=ref,
            task_id=f"00000000-0000-4000-8000-{self.tasks:012}",
            agent="issue-triage",
            task_type="issue.triage",
            decision="label_and_respond",
            event=event,
            seen=seen_of(issue, comments, reruns=reruns) | seen,
            actions=tuple(NewAction(type=kind, payload=payload, state=state) for kind, payload in wanted),
        )
        with self.db.transaction() as connection:
            log_id = actions.record(connection, decision, now=self.clock())
        self.sandbox.clear_ledger()
        return log_id

    def entry(self, log_id: int) -> LogEntry:
        with self.db.read() as connection:
            return actions.entry(connection, log_id)

    def states(self, log_id: int) -> list[str]:
        return [action.state.value for action in self.entry(log_id).actions]

    def effects(self) -> list[str]:
        return [entry.effect for entry in self.sandbox.writes()]

    def waiting(self) -> list[tuple[int, str, str]]:
        """Return (number, event, agent) of the work that waits."""
        with self.db.read() as connection:
            return [
                (item.issue.number, item.event.value, item.agent) for item in inbox.waiting(connection, limit=10_000)
            ]

    def forget_work(self) -> None:
        """Finish whatever waits, so that the next event makes a new item."""
        while True:
            with self.db.transaction() as connection:
                item = inbox.claim(connection, worker="test", lease=timedelta(minutes=5), now=self.clock())
                if item is None:
                    return
                inbox.complete(connection, item, now=self.clock())


@contextmanager
def rig(folder: Path, kind: str = "github") -> Iterator[Rig]:
    clock = Clock()
    sandbox = SandboxForge(kind=kind, clock=clock)
    sandbox.add_repo(REPO, labels=["bug", "question", "wontfix", "foreman:triage", "foreman:hold"])
    sandbox.add_account(BOT)
    sandbox.add_collaborator(REPO, BOT, "write")
    with sandbox:
        options: dict[str, Any] = {
            "token": lambda: sandbox.token(BOT),
            "write_interval_seconds": 0,
            # Nothing here waits for it: what a silent forge does to us is shown elsewhere, with a shorter one.
            "timeout_seconds": 60,
            "clock": clock,
        }
        forge: GitHubForge | GitLabForge
        if kind == "github":
            forge = GitHubForge(api_url=sandbox.url, **options)
        else:
            forge = GitLabForge(url=sandbox.url, **options)
        with forge:
            put_empty_database(folder / "memory.db")
            db = Database.open(folder / "memory.db")
            try:
                with db.read() as connection:
                    secret = controls.marker_secret(connection)
                account = forge.whoami()
                sandbox.clear_ledger()
                made = Rig(sandbox=sandbox, forge=forge, db=db, clock=clock, bot=account, secret=secret)
                made.widget = RepoRef(ForgeKind(kind), REPO)
                made.plans[made.widget] = plan(repo=made.widget)
                yield made
            finally:
                db.close()
