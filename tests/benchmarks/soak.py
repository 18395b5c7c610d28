"""A compressed soak: `python -m tests.benchmarks.soak [--events N] [--minutes M] [--seed S]`.

Five repositories, people who open, edit and comment, and a forge of which one request in ten goes wrong in every way
the sandbox knows. The daemon's parts run in a process of their own on the soak's clock: hours pass in seconds, and
nothing else is different. At the end the forge heals, two daily sweeps go by, and the books are compared: each event
must have been shown to the agent, each write the log calls done must be in the forge's ledger once, and no other.

Prints a table. Exit status 1 when anything was lost or done twice, or when memory grew by 10 MB after the warm-up.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from foreman.model import ActionState
from foreman.store import actions
from foreman.store.actions import LogEntry
from foreman.store.database import Database
from tests.benchmarks.crowd import Crowd
from tests.benchmarks.weather import Storm
from tests.durability import audit
from tests.durability.yard import Yard
from tests.world import BOT

REPOS = [f"acme/part-{number}" for number in range(5)]
BATCH = 60
"""Events between two rests of the daemon; fewer in a short soak, so that it has many of them too."""

LOOK = 30.0
"""Seconds from one look of a busy daemon to the next, of the soak's clock; a brake or a backoff ends in between."""

LOOKS = 10
"""Most looks between two batches."""

WARM_UP = 0.25
"""Of the events; growth of memory counts from there."""

MOST_GROWTH = 10_000_000


class Soak:
    """The whole: a forge and its people here, the daemon in another process."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.yard = Yard(folder)
        self.forge = self.yard.forge
        self.crowd = Crowd(dict.fromkeys(REPOS, self.forge), self.chance)
        self.storm = Storm(self.yard.time, self.chance)
        self.yard.agent.answer = self.crowd.answer
        for repo in REPOS:
            self.forge.add_repo(repo, labels=["bug", "question", "docs"])
            self.forge.add_collaborator(repo, BOT, permission="write")
        config = self.yard.config
        config["repos"] = [self.yard.repo(repo) for repo in REPOS]
        config["polling"]["interval_seconds"] = 60
        config["policy"] = {"max_runs_per_issue_per_day": 1000, "max_actions_per_hour": 10_000}
        self.written: Counter[audit.Key] = Counter()
        self.memory: list[tuple[int, int]] = []
        self.started = time.monotonic()

    @contextmanager
    def crew(self) -> Iterator[subprocess.Popen[str]]:
        """Start the daemon's process, end it after."""
        command = [sys.executable, "-m", "tests.benchmarks.soak_crew", str(self.yard.file)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, cwd=Path(__file__).parents[2], **pipes) as process:
            try:
                yield process
            finally:
                process.stdin.close()
                try:
                    process.wait(120)
                except subprocess.TimeoutExpired:
                    process.kill()
            if process.returncode:
                raise RuntimeError(f"the crew ended with {process.returncode}")

    def step(self, crew: subprocess.Popen[str]) -> bool:
        """Let the daemon do what is due; returns whether it has nothing left for later."""
        crew.stdin.write(f"{self.yard.time().isoformat()}\n")
        crew.stdin.flush()
        line = crew.stdout.readline()
        if not line:
            raise RuntimeError("the crew is gone")
        said = json.loads(line)
        self.forge.settle()
        self.written.update(audit.written(self.forge.writes()))
        self.forge.clear_ledger()
        self.yard.agent.tasks.clear()
        self.memory.append((self.crowd.made, said["rss"]))
        return not (said["waiting"] or said["under_way"])

    def run(self, events: int, minutes: float) -> None:
        """Let everything happen, then heal the forge and let the daemon come to rest."""
        with self.crew() as crew:
            self.step(crew)
            self.forge._faults.append(self.storm)  # type: ignore[arg-type]
            told, batch = 0, max(1, min(BATCH, events // 20))
            while self.crowd.made < events and time.monotonic() - self.started < 60 * minutes:
                # People wait for nobody, but a backlog without end would prove no more than a short one.
                if len(self.crowd.unseen) < 10 * BATCH:
                    for _ in range(min(batch, events - self.crowd.made)):
                        self.crowd.do()
                for look in range(LOOKS):
                    rest = self.step(crew)
                    self.yard.time.advance(LOOK * (LOOKS - look) if rest else LOOK)
                    if rest:
                        break
                if self.crowd.made >= told + 1000:
                    told = self.crowd.made
                    took = time.monotonic() - self.started
                    print(
                        f"{told} events, {took:.0f} s, {self.memory[-1][1] / 1e6:.1f} MB", file=sys.stderr, flush=True
                    )
            self.storm.share = 0.0
            for _ in range(3):
                for _ in range(60):
                    self.yard.time.advance(60)
                    if self.step(crew) and not self.crowd.unseen:
                        break
                # What a poll left out, the daily sweep finds.
                self.yard.time.advance(timedelta(hours=25).total_seconds())
            self.step(crew)

    def entries(self) -> Iterator[LogEntry]:
        """Return the whole action log."""
        db = Database.open(Path(self.yard.config["storage"]["path"]))
        try:
            with db.read() as connection:
                before = None
                while found := actions.entries(connection, limit=500, before_id=before):
                    yield from found
                    before = found[-1].id
        finally:
            db.close()

    def verdict(self) -> list[tuple[str, object]]:
        """Compare the books; returns the rows of the table."""
        entries = tuple(self.entries())
        told = audit.logged(entries)
        unsure = audit.logged(entries, states=[ActionState.UNKNOWN])
        states = Counter(action.state.value for entry in entries for action in entry.actions)
        not_written = told - self.written
        more = self.written - told - unsure
        twice = sum(
            max(0, sum(said.author == BOT for said in self.forge.issue(repo, number).comments) - 1)
            for repo, numbers in self.crowd.issues.items()
            for number in numbers
        )
        grown = self.growth()
        self.faults = self.storm.hits
        self.bad = {
            "lost events": len(self.crowd.unseen),
            "writes only in the log": not_written.total(),
            "writes only at the forge": more.total(),
            "second comments": twice,
            "left under way": states["planned"] + states["sent"],
        }
        return [
            ("events", self.crowd.made),
            ("  of them edits replaced before a look", self.crowd.replaced),
            ("issues", sum(map(len, self.crowd.issues.values()))),
            ("tasks", self.crowd.tasks),
            ("writes", self.written.total()),
            *((f"  actions {state}", number) for state, number in sorted(states.items())),
            *self.bad.items(),
            ("requests", self.storm.asked),
            ("faults", f"{self.faults} ({100 * self.faults / max(1, self.storm.asked):.1f} %)"),
            *((f"  {name}", number) for name, number in sorted(self.storm.kinds.items())),
            ("memory after warm-up, MB", f"{self.warm() / 1e6:.1f}"),
            ("memory growth, MB", f"{grown / 1e6:.1f}"),
            ("seconds", f"{time.monotonic() - self.started:.0f}"),
        ]

    def warm(self) -> int:
        """Return the most memory the daemon held until the warm-up was over."""
        return max(rss for made, rss in self.memory if made <= max(WARM_UP * self.crowd.made, BATCH))

    def growth(self) -> int:
        """Return by how much more it held at any time after that."""
        return max(rss for _, rss in self.memory) - self.warm()

    @property
    def failed(self) -> bool:
        """Whether anything is not as it must be."""
        return any(self.bad.values()) or self.growth() >= MOST_GROWTH


def main() -> int:
    """Soak, print the table, return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=120, help="no new events after so many")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), options.seed)
        try:
            soak.run(options.events, options.minutes)
            table = soak.verdict()
        finally:
            soak.yard.close()
    for name, value in table:
        print(f"{name:<42}{value:>14}")
    if soak.failed:
        print(f"failed: {[name for name, number in soak.bad.items() if number] or 'memory'}", file=sys.stderr)
        print("unseen:", dict(list(soak.crowd.unseen.items())[:10]), file=sys.stderr)
    return int(soak.failed)


if __name__ == "__main__":
    sys.exit(main())
