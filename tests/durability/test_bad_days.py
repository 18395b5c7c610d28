"""The forge on a bad day, and the whole daemon through it: nothing lost, nothing twice, well again without a restart.

One daemon lives through all of them, one after the other, on a clock of the test. What a single adapter makes of a
single reply is proven elsewhere (`tests/forge`, `tests/poller`, `tests/executor`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from foreman.app.overview import Overview, overview
from foreman.config.load import load
from foreman.daemon import Drained
from foreman.model import ActionState
from foreman.sandbox import (
    Action,
    Fault,
    commit_late,
    commit_then_drop,
    commit_then_status,
    drip,
    drop_before,
    not_json,
    redirect,
    reorder_pages,
    reply,
    stale_list,
    truncate,
)
from foreman.store import inbox
from tests.durability.yard import Crew, Yard, state_of
from tests.rig import empty_database
from tests.world import BOT, REPO

OTHER = "acme/gadget"
MINUTE = 60.0
LIST = r"/repos/acme/widget/issues$"
ISSUE = r"/repos/acme/widget/issues/\d+"


class Life:
    """One daemon and its forge, minute by minute."""

    def __init__(self, yard: Yard, crew: Crew) -> None:
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
        self.crew.daemon._chores()
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

    def said(self, number: int, repo: str = REPO) -> int:
        return sum(1 for comment in self.forge.issue(repo, number).comments if comment.author == BOT)

    def writes(self, number: int, repo: str = REPO) -> list[str]:
        """What was done to an issue, by the forge's own account."""
        return [entry.effect for entry in self.forge.writes() if entry.effect.endswith(f" {repo}#{number}")]

    def status(self) -> Overview:
        return overview(load(self.yard.file), self.crew.shop.db, now=self.yard.time())

    @contextmanager
    def trouble(self, *faults: Fault) -> Iterator[None]:
        injected = [self.forge.inject(fault) for fault in faults]
        try:
            yield
        finally:
            for one in injected:
                one.remove()


@contextmanager
def life_of(folder: Path) -> Iterator[Life]:
    yard = Yard(folder)
    try:
        (folder / "memory.db").write_bytes(empty_database())
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


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    with life_of(tmp_path_factory.mktemp("life")) as made:
        yield made


WRITE, READ, ANY = ("POST", ISSUE), ("GET", ISSUE), (None, "")
LISTED = ("GET", LIST)

Make = Callable[[Life], Action]


def _reset(life: Life) -> Action:
    at = life.yard.time() + timedelta(minutes=10)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(at.timestamp()))}
    return reply(403, headers, {"message": "API rate limit exceeded"})


DAYS: dict[str, tuple[tuple[str | None, str], Action | Make]] = {
    "a write done and its reply lost": (WRITE, commit_then_drop()),
    "a write done late": (WRITE, commit_late(0.2)),
    "a write done and answered 500": (WRITE, commit_then_status(500)),
    "a write done and half a reply": (WRITE, truncate(1)),
    "a write not done and no reply": (WRITE, drop_before()),
    "a write answered by a portal": (WRITE, not_json()),
    "a write too fast, with a time": (WRITE, reply(429, {"Retry-After": "120"}, {"message": "slow down"})),
    "a write too fast, without a time": (WRITE, reply(403, body={"message": "You exceeded a secondary rate limit"})),
    "a write over the quota": (WRITE, _reset),
    "a write with a refused token": (WRITE, reply(401, body={"message": "Bad credentials"})),
    "an issue read from behind": (READ, stale_list(20)),
    "an issue cut short": (READ, truncate(40)),
    "an issue that is a portal": (READ, not_json()),
    "an issue dripping": (READ, drip(20_000)),
    "an issue with a refused token": (READ, reply(401, body={"message": "Bad credentials"})),
    "an issue too fast, with a time": (READ, reply(403, {"Retry-After": "120"}, {"message": "slow down"})),
    "an issue refused": (READ, reply(403, body={"message": "Resource not accessible"})),
    "a list from behind": (LISTED, stale_list(90)),
    "a list cut short": (LISTED, truncate(40)),
    "a list in another order": (LISTED, reorder_pages()),
    "a list that is no list": (LISTED, reply(200, body={"message": "hello"})),
    "a list that is not JSON": (LISTED, reply(200, body='[{"number": 1,')),
    "a list moved": (LISTED, redirect("/repos/acme/elsewhere/issues", 301)),
    "a list not found": (LISTED, reply(404, body={"message": "Not Found"})),
    "a list gone": (LISTED, reply(410, body={"message": "Issues are disabled for this repo"})),
    "everything 502": (ANY, reply(502, body="<html>Bad gateway</html>")),
    "everything a portal": (ANY, not_json()),
    "everything over the quota": (ANY, _reset),
    "everything with a refused token": (ANY, reply(401, body={"message": "Bad credentials"})),
}


@pytest.mark.parametrize("day", DAYS)
def test_a_bad_day_is_lived_through_without_a_restart(life: Life, day: str) -> None:
    (method, path), action = DAYS[day]
    made = action if isinstance(action, Action) else action(life)
    life.yard.time.advance(60 * MINUTE)
    numbers = life.open()
    fault = life.forge.inject(Fault(method=method, path=path, times=None, action=made))
    life.until(lambda: fault.hits > 0, minutes=5)
    life.minute()
    fault.remove()
    numbers += life.open()
    life.until(lambda: life.at_rest(numbers) and life.status().attention == ())

    assert life.yard.violations(numbers) == []
