"""Any order of what people, agents, the forge and the machine may do: nothing is lost, nothing is done twice.

By default a few short runs, always the same; `--hypothesis-seed N` takes others, `--long` many and longer ones.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from foreman.model import ActionState
from foreman.sandbox import Fault
from foreman.sandbox import faults as bad
from foreman.store.database import Database
from tests.durability import books
from tests.durability.moods import MOODS
from tests.durability.town import Act, Town
from tests.world import Kind

WORK = st.sampled_from([True, True, False])
WHICH = st.integers(0, 7)
MODES = st.sampled_from(["auto", "auto", "approve", "shadow"])
MOOD = st.sampled_from(["honest", "honest", *sorted(MOODS)])
LIMIT = {"Retry-After": "90"}
TROUBLE = {
    "500": bad.reply(500),
    "page": bad.reply(502, body="<html>bad gateway</html>"),
    "401": bad.reply(401, body={"message": "Bad credentials"}),
    "limit": bad.reply(429, headers=LIMIT, body={"message": "rate limit"}),
    "limit without a date": bad.reply(403, body={"message": "You have exceeded a secondary rate limit"}),
    "dropped": bad.drop_before(),
    "done and dropped": bad.commit_then_drop(),
    "done and 500": bad.commit_then_status(500),
    "done late": bad.commit_late(0.05),
    "cut": bad.truncate(20),
    "portal": bad.not_json(),
    "stale": bad.stale_list(20),
    "reordered": bad.reorder_pages(),
}
ACTS: dict[str, Act] = {
    "opens another": lambda town, _: town.person_opens(),
    "comments": lambda town, number: town.person_comments(number),
    "answers as maintainer": lambda town, number: town.person_comments(number, who="acme"),
    "edits": lambda town, number: town.person_edits(number),
    "labels": lambda town, number: town.person_labels(number, "bug"),
    "labels otherwise": lambda town, number: town.person_labels(number, "question"),
    "asks for triage": lambda town, number: town.person_labels(number, "foreman:triage"),
    "says hands off": lambda town, number: town.person_labels(number, "foreman:hold"),
    "closes": lambda town, number: town.person_closes(number),
    "locks": lambda town, number: town.person_locks(number),
    "moves away": lambda town, number: town.person_moves(number),
    "deletes": lambda town, number: town.person_deletes(number),
    "brings one": lambda town, _: town.person_brings(),
}
ACT = st.sampled_from([*sorted(ACTS), "comments", "edits", "opens another"])


class TownMachine(RuleBasedStateMachine):
    """After each rule the daemon works or does not; when it has worked, what it wrote is judged at once."""

    database: bytes
    kind: Kind

    @initialize(opened=st.integers(1, 3), mode=MODES, allow_close=st.booleans(), mood=MOOD)
    def begin(self, opened: int, mode: str, allow_close: bool, mood: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.town = Town(Path(self.folder.name), self.database, self.kind)
        self.judged = 0
        self.town.config["mode"] = mode
        self.town.config["policy"]["allow_close"] = allow_close
        self.town.mood = mood
        for _ in range(opened):
            self.town.person_opens()
        self.town.start()

    def teardown(self) -> None:
        if not hasattr(self, "town"):
            return
        try:
            self.town.maintainer_pauses(paused=False)
            self._come_to_rest()
        finally:
            self.town.close()
            self.folder.cleanup()

    @rule(which=WHICH, act=ACT, mood=MOOD, work=WORK)
    def person(self, which: int, act: str, mood: str, work: bool) -> None:
        self.town.mood = mood
        ACTS[act](self.town, self._number(which))
        self._go_on(work)

    @rule(which=WHICH, act=ACT, later=ACT, mood=MOOD)
    def person_acts_again_while_the_agent_thinks(self, which: int, act: str, later: str, mood: str) -> None:
        self.town.mood = mood
        self.town.meanwhile = ACTS[later]
        ACTS[act](self.town, self._number(which))
        self._go_on()

    @rule(
        trouble=st.sampled_from(sorted(TROUBLE)),
        method=st.sampled_from([None, "GET", "POST"]),
        after=st.integers(0, 6),
        times=st.integers(1, 3),
        work=WORK,
    )
    def trouble(self, trouble: str, method: str | None, after: int, times: int, work: bool) -> None:
        if trouble in ("stale", "reordered", "done late"):
            method = "POST" if trouble == "done late" else "GET"
        if method == "POST" and self.kind == "gitlab" and after % 2:
            method = "PUT"  # labels and states; comments are posted
        self.town.forge.inject(Fault(method=method, after=after, times=times, action=TROUBLE[trouble]))
        self._go_on(work)

    @rule(requests=st.integers(0, 10), seconds=st.sampled_from([45, 3700]))
    def rate_limit(self, requests: int, seconds: int) -> None:
        self.town.forge.rate_limit(requests, self.town.time() + timedelta(seconds=seconds))
        self._go_on()

    @rule(count=st.integers(0, 14), which=WHICH, act=ACT)
    def crash(self, count: int, which: int, act: str) -> None:
        """The daemon ends at its so-manieth write; at none it is only started again."""
        ACTS[act](self.town, self._number(which))
        if count:
            self.town.crash(count)
            self._judge()
        else:
            self.town.start()

    @rule(seconds=st.sampled_from([5, 61, 600, 3700, 90_000]), work=WORK)
    def time_passes(self, seconds: int, work: bool) -> None:
        self.town.time.advance(seconds)
        self._go_on(work)

    @rule(minutes=st.sampled_from([-120, -10, -1, 1, 10, 120]), work=WORK)
    def clock_jumps(self, minutes: int, work: bool) -> None:
        self.town.clock_jumps(minutes)
        self._go_on(work)

    @rule(mode=MODES, allow_close=st.booleans())
    def reload(self, mode: str, allow_close: bool) -> None:
        self.town.maintainer_configures(mode, allow_close=allow_close)
        self._go_on()

    @rule(well=st.booleans(), work=WORK)
    def maintainer_judges_what_is_held_and_dead(self, well: bool, work: bool) -> None:
        self.town.maintainer_judges(well=well)
        self.town.maintainer_retries()
        self._go_on(work)

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        self.town.maintainer_pauses(paused=paused)
        self._go_on()

    @rule(which=WHICH, work=WORK)
    def take_back(self, which: int, work: bool) -> None:
        done = [e.id for e in self.town.log() if any(a.state is ActionState.DONE for a in e.actions)]
        if done:
            self.town.maintainer_takes_back(done[which % len(done)])
        self._go_on(work)

    @rule()
    def rest(self) -> None:
        if not self.town.paused:
            self._come_to_rest()

    def _number(self, which: int) -> int:
        return self.town.numbers[which % len(self.town.numbers)]

    def _go_on(self, work: bool = True) -> None:
        if work:
            self.town.time.advance(5)
            self.town.work()
            self._judge()

    def _judge(self) -> None:
        new = self.town.forge.writes()[self.judged :]
        self.judged += len(new)
        wrong = books.out_of_order(self.town, new)
        assert not wrong, wrong

    def _come_to_rest(self) -> None:
        waits = self.town.rest()
        self._judge()
        assert not waits, waits
        wrong = books.violations(self.town)
        assert not wrong, wrong


def _run(
    database: bytes, kind: Kind, request: pytest.FixtureRequest, *, examples: int, steps: int, shrink: bool
) -> None:
    machine = type("Machine", (TownMachine,), {"database": database, "kind": kind})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=request.config.getoption("--hypothesis-seed") is None,
            phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        ),
    )


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a migrated database: making one takes longer than a run."""
    path: Path = tmp_path_factory.mktemp("fresh") / "memory.db"
    Database.open(path).close()
    return path.read_bytes()


@pytest.mark.parametrize(("kind", "examples"), [("github", 4), ("gitlab", 2)])
def test_nothing_is_lost_or_done_twice_in_any_order(
    database: bytes, kind: Kind, examples: int, request: pytest.FixtureRequest
) -> None:
    _run(database, kind, request, examples=examples, steps=10, shrink=False)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_nothing_is_lost_or_done_twice_in_any_order_for_long(
    database: bytes, kind: Kind, request: pytest.FixtureRequest
) -> None:
    _run(database, kind, request, examples=150, steps=30, shrink=True)
