"""The daemon itself, on real time, against a forge that takes its time for every answer."""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from foreman.sandbox import Fault, delay, reorder_pages
from foreman.sandbox.ledger import LedgerEntry
from tests.world import BOT, World, decision

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True, kw_only=True)
class Setting:
    """What to measure.

    Attributes:
        forge: `github` or `gitlab`.
        quiet: Repositories where nothing has happened for a month.
        busy: Repositories with an event every `every` seconds on average, each, since an hour ago.
        every: Seconds.
        interval: Seconds between two looks at a busy one.
        longest: Seconds between two looks at a quiet one.
        latency: Seconds the forge takes for each answer.
        minutes: How long, after everything was looked at once.
        skew: Seconds by which the forge's clock is ahead of ours.
        reorder: Seconds between two lists that are told in another order; 0 for none.
        seed: Of what people do when.
    """

    forge: str = "github"
    quiet: int = 500
    busy: int = 20
    every: float = 150.0
    interval: float = 60.0
    longest: float = 300.0
    latency: float = 0.1
    minutes: float = 10.0
    skew: float = 0.0
    reorder: float = 0.0
    seed: int = 1


@dataclass(slots=True, kw_only=True)
class Found:
    """What was measured.

    Attributes:
        seconds: For how long.
        requests: Sent.
        free: Of these, such as the forge does not count.
        lags: Seconds from each event to its place in the store, sorted.
        made: Events.
        cpu: Seconds of processor time of the daemon.
        rss: Resident memory of the daemon at the end, bytes.
        first_seconds: From the start until everything was looked at once.
        first_requests: Sent for that.
        polls: Looks.
        busiest: Most requests that came within one second.
    """

    seconds: float
    requests: int
    free: int
    lags: list[float]
    made: int
    cpu: float
    rss: int
    first_seconds: float
    first_requests: int
    polls: int
    busiest: int

    def lag(self, share: float) -> float:
        """Return a percentile."""
        return self.lags[min(len(self.lags) - 1, int(share * len(self.lags)))] if self.lags else float("nan")


@dataclass(slots=True)
class Crowd:
    """People who open issues and comment, at random moments."""

    world: World
    repos: list[str]
    rate: float
    chance: random.Random
    settled: float
    made: dict[tuple[str, int, str], float] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self, seconds: float) -> None:
        """Act for so long."""
        until = time.monotonic() + seconds
        known: dict[str, int] = {}
        while (pause := self.chance.expovariate(self.rate)) < until - time.monotonic():
            time.sleep(pause)
            repo = self.chance.choice(self.repos)
            number = known.get(repo, 0)
            # What is said before an issue is seen for the first time makes no event besides its opening.
            seen = number and time.time() - self.made[repo, number, "opened"] > self.settled
            if seen and self.chance.random() < 0.7:
                self.world.forge.comment(repo, number, author="kim", body="it happens here too")
                self.made[repo, number, "commented"] = time.time()
                known[repo] = 0  # one comment each, so that each event is told from every other
            else:
                number = self.world.forge.open_issue(repo, title="It does not start", author="ann")
                self.made[repo, number, "opened"] = time.time()
                known[repo] = number


def measure(setting: Setting) -> Found:
    """Run the daemon and measure.

    Args:
        setting: What.

    Returns:
        What was found.
    """
    quiet = [f"org/quiet-{number:04}" for number in range(setting.quiet)]
    busy = [f"org/busy-{number:02}" for number in range(setting.busy)]
    with tempfile.TemporaryDirectory() as name, _world(Path(name), setting, quiet, busy) as world:
        forge = world.forge
        began = time.monotonic()
        with world.running() as process:
            while _polled(world) < setting.quiet + setting.busy:
                time.sleep(0.5)
                assert process.poll() is None, world.log[-2000:]
            first_seconds, first_requests = time.monotonic() - began, len(forge.ledger)
            if setting.latency:
                forge.inject(Fault(times=None, action=delay(setting.latency)))
            time.sleep(setting.longest)  # until the looks are spread
            forge.clear_ledger()
            cpu, looks = _cpu(process.pid), time.time()
            crowd = Crowd(world, busy, setting.busy / setting.every, random.Random(setting.seed), 2 * setting.interval)
            with _reordered(world, setting.reorder):
                began = time.monotonic()
                crowd.run(setting.minutes * 60)
                seconds = time.monotonic() - began
                cpu = _cpu(process.pid) - cpu
                ledger = forge.ledger
                polls = sum("per_page" in entry.query and entry.query["per_page"] == "30" for entry in ledger)
            seen = _await(world, crowd, setting.interval * 3 + 60)
            rss = _rss(process.pid)
        lags = sorted(seen[key] - made for key, made in crowd.made.items() if key in seen)
        assert looks
        return Found(
            seconds=seconds,
            requests=len(ledger),
            free=sum(entry.status == 304 for entry in ledger) if setting.forge == "github" else 0,
            lags=lags,
            made=len(crowd.made),
            cpu=cpu,
            rss=rss,
            first_seconds=first_seconds,
            first_requests=first_requests,
            polls=polls,
            busiest=_busiest(ledger),
        )


@contextmanager
def _world(folder: Path, setting: Setting, quiet: list[str], busy: list[str]) -> Iterator[World]:
    skew = timedelta(seconds=setting.skew)
    kind = "gitlab" if setting.forge == "gitlab" else "github"
    world = World(folder, clock=lambda: datetime.now(UTC) + skew, kind=kind)
    try:
        today = world.forge.now() - timedelta(hours=1)
        for path in (*quiet, *busy):
            world.forge.add_repo(path, labels=["bug"])
            world.forge.add_collaborator(path, BOT, "write")
            world.forge.open_issue(path, title="Old", author="ann", at=today - timedelta(days=30 * (path in quiet)))
        world.agent.answer = lambda task: decision(task)
        world.config["polling"] |= {
            "interval_seconds": setting.interval,
            "max_interval_seconds": setting.longest,
            "first_run": "new",
        }
        world.config["mode"] = "shadow"
        pattern = {key: value for key, value in world.repo("org/x").items() if key != "path"}
        world.config["repos"] = [{**pattern, "path": "org/*"}]
        yield world
    finally:
        world.close()


@contextmanager
def _reordered(world: World, every: float) -> Iterator[None]:
    """Tell a list in another order from time to time."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(every):
            world.forge.inject(Fault(method="GET", path="/issues$", times=2, action=reorder_pages()))

    thread = threading.Thread(target=work, daemon=True)
    if every:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if every:
            thread.join(5)


def _rows(world: World, statement: str) -> list[tuple[str, ...]]:
    try:
        with sqlite3.connect(world.folder / "memory.db", timeout=10) as db:
            return list(db.execute(statement))
    except sqlite3.OperationalError:
        return []


def _polled(world: World) -> int:
    return len(_rows(world, "SELECT repo FROM polls WHERE first_done AND next_poll_at IS NOT NULL"))


def _await(world: World, crowd: Crowd, patience: float) -> dict[tuple[str, int, str], float]:
    until = time.monotonic() + patience
    while True:
        seen = {}
        for repo, number, kind, at in _rows(world, "SELECT repo, issue_id, kind, seen_at FROM events"):
            moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
            seen[repo.rpartition(":")[2], int(number), kind] = moment.timestamp()
        if all(key in seen for key in crowd.made) or time.monotonic() > until:
            return seen
        time.sleep(1)


def _busiest(ledger: tuple[LedgerEntry, ...]) -> int:
    return max(Counter(int(entry.monotonic) for entry in ledger).values(), default=0)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _rss(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
