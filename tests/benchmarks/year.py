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
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from foreman.sandbox import LedgerEntry, SandboxForge
from tests.benchmarks.crowd import Crowd
from tests.benchmarks.weather import Storm
from tests.benchmarks.year_books import Books, Growth, Held
from tests.benchmarks.year_calendar import Calendar
from tests.benchmarks.year_mind import KEY, Mind
from tests.benchmarks.year_process import Killed, Process, Refused
from tests.benchmarks.year_versions import as_left_by_an_earlier_release, foreman_at
from tests.rig import Clock
from tests.world import BOT, EVENTS, ScriptedAgent, identity

REPOS = {
    "github": ["acme/part-0", "acme/part-1", "acme/part-2", "acme/part-3"],
    "gitlab": ["team/part-4", "team/part-5", "team/deep/part-6"],
}
TOKENS = {"github": "YEAR_GITHUB_TOKEN", "gitlab": "YEAR_GITLAB_TOKEN"}
ELSEWHERE = {"github": "acme/of-no-concern", "gitlab": "team/of-no-concern"}

LOOK = 30.0
"""Seconds from one look of a busy daemon to the next, of the year's clock."""

LOOKS = 12
"""Most looks between two batches of events."""

BATCH = 12
"""Events between two rests of the daemon."""

KEEP_DAYS = 90
"""For so long what nothing goes by any more is kept: as short as may be."""

WARM_UP = 0.25
"""Of the days; what grows after that has grown."""

ALONE = 0.75
"""Of the days; by then no model is asked any more, whose process takes some files and threads for as long."""

MOST_MEMORY = 10_000_000
MOST_OTHERS = 4
"""So many bytes, and so many files or threads more than in the warm-up."""

UNTHOUGHT = ('"step_failed"', '"gateway_request_failed"', "Traceback (most recent call last)")
"""What the log has only where there is a bug."""

DAY = 86_400.0


class Year:
    """Forges, people and the clock here, the daemon in another process."""

    def __init__(self, folder: Path, *, days: int, events: int, seed: int) -> None:
        self.folder = folder
        self.days = days
        self.chance = random.Random(seed)
        self.time = Clock()
        self.skew = timedelta(0)
        self.began = self.time()
        self.forges = {kind: SandboxForge(clock=self.time, kind=kind) for kind in REPOS}  # type: ignore[arg-type]
        self.storms = {kind: Storm(self.time, self.chance) for kind in REPOS}
        self.forge_of = {repo: self.forges[kind] for kind, repos in REPOS.items() for repo in repos}
        self.agent = ScriptedAgent()
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
        self.damage = 0
        self.started = time.monotonic()
        self.secrets = folder / "credentials"
        self._set_up()
        self.process = Process(
            self.file, folder / "daemon.log", self._now, {"CREDENTIALS_DIRECTORY": str(self.secrets)}
        )
        self.calendar = Calendar(self, days=days, events=events)

    def _set_up(self) -> None:
        self.secrets.mkdir()
        (self.secrets / KEY).write_text(f"sk-{self.chance.randrange(16**32):032x}\n", encoding="utf-8")
        entries = []
        self.config: dict[str, Any] = {"identity": {}}
        for kind, forge in self.forges.items():
            forge.start()
            forge.before_write(self._writes)
            forge.add_account(BOT)
            for repo in REPOS[kind]:
                forge.add_repo(repo, labels=["bug", "question", "docs"])
                forge.add_collaborator(repo, BOT, permission="write")
                entries.append(self.entry(kind, repo))
            forge.add_repo(ELSEWHERE[kind], labels=["bug"])
            self.put_token(kind, forge.token(BOT))
            forge._faults.append(self.storms[kind])  # type: ignore[arg-type]
            self.storms[kind].share = 0.0
            self.config["identity"] |= identity(forge, BOT, TOKENS[kind])
        self.config |= {
            "mode": "auto",
            "llm": {"provider": "none"},
            "polling": {"interval_seconds": 60, "write_interval_seconds": 0, "settle_seconds": 60},
            "policy": {
                "max_runs_per_issue_per_day": 1000,
                "max_actions_per_hour": 10_000,
                "max_runs_per_person_per_day": 15,
            },
            "storage": {"path": str(self.folder / "memory.db"), "keep_days": KEEP_DAYS},
            "server": {"enabled": False},
            "agents": {
                "issue-triage": {"runtime": "url", "url": self.agent.url, "timeout_seconds": 60, "max_retries": 20}
            },
            "repos": entries,
        }
        as_left_by_an_earlier_release(self.database)
        self.write_config()

    def entry(self, kind: str, repo: str) -> dict[str, Any]:
        """Return what the configuration says of a repository."""
        labels = {"bug": ["crash"], "question": ["how do I"], "docs": ["typo"]}
        agent = {"type": "issue-triage", "events": EVENTS, "config": {"labels": labels}}
        return {"forge": kind, "path": repo, "agents": [agent]}

    @property
    def file(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def database(self) -> Path:
        return self.folder / "memory.db"

    def write_config(self) -> None:
        """Write the configuration as it is to be now."""
        self.file.write_text(yaml.safe_dump(self.config), encoding="utf-8")

    def put_token(self, kind: str, token: str) -> None:
        """Replace the file a token is read from."""
        part = self.secrets / f".{TOKENS[kind]}.part"
        part.write_text(f"{token}\n", encoding="utf-8")
        part.replace(self.secrets / TOKENS[kind])

    def _now(self) -> dict[str, Any]:
        return {"now": (self.time() + self.skew).isoformat(), "monotonic": self.time.monotonic()}

    def _thinks(self) -> None:
        if self.kill_at == "thought":
            self.kill_at = ""
            self.process.kill()

    def _writes(self, _: LedgerEntry) -> None:
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
        self.told["exit status"] = self.process.end()
        self.books.hear(self.forges.values())
        self.books.read(self.database, now=self.time())
        checked = foreman_at(self.process.root, self.file, "db", "check")
        self.damage = checked.returncode
        if checked.returncode:
            print(checked.stdout, checked.stderr, file=sys.stderr)

    def log_size(self) -> int:
        path = self.folder / "daemon.log"
        return path.stat().st_size if path.exists() else 0

    def failures(self) -> int:
        """Return how often the log tells of an error that nobody had thought of."""
        with (self.folder / "daemon.log").open(encoding="utf-8") as lines:
            return sum(any(word in line for word in UNTHOUGHT) for line in lines)

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
        memory, more_memory = self.growth.grown("memory", warm_up=WARM_UP)
        files, more_files = self.growth.grown("files", warm_up=WARM_UP, since=ALONE)
        threads, more_threads = self.growth.grown("threads", warm_up=WARM_UP, since=ALONE)
        self.bad = {
            "lost events": len(self.crowd.unseen),
            **self.books.bad(),
            "second comments": self.twice(),
            "left waiting for a person": self.books.states()["held"],
            "memory grew": int(more_memory >= MOST_MEMORY),
            "open files grew": int(more_files > MOST_OTHERS),
            "threads grew": int(more_threads > MOST_OTHERS),
            "rows kept too long": int(self.growth.keeps_growing(KEEP_DAYS)),
            "days of too much log": self.growth.too_much_log(),
            "steps that failed": self.failures(),
            "processes left": self.process.left,
            "damage in the database": self.damage,
            "exit status": self.told.pop("exit status"),
        }
        days = sorted(self.growth.log.values())
        asked, hits = (sum(getattr(storm, what) for storm in self.storms.values()) for what in ("asked", "hits"))
        return [
            ("days", self.days),
            ("events", self.crowd.made),
            ("  of them edits replaced before a look", self.crowd.replaced),
            ("issues", sum(len(forge.issues(repo)) for repo, forge in self.forge_of.items())),
            ("tasks", self.crowd.tasks),
            ("writes", self.books.written.total()),
            *((f"  actions {state}", number) for state, number in sorted(self.books.states().items())),
            *((name, number) for name, number in sorted(self.told.items())),
            ("starts", self.process.starts),
            ("schema at the end", self.process.schema),
            *self.bad.items(),
            ("requests", asked),
            ("faults", f"{hits} ({100 * hits / max(1, asked):.1f} %)"),
            ("memory after warm-up, MB", f"{memory / 1e6:.1f}"),
            ("memory growth, MB", f"{more_memory / 1e6:.1f}"),
            ("open files, more", f"{files}, {more_files}"),
            ("threads, more", f"{threads}, {more_threads}"),
            ("rows after a quarter, half, all", ", ".join(map(str, self.growth.parts(self.growth.rows)))),
            ("database then, MB", ", ".join(f"{size / 1e6:.1f}" for size in self.growth.parts(self.growth.database))),
            ("logged on a day, median and most, kB", f"{days[len(days) // 2] / 1e3:.1f}, {days[-1] / 1e3:.1f}"),
            ("seconds, of them of processor time", f"{time.monotonic() - self.started:.0f}, {_worked():.0f}"),
        ]

    def twice(self) -> int:
        """Return how many issues have a second comment of ours, though nobody took one back or moved it."""
        return sum(
            max(0, sum(said.author == BOT for said in self.forge_of[repo].issue(repo, number).comments) - 1)
            for repo, numbers in self.calendar.unmoved().items()
            for number in numbers
        )

    @property
    def failed(self) -> bool:
        """Whether anything is not as it must be."""
        return any(self.bad.values())


def _worked() -> float:
    """Return the processor seconds of this process and of those that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


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
