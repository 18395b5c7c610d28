"""A bound on runs holds each task until there is room for it, and none is looked at before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foreman.model import InboxState
from foreman.store import inbox
from foreman.store.database import Database
from tests.rig import Clock
from tests.world import REPO, World, decision

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Clock:
    made = Clock()
    made.jump((datetime.now(UTC).replace(microsecond=0) - made()).total_seconds())
    return made


@pytest.fixture
def world(tmp_path: Path, clock: Clock) -> Iterator[World]:
    made = World(tmp_path, clock=clock)
    made.agent.answer = decision
    made.config["workers"] = 1
    made.config["policy"] = {"max_runs_per_person_per_day": 2, "max_runs_per_issue_per_day": 1}
    yield made
    made.close()


def held(world: World) -> dict[int, datetime | None]:
    with closing(Database.open(world.folder / "memory.db")) as db, db.read() as connection:
        waiting = inbox.waiting(connection, states=(InboxState.HELD,))
    return {item.issue.number: item.held_until for item in waiting}


def asked(world: World) -> list[int]:
    return [task["payload"]["issue"]["number"] for task in world.agent.tasks]


def looks(world: World, number: int) -> int:
    return sum(entry.path.endswith(f"/issues/{number}") for entry in world.forge.ledger)


def two_runs_and_two_held(world: World, clock: Clock) -> tuple[list[int], list[datetime]]:
    for _ in range(2):
        world.forge.open_issue(REPO, title="It crashes", author="kim")
        world.once()
        clock.advance(3600)
    waiting = []
    for _ in range(2):
        waiting.append(world.forge.open_issue(REPO, title="It crashes again", author="kim"))
        clock.advance(1)
    world.once()
    return waiting, sorted(entry.timestamp for entry in world.entries())


def test_each_waits_for_the_run_that_makes_room_for_it_and_is_not_looked_at_before(world: World, clock: Clock) -> None:
    (third, fourth), ran = two_runs_and_two_held(world, clock)
    until = held(world)
    before = looks(world, third)
    soon = timedelta(seconds=1)
    assert until == {third: ran[0] + DAY + soon, fourth: ran[1] + DAY + soon}

    for _ in range(3):
        clock.advance(3600)
        world.once()
    assert (looks(world, third), len(asked(world))) == (before, 2)

    clock.advance((ran[0] + DAY + soon - clock()).total_seconds())
    world.once()
    assert asked(world)[2:] == [third]
    assert held(world) == {fourth: until[fourth]}


def test_a_wider_bound_and_a_restart_let_them_go_on(world: World, clock: Clock) -> None:
    waiting, _ = two_runs_and_two_held(world, clock)
    world.config["policy"]["max_runs_per_person_per_day"] = 10
    with world.shop() as shop:
        assert shop.daemon.once().tasks == {"decided": 2}
    assert sorted(asked(world)[2:]) == waiting


def test_a_wider_bound_and_a_reload_let_them_go_on(world: World, clock: Clock) -> None:
    waiting, _ = two_runs_and_two_held(world, clock)
    with world.shop() as shop:
        assert sorted(held(world)) == waiting
        world.config["policy"]["max_runs_per_person_per_day"] = 10
        assert world.file.exists()
        assert shop.config.reload()
        assert held(world) == {}


def test_an_issue_that_was_looked_at_too_often_waits_as_well(world: World, clock: Clock) -> None:
    world.config["policy"]["max_runs_per_person_per_day"] = 50
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.once()
    (ran,) = (entry.timestamp for entry in world.entries())
    clock.advance(3600)
    world.forge.edit_issue(REPO, number, title="It crashes a lot", by="kim")
    world.once()

    assert held(world) == {number: ran + DAY + timedelta(seconds=1)}
