"""A year in an hour: `python -m tests.benchmarks.year [--days N] [--events N] [--minutes M] [--seed S]`.

Seven repositories on a GitHub and a GitLab, their people, and one daemon in a process of its own, for a year of the
clock. There are busy weeks and quiet ones, a day of spam, a month of outages, a clock that jumps, tokens that are
replaced every month, ends and kills of the process, an upgrade to the next schema, a renamed repository, a maintainer
on vacation: `year_calendar` and `year_hands` have all of it. At the end the forges heal and the books are compared:
each event must have been shown to the agent, each write the log calls done must be in a forge's ledger once, and no
other.

Prints a table. Exit status 1 when anything was lost or done twice, or when memory, open files or threads grew.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from foreman.sandbox import LedgerEntry
from tests.benchmarks.crowd import Crowd
from tests.benchmarks.year_books import Books, Growth, Held
from tests.benchmarks.year_calendar import Calendar
from tests.benchmarks.year_mind import Mind
from tests.benchmarks.year_process import Killed, Process, Refused
from tests.benchmarks.year_verdict import table, wrong
from tests.benchmarks.year_versions import foreman_at
from tests.benchmarks.year_world import World

LOOK = 30.0
"""Seconds from one look of a busy daemon to the next, of the year's clock."""

LOOKS = 12
"""Most looks between two batches of events."""

BATCH = 12
"""Events between two rests of the daemon."""

DAY = 86_400.0


class Year(World):
    """People and the calendar here, the daemon in another process."""

    def __init__(self, folder: Path, *, days: int, events: int, seed: int) -> None:
        super().__init__(folder, seed=seed)
        self.days = days
        self.crowd = Crowd(self.forge_of, self.chance)
        self.books = Books()
        self.growth = Growth()
        self.told: Counter[str] = Counter()
        self.mind = Mind(self.crowd, self.told, self._thinks)
        self.agent.answer = self.mind.answer
        self.shut: set[str] = set()
        self.touched: set[tuple[str, int]] = set()
        self.kill_at = ""
        self.day = 0
        self.damage = self.exit_status = 0
        self.bad: dict[str, int] = {}
        self.started = time.monotonic()
        self.process = Process(self.file, self.log, self._now, {"CREDENTIALS_DIRECTORY": str(self.secrets)})
        self.calendar = Calendar(self, days=days, events=events)

    def _now(self) -> dict[str, Any]:
        return {"now": (self.time() + self.skew).isoformat(), "monotonic": self.time.monotonic()}

    def _thinks(self) -> None:
        if self.kill_at == "thought":
            self.kill_at = ""
            self.process.kill()

    def on_write(self, _: LedgerEntry) -> None:
        if self.kill_at == "written":
            self.kill_at = ""
            self.process.kill()

    def start(self) -> None:
        """Start the daemon; where a forge is in the way, again and again, as a supervisor does."""
        for _ in range(20):
            try:
                self.process.start()
                return
            except Refused:
                self.told["starts refused"] += 1
                self.time.advance(600)
        raise RuntimeError("the daemon does not start")

    def order(self, *orders: tuple[object, ...], work: bool = False) -> dict[str, Any]:
        """Tell the daemon something; one that was killed meanwhile is started again and told again."""
        try:
            said = self.process.tell(*orders, work=work)
        except Killed:
            self.process.end()
            self.told["killed"] += 1
            self.time.advance(5)
            self.start()
            said = self.process.tell(*orders, work=work)
        self.books.hear(self.forges.values())
        self.agent.tasks.clear()
        self.growth.looks.append(Held(self.day, said["rss"], said["files"], said["threads"]))
        return said

    def look(self) -> bool:
        """Let the daemon do what is due; returns whether it has nothing left for later."""
        said = self.order(work=True)
        self.told["looks"] += 1
        return not (said["waiting"] or said["under_way"])

    def work(self) -> None:
        """Look until all is done, or for some minutes."""
        for _ in range(LOOKS):
            if self.look():
                return
            self.time.advance(LOOK)

    def sleep_until(self, hour: float) -> None:
        """Let time go by until an hour of the day at hand."""
        then = self.began + timedelta(days=self.day, hours=hour)
        self.time.advance(max(1.0, (then - self.time()).total_seconds()))

    def live(self, minutes: float) -> None:
        """Go through all the days, then heal the forges and let the daemon come to rest."""
        self.start()
        self.look()
        for day in range(self.days):
            self.day, before = day, self.log_size()
            late = time.monotonic() - self.started > 60 * minutes
            made = self.crowd.made
            self.calendar.live(day, nothing_new=late)
            self.growth.events[day] = self.crowd.made - made
            self.growth.log[day] = self.log_size() - before
            if day % 7 == 6 or day == self.days - 1:
                self.books.read(self.database, now=self.time())
                self.growth.measure(day, self.database)
            if day % max(1, self.days // 12) == 0:
                self.tell()
        self.day = self.days
        self.rest()

    def rest(self) -> None:
        """Heal everything, let the last work be done, end the daemon, close the books."""
        self.calendar.heal()
        for _ in range(4):
            for _ in range(60):
                self.time.advance(120)
                if self.look() and not self.crowd.unseen:
                    break
            self.order(("look_after",))
            # What a poll left out, the daily sweep finds.
            self.time.advance(DAY + 3600)
        self.look()
        self.exit_status = self.process.end()
        self.books.hear(self.forges.values())
        self.books.read(self.database, now=self.time())
        checked = foreman_at(self.process.root, self.file, "db", "check")
        self.damage = checked.returncode
        if checked.returncode:
            print(checked.stdout, checked.stderr, file=sys.stderr)

    @property
    def log(self) -> Path:
        """What the daemon has logged."""
        return self.folder / "daemon.log"

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def tell(self) -> None:
        """Say how far it is."""
        held = self.growth.looks[-1]
        print(
            f"day {self.day}, {self.crowd.made} events, {self.told['looks']} looks, "
            f"{time.monotonic() - self.started:.0f} s, {held.memory / 1e6:.1f} MB",
            file=sys.stderr,
            flush=True,
        )

    def close(self) -> None:
        """End everything."""
        self.process.kill()
        self.process.end()
        for forge in self.forges.values():
            forge.close()
        self.agent.close()
        self.mind.provider.close()

    def verdict(self) -> list[tuple[str, object]]:
        """Compare the books; returns the rows of the table."""
        self.bad = wrong(self)
        return table(self)

    @property
    def failed(self) -> bool:
        """Whether anything is not as it must be."""
        return any(self.bad.values())


def main() -> int:
    """Live through it, print the table, return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--events", type=int, default=6000)
    parser.add_argument("--minutes", type=float, default=60, help="no new events after so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="leave database and log in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        year = Year(folder, days=options.days, events=options.events, seed=options.seed)
        try:
            year.live(options.minutes)
            table = year.verdict()
        finally:
            year.close()
    for name, value in table:
        print(f"{name:<44}{value:>22}")
    if year.failed:
        print(f"failed: {[name for name, number in year.bad.items() if number]}", file=sys.stderr)
        print("unseen:", dict(list(year.crowd.unseen.items())[:10]), year.books.differences(), file=sys.stderr)
    return int(year.failed)


if __name__ == "__main__":
    sys.exit(main())
