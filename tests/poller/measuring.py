"""Counts on the sandbox's ledger what polling costs; `python -m tests.poller.measuring` prints the docs' table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from foreman.config.effective import RepoPattern
from foreman.forge.github import GitHubForge
from foreman.forge.gitlab import GitLabForge
from foreman.model import ForgeKind, RepoRef
from foreman.poller import Backfill, Discovery, LookingBack
from foreman.poller.leisure import LOOK_SECONDS
from foreman.sandbox import SandboxForge
from foreman.sandbox.ledger import LedgerEntry
from foreman.store import controls
from foreman.store.database import Database
from tests.empty import empty_database
from tests.rig import BOT, REPO, Clock, Rig, plan
from tests.world import World, decision

LATER = 3700.0
"""Seconds between two measurements: longer than a repository's name is believed."""


def connected(sandbox: SandboxForge, kind: ForgeKind, clock: Callable[[], datetime]) -> GitHubForge | GitLabForge:
    """Return the adapter of this kind, logged in as the bot."""
    options: dict[str, Any] = {"token": lambda: sandbox.token(BOT), "write_interval_seconds": 0, "clock": clock}
    if kind is ForgeKind.GITHUB:
        return GitHubForge(api_url=sandbox.url, **options)
    return GitLabForge(url=sandbox.url, **options)


@contextmanager
def place(folder: Path, kind: ForgeKind) -> Iterator[Rig]:
    """Make a forge with one repository, looked after, where some issues are old."""
    clock, repo = Clock(), RepoRef(kind, REPO)
    with SandboxForge(clock=clock, kind=kind.value) as sandbox:
        sandbox.add_repo(REPO, labels=["bug", "question", "foreman:triage"])
        sandbox.add_account(BOT)
        sandbox.add_collaborator(REPO, BOT, "write")
        forge = connected(sandbox, kind, clock)
        (folder / "memory.db").write_bytes(empty_database())
        db = Database.open(folder / "memory.db")
        try:
            with db.read() as connection:
                secret = controls.marker_secret(connection)
            bench = Rig(
                sandbox=sandbox,
                forge=forge,
                db=db,
                clock=clock,
                bot=forge.whoami(),
                secret=secret,
                plans={repo: plan(repo=repo)},
            )
            yield bench
        finally:
            forge.disconnect()
            db.close()


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests.

    Attributes:
        sent: All of them.
        free: Of these, such as take nothing from the quota.
    """

    sent: int
    free: int

    def __str__(self) -> str:
        if self.free == self.sent:
            return f"{self.sent}, free"
        return f"{self.sent}, {self.free} of them free" if self.free else str(self.sent)


class Meter:
    """Polls one repository and counts."""

    def __init__(self, bench: Rig) -> None:
        self.bench = bench
        (self.repo,) = bench.plans
        self.watch = bench.poller()
        self.found: dict[str, Cost] = {}
        self.events: dict[str, int] = {}

    def measure(self, what: str, act: Callable[[], object] = lambda: None, *, wait: float = LATER) -> None:
        """Let people act, and count what the next look costs."""
        self.bench.clock.advance(wait)
        act()
        self.bench.clock.advance(30)
        self.bench.sandbox.clear_ledger()
        report = self.watch.poll(self.repo)
        assert not report.error, report
        assert not report.behind, report
        self.note(what, events=report.new_events)

    def note(self, what: str, *, events: int = 0) -> None:
        """Count what stands on the ledger."""
        self.found[what] = self.count(self.bench.sandbox.ledger)
        self.events[what] = events

    def count(self, ledger: Sequence[LedgerEntry]) -> Cost:
        """Count requests."""
        free = sum(entry.status == 304 for entry in ledger) if self.repo.forge is ForgeKind.GITHUB else 0
        return Cost(len(ledger), free)

    def calm(self) -> None:
        """Look until nothing is new."""
        for _ in range(3):
            self.bench.clock.advance(30)
            self.watch.poll(self.repo)


def measured(folder: Path, kind: ForgeKind) -> Meter:
    """Measure one forge, row by row."""
    with place(folder, kind) as bench:
        sandbox = bench.sandbox
        for number in range(40):
            sandbox.open_issue(REPO, title=f"old {number}", author="reporter")
            bench.clock.advance(7200)
        bench.clock.advance(5 * 86_400)
        meter = Meter(bench)
        meter.measure("the first look")
        meter.calm()
        meter.measure("a look when nothing happened", wait=60)
        meter.measure("the daily sweep besides, in a quiet repository", wait=86_400)
        for one in range(1, 12):
            sandbox.comment(REPO, one, author="kim", body="hello")
        meter.calm()
        meter.measure(
            "a new issue, the first news in an hour", lambda: sandbox.open_issue(REPO, title="new", author="kim")
        )
        meter.measure("the look after it", wait=60)
        meter.measure("one more new issue", lambda: sandbox.open_issue(REPO, title="new", author="kim"), wait=60)
        meter.calm()
        meter.measure("ten new issues", lambda: [sandbox.open_issue(REPO, title="n", author="kim") for _ in range(10)])
        meter.calm()
        meter.measure("a comment", lambda: sandbox.comment(REPO, 1, author="kim", body="me too"))
        meter.calm()
        meter.measure(
            "comments on ten issues",
            lambda: [sandbox.comment(REPO, n, author="kim", body="me too") for n in range(1, 11)],
        )
        meter.calm()
        meter.measure("a comment of our own", lambda: sandbox.comment(REPO, 2, author=BOT, body="which version?"))
        meter.calm()
        meter.measure("a label put on by a person", lambda: sandbox.add_label(REPO, 3, "bug", by="acme"))
        meter.calm()
        meter.measure("a label taken off by a person", lambda: sandbox.remove_label(REPO, 3, "bug", by="acme"))
        meter.calm()
        meter.measure("an issue closed by a person", lambda: sandbox.close_issue(REPO, 4, by="acme"))
        meter.calm()
        meter.measure("an issue reopened", lambda: sandbox.reopen(REPO, 4, by="acme"))
        meter.calm()
        meter.measure("an edited issue", lambda: sandbox.edit_issue(REPO, 5, body="more", by="kim"))
        meter.calm()
        meter.measure("`foreman:triage` put on", lambda: sandbox.add_label(REPO, 6, "foreman:triage", by="acme"))
        meter.calm()
        meter.measure(
            "a pull request",
            lambda: (
                sandbox.open_issue(REPO, title="a change", author="kim", pull_request=kind is ForgeKind.GITHUB)
                if kind is ForgeKind.GITHUB
                else None
            ),
        )
        meter.calm()
        known = [sandbox.open_issue(REPO, title="n", author="kim") for _ in range(105)]
        meter.calm()
        meter.measure(
            "105 edited issues, more than the page of a look holds",
            lambda: [sandbox.edit_issue(REPO, n, body="again", by="kim") for n in known],
        )
        meter.calm()
        bench.plans[meter.repo] = plan(repo=meter.repo, config={"stale_days": 30})
        bench.clock.advance(3 * 86_400)
        still_open = sum(issue.state == "open" and not issue.is_pull_request for issue in sandbox.issues(REPO))
        assert 100 < still_open < 200
        meter.measure("the daily sweep with `stale_days` and some 160 open issues")
        _first_looks(meter)
        (folder / "whole").mkdir()
        _whole_way(meter, folder / "whole")
        _lookup(meter)
        _older(meter)
        return meter


def _first_looks(meter: Meter) -> None:
    bench, kind = meter.bench, meter.repo.forge
    for name, issues, first_run in (("empty", 0, None), ("many", 0, 100)):
        repo = RepoRef(kind, f"acme/{name}")
        bench.sandbox.add_repo(repo.path)
        bench.sandbox.add_collaborator(repo.path, BOT, "write")
        for number in range(issues or 105 * (name == "many")):
            bench.sandbox.open_issue(repo.path, title=f"old {number}", author="kim")
        bench.plans[repo] = plan(repo=repo, first_run=first_run)
        bench.clock.advance(60)
        bench.sandbox.clear_ledger()
        report = bench.poller().poll(repo)
        what = "the first look at an empty repository" if name == "empty" else "the first look with `first_run: 100`"
        meter.note(what, events=report.new_events)


def _whole_way(meter: Meter, folder: Path) -> None:
    """Let a whole daemon, in this process, label and answer an issue."""
    clock, kind = Clock(), meter.repo.forge.value
    with closing(World(folder, clock=clock, kind=kind)) as world:
        world.agent.answer = lambda task: decision(
            task, {"type": "add_label", "label": "bug"}, {"type": "comment", "body": "Which version is that?"}
        )
        with world.shop() as shop:
            # The labels are known since the first task.
            for what in ("known", "", "a new issue, looked at, labeled and answered", "the look after that"):
                if what and what != "the look after that":
                    world.forge.open_issue(REPO, title="It crashes", author="kim")
                clock.advance(60)
                world.forge.clear_ledger()
                shop.daemon.once()
                if what not in ("", "known"):
                    meter.found[what] = meter.count(world.forge.ledger)


def _lookup(meter: Meter) -> None:
    bench = meter.bench
    for number in range(120):
        bench.sandbox.add_repo(f"big/n{number}")
    pattern = RepoPattern(forge=meter.repo.forge, owner="big")
    bench.sandbox.clear_ledger()
    discovery = Discovery(
        db=bench.db, reader=bench.forge, patterns=lambda: [pattern], changed=lambda: None, now=bench.clock
    )
    discovery.tend()
    meter.note("the hourly lookup of a pattern with 120 repositories")


def _older(meter: Meter) -> None:
    """Read what was there before Foreman came."""
    bench, sandbox, repo = meter.bench, meter.bench.sandbox, RepoRef(meter.repo.forge, "acme/old")
    sandbox.add_repo(repo.path, labels=["bug"])
    sandbox.add_collaborator(repo.path, BOT, "write")
    sandbox.add_collaborator(repo.path, "ada", "write")
    for days in range(1000, 0, -4):
        at = bench.clock() - timedelta(days=days)
        number = sandbox.open_issue(repo.path, title=f"old {days}", author="kim", at=at)
        if days % 40 == 0:
            sandbox.add_label(repo.path, number, "bug", by="ada", at=at)
        if days % 200 == 0 and number > 1:
            sandbox.comment(repo.path, number, body="Duplicate of #1", author="ada", at=at)
            sandbox.close_issue(repo.path, number, by="ada", reason="duplicate", duplicate_of=1, at=at)
    bench.plans[repo] = plan(repo=repo)
    bench.clock.advance(60)
    bench.poller().poll(repo)
    options: dict[str, Any] = {"db": bench.db, "reader": bench.forge, "now": bench.clock}
    options |= {"plan": bench.plans.get, "redact": str, "monotonic": bench.clock.monotonic}
    looking_back = LookingBack(db=bench.db, reader=bench.forge, bot_id=bench.bot.id, now=bench.clock)
    for what, fill in (
        ("reading 250 older issues, once", Backfill(**options)),
        (
            "who labelled 25 of them, and which originals 4 duplicates have",
            Backfill(**options, looking_back=looking_back),
        ),
    ):
        sandbox.clear_ledger()
        for _ in range(60):
            bench.clock.advance(LOOK_SECONDS)
            fill.tend((repo,))
        meter.note(what)


def table() -> str:
    """Measure both forges, and write the rows as the docs have them."""
    meters = []
    for kind in (ForgeKind.GITHUB, ForgeKind.GITLAB):
        with tempfile.TemporaryDirectory() as folder:
            meters.append(measured(Path(folder), kind))
    github, gitlab = meters
    rows = ["| what happened | requests on GitHub | requests on GitLab |", "|---|---|---|"]
    for what, cost in github.found.items():
        there = "-" if what == "a pull request" else str(gitlab.found[what])
        rows.append(f"| {what} | {cost} | {there} |")
    return "\n".join(rows)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[lambda *_: ""])
    print(table())
