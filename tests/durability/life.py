"""One daemon and its forge, minute by minute, on a clock of the test: what bad days are tried on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from foreman.app.overview import overview
from foreman.app.standing import Overview
from foreman.config.load import load
from foreman.daemon import Drained
from foreman.model import ActionState
from foreman.sandbox import Action, Fault, Injected
from foreman.store import inbox
from tests.durability.yard import Crew, Yard, state_of
from tests.empty import empty_database
from tests.world import BOT, REPO, Kind

OTHER = "acme/gadget"
ELSEWHERE = "acme/of-no-concern"
MINUTE = 60.0


class Life:
    """One daemon and its forge, minute by minute."""

    def __init__(self, yard: Skewed, crew: Crew) -> None:
        self.yard = yard
        self.crew = crew
        self.forge = yard.forge
        self.people = 0

    def open(self, repo: str = REPO, *, count: int = 1, title: str = "It crashes") -> list[int]:
        """Open issues, each by somebody else."""
        first = self.people = self.people + 1
        self.people += count
        return [self.forge.open_issue(repo, title=title, author=f"kim{first + n}") for n in range(count)]

    def minute(self) -> None:
        """Do what a running daemon does, as far as its clock tells it to, and let a minute pass."""
        self.crew.daemon._labour.tend()
        self.crew.account.poll_due()
        if self.busy():
            self.crew.daemon.drain(Drained())
            self.forge.settle()
        self.yard.time.advance(MINUTE)

    def until(self, true: Callable[[], bool], *, minutes: int = 45) -> None:
        for _ in range(minutes):
            if true():
                return
            self.minute()
        raise AssertionError(f"not within {minutes} minutes")

    def busy(self) -> bool:
        """Whether anything is to be done, now or later."""
        with self.crew.shop.db.read() as connection:
            if inbox.waiting_count(connection) or inbox.oldest_ready(connection):
                return True
            return any(state_of(connection, state) for state in (ActionState.PLANNED, ActionState.SENT))

    def at_rest(self, numbers: list[int], repo: str = REPO) -> bool:
        """Whether these issues were answered and nothing is under way."""
        return not self.busy() and all(self.said(number, repo) for number in numbers)

    def bad_day(self, method: str | None, path: str, action: Action) -> list[str]:
        """Open issues before and during trouble, wait until all is well again, and return what the audit then says."""
        self.yard.time.advance(60 * MINUTE)
        numbers = self.open()
        with self.trouble(Fault(method=method, path=path, times=None, action=action)) as (fault,):
            self.until(lambda: fault.hits > 0, minutes=5)
            self.minute()
        numbers += self.open()
        self.until(lambda: self.at_rest(numbers) and self.status().attention == ())
        return self.violations(numbers)

    def ends_meanwhile(self, number: int, end: Callable[[], object]) -> None:
        """Let something happen to an issue while the agent thinks about it for the first time."""
        ended: list[object] = []

        def too_late(task: dict[str, Any]) -> dict[str, Any]:
            if task["payload"]["issue"]["number"] == number and not ended:
                ended.append(end())
                self.yard.agent.answer = Yard.honest
            return Yard.honest(task)

        self.yard.agent.answer = too_late

    def said(self, number: int, repo: str = REPO) -> int:
        return sum(1 for comment in self.forge.issue(repo, number).comments if comment.author == BOT)

    def writes(self, number: int, repo: str = REPO) -> list[str]:
        """What was done to an issue, by the forge's own account."""
        return [entry.effect for entry in self.forge.writes() if entry.effect.endswith(f" {repo}#{number}")]

    def violations(self, numbers: list[int]) -> list[str]:
        """What the audit says of everything, and of these issues; what became of others is their own test's matter."""
        found = [(re.match(r"#(\d+)", line), line) for line in self.yard.violations(numbers)]
        return [line for about, line in found if about is None or int(about[1]) in numbers]

    def status(self) -> Overview:
        return overview(load(self.yard.file), self.crew.shop.db, now=self.yard.time())

    @contextmanager
    def trouble(self, *faults: Fault) -> Iterator[list[Injected]]:
        injected = [self.forge.inject(fault) for fault in faults]
        try:
            yield injected
        finally:
            for one in injected:
                one.remove()


class Skewed(Yard):
    """A yard in which our clock may differ from the forge's."""

    def __init__(self, folder: Path, kind: Kind) -> None:
        super().__init__(folder, kind)
        self.skew = timedelta(0)
        self.clock = lambda: self.time() + self.skew


@contextmanager
def life_of(folder: Path, kind: Kind = "github") -> Iterator[Life]:
    yard = Skewed(folder, kind)
    try:
        (folder / "memory.db").write_bytes(empty_database())
        yard.forge.add_repo(ELSEWHERE, labels=["bug"])
        yard.forge.add_repo(OTHER, labels=["bug"])
        yard.forge.add_collaborator(OTHER, BOT, permission="write")
        yard.config["repos"].append(yard.repo(OTHER))
        yard.config["polling"]["interval_seconds"] = MINUTE
        yard.config["policy"] = {"max_actions_per_hour": 10_000}
        with yard.crew() as crew:
            life = Life(yard, crew)
            life.minute()
            yield life
    finally:
        yard.close()
