"""Kill a real daemon at every named point and at random ones; start it again; the forge's ledger must equal the log.

`pytest --kills 1000` sets the number of random kills; `--long` tries SIGTERM at every point as well as SIGKILL.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from foreman.checkpoint import KILL_POINTS
from foreman.sandbox import Fault, commit_then_drop
from tests.durability import audit
from tests.world import BOT, REPO, Kind, World, decision, wait_until

pytestmark = [pytest.mark.kill, pytest.mark.timeout(600)]

ELSEWHERE = {"undo.planned.committed"}
"""Points that no daemon passes: a command does (tests/undo)."""

KILLS_IN_ONE_WORLD = 50
"""Each with an issue of its own: with more in one hour the daemon would stop writing as one that has gone mad."""

AT_THE_FORGE = ("executor.sent.committed", "executor.request.done")
"""Where it matters which forge it is: it may have done what was asked for."""

LONG = {"orders.take.inside", "orders.answer.inside"}
"""At full length only: what a transaction has not committed is as if it had never been."""

POINTS = [
    pytest.param(point, marks=pytest.mark.long if point in LONG else ())
    for point in KILL_POINTS
    if point not in ELSEWHERE
]


class Scenario:
    """Issues that make a daemon pass every point: an ordinary one, one that goes stale, one lost reply, one order."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.edited: set[int] = set()
        world.agent.answer = self.answer
        world.config["agents"]["issue-triage"]["max_retries"] = 20
        world.config["policy"] = {"max_actions_per_hour": 4 * KILLS_IN_ONE_WORLD}
        self.numbers = [world.forge.open_issue(REPO, title=f"It crashes {n}", author="kim") for n in range(3)]
        world.forge.add_collaborator(REPO, "mia", "maintain")
        self.ordered = world.forge.open_issue(REPO, title="It is about orders", author="kim")
        self.said = 0
        path = f"/issues/{self.numbers[2]}/(comments|notes)"
        world.forge.inject(Fault(method="POST", path=path, action=commit_then_drop))

    def answer(self, task: dict[str, Any]) -> dict[str, Any]:
        number = task["payload"]["issue"]["number"]
        if not self.said:  # once there was a first look
            body = f"@{BOT} label +question"
            self.said = self.world.forge.comment(REPO, self.ordered, author="mia", body=body)
        if number == self.ordered:
            return decision(task)
        if number == self.numbers[1] and number not in self.edited:
            self.edited.add(number)
            self.world.forge.edit_issue(REPO, number, body="now with a traceback", by="kim")
        asked: list[dict[str, Any]] = [{"type": "add_label", "label": "bug"}]
        # An honest agent does not answer twice; what it did before it sees in the memory summary.
        if "comment posted" not in task["context"]["memory_summary"]:
            asked.append({"type": "comment", "body": "Which version is that?"})
        return decision(task, *asked)

    def is_obeyed(self) -> bool:
        """Whether the order was answered, and answered once."""
        given = [
            said.reactions for said in self.world.forge.issue(REPO, self.ordered).comments if said.id == self.said
        ]
        return bool(given) and [one.content for one in given[0]] == ["eyes", "+1"]


@pytest.fixture
def scenario(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scenario]:
    world = World(tmp_path, kind=getattr(request, "param", "github"))
    yield Scenario(world)
    world.close()


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_loses_nothing_and_repeats_nothing(scenario: Scenario, point: str) -> None:
    _die_and_recover(scenario, point, "KILL")


@pytest.mark.parametrize("scenario", ["gitlab"], indirect=True)
@pytest.mark.parametrize("point", AT_THE_FORGE)
def test_a_kill_beside_a_write_to_gitlab_loses_nothing_and_repeats_nothing(scenario: Scenario, point: str) -> None:
    _die_and_recover(scenario, point, "KILL")


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS)
def test_a_termination_at_any_point_loses_nothing_and_repeats_nothing(scenario: Scenario, point: str) -> None:
    _die_and_recover(scenario, point, "TERM")


def _die_and_recover(scenario: Scenario, point: str, how: str) -> None:
    world = scenario.world
    process = world.start(FOREMAN_KILL_AT=point, FOREMAN_KILL_SIGNAL=how)
    try:
        process.wait(90)
    finally:
        process.kill()
        process.wait(60)
    assert process.returncode == (-signal.SIGKILL if how == "KILL" else 0), world.log[-2000:]
    with world.running():
        over = lambda: scenario.is_obeyed() and audit.at_rest(world, scenario.numbers)  # noqa: E731
        wait_until(over, f"rest after {how} at {point}", 90)

    assert audit.violations(world, scenario.numbers) == []
    assert list(world.forge.issue(REPO, scenario.ordered).labels) == ["question"]


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", ["github", pytest.param("gitlab", marks=pytest.mark.long)])
def test_random_kills_lose_nothing_and_repeat_nothing(
    tmp_path: Path, request: pytest.FixtureRequest, kind: Kind
) -> None:
    usual = 50 if request.config.getoption("--long") else 12
    kills = request.config.getoption("--kills") or usual // (1 if kind == "github" else 4)
    seed = random.randrange(2**32)
    print(f"seed {seed}, {kills} kills")
    chance = random.Random(seed)
    for first in range(0, kills, KILLS_IN_ONE_WORLD):
        folder = tmp_path / str(first)
        folder.mkdir()
        world = World(folder, kind=kind)
        try:
            _kill_at_random(Scenario(world), chance, min(KILLS_IN_ONE_WORLD, kills - first), f"seed {seed}")
        finally:
            world.close()


def _kill_at_random(scenario: Scenario, chance: random.Random, kills: int, told: str) -> None:
    world = scenario.world
    numbers = list(scenario.numbers)
    for number in range(kills):
        numbers.append(world.forge.open_issue(REPO, title=f"It crashes again {number}", author=f"kim{number}"))
        before = len(world.log)
        process = world.start()
        try:
            wait_until(lambda at=before: "daemon_ready" in world.log[at:], "a start", 60)
            threading.Event().wait(chance.uniform(0, 1.5))
        finally:
            process.kill()
            process.wait(60)
    with world.running():
        wait_until(lambda: audit.at_rest(world, numbers), "rest after the last kill", 120)

    assert audit.violations(world, numbers) == [], told


def test_a_termination_ends_within_five_seconds(scenario: Scenario) -> None:
    """With work in flight: an agent that is still thinking, and a forge that does not answer."""
    world = scenario.world
    hold = threading.Event()
    world.agent.answer = lambda task: (hold.wait(240), decision(task))[1]
    process = world.start()
    try:
        wait_until(lambda: world.agent.tasks, "a task in flight")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        took = time.monotonic() - began
    finally:
        hold.set()
        process.kill()
        process.wait(60)

    assert process.returncode == 0
    print(f"SIGTERM to exit: {took:.1f} s")
    assert "daemon_stopped" in world.log


def test_a_second_signal_ends_at_once_and_loses_nothing(scenario: Scenario) -> None:
    world = scenario.world
    process = world.start()
    try:
        wait_until(lambda: world.agent.tasks, "a task")
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        process.kill()
        process.wait(60)
    with world.running():
        wait_until(lambda: scenario.is_obeyed() and audit.at_rest(world, scenario.numbers), "rest", 90)

    assert audit.violations(world, scenario.numbers) == []
