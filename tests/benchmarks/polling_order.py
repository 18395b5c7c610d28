"""Days of polling in minutes: nothing may be lost while lists are told in another order and clocks disagree."""

from __future__ import annotations

import heapq
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import text

from foreman.model import ForgeKind, RepoRef
from foreman.poller import Poller
from foreman.router import route
from foreman.sandbox import Fault, SandboxForge, reorder_pages
from foreman.store import polls
from foreman.store.database import Database
from tests.poller.measuring import connected
from tests.rig import BOT, Clock, plan

BUSY, QUIET = 8, 12
EVERY = 240.0
"""Seconds between two events of a busy repository, on average."""

SHARE = 0.2
"""Of all polls, so many see lists in another order."""

AFTER = 900.0
"""Seconds of looks after the last event; then a day passes at once, for one sweep each."""


@dataclass
class Town:
    """A forge with people, and a poller whose clock is not the forge's."""

    sandbox: SandboxForge
    clock: Clock
    db: Database
    poller: Poller
    repos: list[RepoRef]
    skew: timedelta
    chance: random.Random
    made: Counter[tuple[str, str]] = field(default_factory=Counter)
    looks: int = 0

    def act(self, repo: RepoRef) -> None:
        """Open an issue, or comment on any that is there."""
        # What is said before an issue is seen for the first time makes no event besides its opening.
        seen = self.clock() - timedelta(minutes=20)
        known = [issue.number for issue in self.sandbox.issues(repo.path)[-60:] if issue.created_at < seen]
        if known and self.chance.random() < 0.6:
            self.sandbox.comment(repo.path, self.chance.choice(known), author="kim", body="here too")
            self.made[repo.key, "commented"] += 1
        else:
            self.sandbox.open_issue(repo.path, title="It does not start", author="ann")
            self.made[repo.key, "opened"] += 1

    def look(self, repo: RepoRef) -> datetime:
        """Poll, and return when to do so again, by the forge's clock."""
        fault = None
        if self.chance.random() < SHARE:
            fault = self.sandbox.inject(Fault(path="/issues$", times=None, action=reorder_pages()))
        report = self.poller.poll(repo)
        assert not report.error, report
        if fault is not None:
            fault.remove()
            self.sandbox.clear_faults()
        self.looks += 1
        with self.db.read() as connection:
            state = polls.get(connection, repo)
        assert state is not None
        assert state.next_poll_at is not None
        return state.next_poll_at + self.skew

    def live(self, seconds: float, *, people: bool) -> None:
        """Let so much time pass."""
        end = self.clock() + timedelta(seconds=seconds)
        calendar = [(self.clock(), number, False) for number in range(len(self.repos))]
        calendar += [(self._pause(), number, True) for number in range(BUSY) if people]
        heapq.heapify(calendar)
        while calendar:
            at, number, by_people = heapq.heappop(calendar)
            if at >= end:
                break
            self.clock.advance(max(0.0, (at - self.clock()).total_seconds()))
            if by_people:
                self.act(self.repos[number])
                heapq.heappush(calendar, (self._pause(), number, True))
            else:
                heapq.heappush(calendar, (self.look(self.repos[number]), number, False))
            self.sandbox.clear_ledger()
        self.clock.advance(max(0.0, (end - self.clock()).total_seconds()))

    def seen(self) -> Counter[tuple[str, str]]:
        """Count the events in the store."""
        with self.db.read() as connection:
            rows = connection.execute(text("SELECT repo, kind, count(*) FROM events GROUP BY repo, kind"))
            return Counter({(repo, kind): count for repo, kind, count in rows})

    def _pause(self) -> datetime:
        return self.clock() + timedelta(seconds=self.chance.expovariate(1 / EVERY))


@contextmanager
def town(kind: ForgeKind, skew: timedelta, seed: int) -> Iterator[Town]:
    """Make one; our clock is `skew` behind the forge's."""
    chance, clock = random.Random(seed), Clock()

    def ours() -> datetime:
        return clock() - skew

    with SandboxForge(clock=clock, kind=kind.value) as sandbox, tempfile.TemporaryDirectory() as name:
        repos = [RepoRef(kind, f"org/n{number:02}") for number in range(BUSY + QUIET)]
        for repo in repos:
            sandbox.add_repo(repo.path)
            sandbox.add_collaborator(repo.path, BOT, "write")
        plans = {repo: plan(repo=repo) for repo in repos}
        forge = connected(sandbox, kind, ours)
        with closing(Database.open(Path(name) / "memory.db")) as db:
            poller = Poller(
                db=db,
                reader=forge,
                bot=forge.whoami(),
                plan=plans.get,
                route=route,
                redact=str,
                now=ours,
                jitter=chance.random,
                monotonic=clock.monotonic,
            )
            for repo in repos:
                poller.poll(repo)
            yield Town(sandbox, clock, db, poller, repos, skew, chance)
        forge.disconnect()


def main(*, hours: float, seed: int) -> int:
    """Print the table; exit status 1 when an event was lost or found twice."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[lambda *_: ""])
    wrong = 0
    print(f"{hours:g} hours of events, a list in another order in {SHARE:.0%} of the looks, seed {seed}")
    print("| forge | our clock | looks | events made | seen / made | took |")
    print("|---|---|---|---|---|---|")
    for kind in (ForgeKind.GITHUB, ForgeKind.GITLAB):
        for minutes in (0, 90, -90):
            began = time.monotonic()
            with town(kind, timedelta(minutes=minutes), seed) as place:
                place.live(hours * 3600, people=True)
                place.live(AFTER, people=False)
                place.clock.advance(86_400)
                place.live(AFTER, people=False)
                made, seen = place.made, place.seen()
            wrong += made != seen
            words = f"{abs(minutes)} min {'behind' if minutes > 0 else 'ahead'}" if minutes else "right"
            share = seen.total() / made.total()
            took = time.monotonic() - began
            print(f"| {kind.value} | {words} | {place.looks:,} | {made.total():,} | {share:.4f} | {took:.0f} s |")
    return int(wrong > 0)
