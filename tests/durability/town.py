"""A yard with people in it: they open, edit, talk, relabel, approve and take back while the daemon works and ends.

The forge's clock only goes forward; ours may be put elsewhere. Everything happens in one thread but the daemon's own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from foreman import undo
from foreman.daemon import Drained
from foreman.errors import ConfigError, ForgeError
from foreman.forge.base import ForgeReader
from foreman.model import ActionState, InboxState, RepoRef
from foreman.store import actions, controls, inbox, polls
from foreman.store.actions import LogEntry
from tests.durability.moods import MOODS
from tests.durability.yard import Crash, Crew, Yard
from tests.world import REPO, Kind

ELSEWHERE = "acme/elsewhere"
RUNS_A_DAY = 6
WRITES_AN_HOUR = 12
WHEN_FULL = ("runs_per_issue", "runs_per_person")
"""Why work may be set aside for as long as a day."""

Act = Callable[["Town", int], None]


class Town(Yard):
    """Opened with `start`; ended with `close`."""

    def __init__(self, folder: Path, database: bytes, kind: Kind = "github") -> None:
        super().__init__(folder, kind)
        self.widget = RepoRef(self.kind, REPO)
        (folder / "memory.db").write_bytes(database)
        self.skew = self.most_ahead = timedelta(0)
        self.clock = self.ours
        self.numbers: list[int] = []
        self.said: dict[int, int] = {}
        self.excused: set[int] = set()
        self.serial = 0
        self.mood = "honest"
        self.meanwhile: Act | None = None
        self.paused = False
        self.config["mode"] = "auto"
        self.config["policy"] = {
            "allow_close": False,
            "max_runs_per_issue_per_day": RUNS_A_DAY,
            "max_actions_per_hour": WRITES_AN_HOUR,
            "labels": {"remove": ["bug"]},
        }
        self.config["agents"]["issue-triage"]["max_retries"] = 2
        self.agent.answer = self._answer
        self.forge.add_repo(ELSEWHERE, labels=["bug"])
        for label in ("foreman:triage", "foreman:hold"):
            self.forge.create_label(REPO, label)
        self._stack = ExitStack()
        self._at_work: Crew | None = None

    def ours(self) -> datetime:
        """Return the time of day as this machine believes it."""
        return self.time() + self.skew

    def clock_jumps(self, minutes: int) -> None:
        """Put this machine's clock elsewhere; the forge's stays."""
        self.skew += timedelta(minutes=minutes)
        self.most_ahead = max(self.most_ahead, self.skew)

    @property
    def at_work(self) -> Crew:
        assert self._at_work is not None
        return self._at_work

    @property
    def mode(self) -> str:
        return str(self.config["mode"])

    @property
    def allow_close(self) -> bool:
        return bool(self.config["policy"]["allow_close"])

    def start(self) -> None:
        """Start a daemon; where the forge refuses it, as a supervisor does, once the forge is well."""
        self._stack.close()
        try:
            self._at_work = self._stack.enter_context(self.crew(workers=1))
        except (ForgeError, ConfigError):
            self.fair_weather()
            self._at_work = self._stack.enter_context(self.crew(workers=1))
        self.at_work.daemon.recover()

    def close(self) -> None:
        self._stack.close()
        super().close()

    def crash(self, count: int) -> None:
        """Let the daemon end before its so-manieth write, and start again."""
        self.at_work.end_before_transaction(count)
        with suppress(Crash):
            self.work()
        self.start()

    def work(self) -> None:
        """Do what a daemon does in five seconds."""
        crew = self.at_work
        crew.shop.agents.tend()
        crew.daemon._labour.tend()
        crew.account.poll_due()
        crew.daemon.drain(Drained())
        # What is under way at the forge ends within the time an honest crew waits.
        self.forge.settle()

    def fair_weather(self) -> None:
        """Let the forge be well again."""
        self.forge.clear_faults()
        self.forge.rate_limit(1_000_000, self.time())

    def rest(self) -> str:  # type: ignore[override]
        """Work and let time pass, in fair weather, until nothing waits; returns what still does."""
        self.fair_weather()
        what = ""
        for count in range(90):
            self.time.advance(30 if count < 12 else 600 if count < 40 else 7200)
            seen = len(self.forge.ledger)
            self.work()
            what = self._unrest()
            # A clock that was put back may show the time of the last look once more.
            if not what and len(self.forge.ledger) > seen:
                return ""
        return what or "nobody looked at the forge"

    def _unrest(self) -> str:
        with self.at_work.shop.db.read() as connection:
            states = actions.states(connection)
            unfinished = {str(s): states[s] for s in (ActionState.PLANNED, ActionState.SENT) if states.get(s)}
            waits = [f"{item.issue.number}: {item.state} {item.reason}" for item in _waiting(connection)]
            poll = polls.get(connection, self.widget)
        if poll is None or poll.failures or poll.last_ok_at != self.ours():
            return f"the poll: {poll}"
        return f"open actions {unfinished}, inbox {waits}" if unfinished or waits else ""

    def log(self) -> tuple[LogEntry, ...]:  # type: ignore[override]
        """Return the whole action log, oldest first."""
        with self.at_work.shop.db.read() as connection:
            return tuple(reversed(actions.entries(connection, limit=5000)))

    def set_aside(self) -> dict[int, str]:
        """Return the issues whose work was given up or waits for another day, and why."""
        with self.at_work.shop.db.read() as connection:
            dead = {entry.item.issue.number: entry.item.reason for entry in inbox.dead(connection)}
            held = {i.issue.number: i.reason for i in inbox.waiting(connection, limit=1000) if i.state == "held"}
        return dead | held

    # What people do.

    def person_opens(self) -> None:
        self.numbers.append(self.forge.open_issue(REPO, title=f"It crashes {len(self.numbers)}", author="kim"))

    def person_edits(self, number: int) -> None:
        self.serial += 1
        self.forge.edit_issue(REPO, number, body=f"edited {self.serial}", by="kim")

    def person_comments(self, number: int, who: str = "kim") -> None:
        self.serial += 1
        said = self.forge.comment(REPO, number, author=who, body=f"comment {self.serial}")
        if who == "kim":
            self.said[number] = said

    def person_labels(self, number: int, label: str) -> None:
        """Toggle a label."""
        if label in self.forge.issue(REPO, number).labels:
            self.forge.remove_label(REPO, number, label)
        else:
            self.forge.add_label(REPO, number, label)

    def person_closes(self, number: int) -> None:
        """Toggle. What is closed before the first look at the repository is nobody's business."""
        if self.forge.issue(REPO, number).state == "open":
            self.forge.close_issue(REPO, number)
            with self.at_work.shop.db.read() as connection:
                first_look = polls.get(connection, self.widget)
            if first_look is None or not first_look.first_done:
                self.excused.add(number)
        else:
            self.forge.reopen(REPO, number)

    def person_locks(self, number: int) -> None:
        """Toggle."""
        if self.forge.issue(REPO, number).locked:
            self.forge.unlock(REPO, number)
        else:
            self.forge.lock(REPO, number)

    def person_moves(self, number: int) -> None:
        """Move an issue to where we do not work; the last one stays."""
        self._let_go(number, lambda: self.forge.transfer(REPO, number, ELSEWHERE))

    def person_deletes(self, number: int) -> None:
        """Delete an issue for good; the last one stays."""
        self._let_go(number, lambda: self.forge.delete_issue(REPO, number))

    def _let_go(self, number: int, how: Callable[[], object]) -> None:
        if len(self.numbers) > 1:
            how()
            self.numbers.remove(number)

    def person_brings(self) -> None:
        """Move an issue here from where we do not work."""
        number = self.forge.open_issue(ELSEWHERE, title=f"It came {self.serial}", author="kim")
        self.numbers.append(self.forge.transfer(ELSEWHERE, number, REPO))

    def maintainer_configures(self, mode: str, *, allow_close: bool) -> None:
        self.config["mode"] = mode
        self.config["policy"]["allow_close"] = allow_close
        assert self.file
        assert self.at_work.shop.config.reload()

    def maintainer_judges(self, *, well: bool) -> None:
        """Approve or refuse everything that is held."""
        with self.at_work.shop.db.transaction() as connection:
            for action in actions.held(connection):
                if well:
                    actions.approve(connection, action.id, by="maintainer", now=self.ours())
                else:
                    actions.reject(connection, action.id, by="maintainer", now=self.ours())

    def maintainer_pauses(self, *, paused: bool) -> None:
        with self.at_work.shop.db.transaction() as connection:
            if paused:
                controls.pause(connection, controls.EVERYTHING, "maintainer", self.ours())
            else:
                controls.resume(connection, controls.EVERYTHING)
        self.paused = paused

    def maintainer_takes_back(self, log_id: int) -> None:
        shop = self.at_work.shop
        connection = shop.connections[self.kind]
        reader: ForgeReader = connection.reader
        try:
            plan = undo.prepare(shop.db, reader, bot_id=connection.bot.id, log_ids=[log_id])
        except ForgeError:
            return
        undo.enqueue(shop.db, plan, by="maintainer", now=self.ours())

    def maintainer_retries(self) -> None:
        """Let everything that gave up try again."""
        with self.at_work.shop.db.transaction() as connection:
            inbox.retry(connection, [dead.item.id for dead in inbox.dead(connection)], self.ours())

    def _answer(self, task: dict[str, Any]) -> Any:
        number = task["payload"]["issue"]["number"]
        act, self.meanwhile = self.meanwhile, None
        if act is not None and number in self.numbers:
            self.time.advance(30)
            act(self, number)
            self.time.advance(30)
        return MOODS[self.mood](task)


def _waiting(connection: Any) -> list[Any]:
    """Return work that is to be done today."""
    found = inbox.waiting(connection, limit=1000)
    counted = inbox.counts(connection)
    assert not counted.get(InboxState.CLAIMED), "a claim outlived its worker"
    return [item for item in found if not (item.state is InboxState.HELD and item.reason.startswith(WHEN_FULL))]
