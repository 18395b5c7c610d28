"""Readiness as whoever runs Foreman sees it: each part fails for real, is named, and is well again afterwards."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from foreman.app import room
from foreman.app.found import in_use
from foreman.app.vitals import Life, StoreVitals
from foreman.app.workshop import Workshop
from foreman.config.load import load
from foreman.model import ForgeKind
from foreman.sandbox.faults import Fault, reply
from foreman.server.page import readiness
from tests.world import REPO, TOKEN, Ahead, World, decision


@pytest.fixture
def clock() -> Ahead:
    return Ahead()


@pytest.fixture
def world(tmp_path: Path, clock: Ahead) -> Iterator[World]:
    made = World(tmp_path, clock)
    made.config["polling"]["interval_seconds"] = 60
    made.agent.answer = lambda task: decision(task)
    yield made
    made.close()


def vitals_of(world: World, shop: Workshop) -> StoreVitals:
    return StoreVitals(
        db=shop.db,
        plans=lambda: shop.config.plans,
        agents=tuple(in_use(load(world.file))),
        life=Life(stopping=lambda: shop.daemon.stopping, hanging=shop.daemon.hanging),
        now=world.clock,
    )


def not_ready(vitals: StoreVitals) -> dict[str, str]:
    found: dict[str, str] = readiness(vitals.checks())["not_ready"]
    return found


def test_a_forge_that_refuses_the_token_or_is_away_is_named_until_it_is_well(world: World, clock: Ahead) -> None:
    with world.shop() as shop:
        vitals = vitals_of(world, shop)
        shop.daemon.once()
        assert not_ready(vitals) == {}

        os.environ[TOKEN] = "nobody's"
        shop.daemon.once()
        refused = not_ready(vitals)
        os.environ[TOKEN] = world.token
        shop.accounts[ForgeKind.GITHUB].tend()
        clock.by += timedelta(minutes=6)
        shop.accounts[ForgeKind.GITHUB].tend()
        shop.daemon.once()
        well = not_ready(vitals)

        away = world.forge.inject(Fault(times=None, action=reply(502)))
        for _ in range(4):
            shop.daemon.once()
        silent = not_ready(vitals)
        world.forge.clear_faults()
        clock.by += timedelta(minutes=2)
        shop.accounts[ForgeKind.GITHUB].tend()
        shop.daemon.once()
        again = not_ready(vitals)

    assert refused == {"account:github": "read account: Bad credentials"}
    assert well == {}
    assert away.hits >= 3
    assert list(silent) == ["account:github"]
    assert "502" in silent["account:github"]
    assert again == {}


def test_polls_that_lag_by_more_than_three_intervals_are_named_until_they_are_made(world: World, clock: Ahead) -> None:
    with world.shop() as shop:
        vitals = vitals_of(world, shop)
        fresh = not_ready(vitals)
        shop.daemon.once()
        clock.by += timedelta(minutes=2)
        soon = not_ready(vitals)
        clock.by += timedelta(minutes=5)
        late = not_ready(vitals)
        shop.daemon.once()
        caught_up = not_ready(vitals)

        world.forge.inject(Fault(method="GET", path="/issues", times=None, action=reply(404)))
        shop.daemon.once()
        clock.by += timedelta(minutes=5)
        failing = not_ready(vitals)

    assert (fresh, soon, caught_up) == ({}, {}, {})
    assert late == {
        "polls:github": f"1 of 1 repositories should have been polled long ago, {REPO} first: too many for one "
        "account, or its forge is slow or away"
    }
    assert list(failing) == ["polls:github"]
    assert failing["polls:github"].startswith(f"no repository can be read; {REPO}: ")


def test_an_agent_that_keeps_failing_is_named_until_it_is_well(world: World, clock: Ahead) -> None:
    for number in range(6):
        world.forge.open_issue(REPO, title=f"It crashes {number}", author="kim")
    world.agent.answer = lambda task: 503
    with world.shop() as shop:
        vitals = vitals_of(world, shop)
        shop.daemon.once()
        out = not_ready(vitals)
        clock.by += timedelta(minutes=30)
        shop.agents.tend()
        well = {name: why for name, why in not_ready(vitals).items() if not name.startswith("polls:")}

    assert out == {"agent:issue-triage": "the agent answered 503"}
    assert well == {}


def test_with_no_repository_at_all_everything_is_well(world: World) -> None:
    world.config["repos"] = []
    with world.shop() as shop:
        vitals = vitals_of(world, shop)
        found = {check.name: check.ok for check in vitals.checks()}
        names = {metric.name for metric in vitals.metrics()}

    assert found == {"daemon": True, "disk": True, "database": True, "writes": True}
    assert {"foreman_repos", "foreman_polls_total"} <= names


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    size = f"size={room.LEAST_BYTES + 20 * 1024**2}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_little_room_is_named_with_its_place(world: World, small: Path) -> None:
    world.config["storage"]["path"] = str(small / "memory.db")
    with world.shop() as shop:
        vitals = vitals_of(world, shop)
        roomy = not_ready(vitals)
        (small / "filler").write_bytes(bytes(40 * 1024**2))
        short = not_ready(vitals)
        (small / "filler").unlink()
        again = not_ready(vitals)

    assert (roomy, again) == ({}, {})
    assert list(short) == ["disk"]
    assert short["disk"].endswith(f" MiB are free at {small}: free some")


@pytest.mark.parametrize(
    ("free", "total", "short"),
    [
        (99 * 1024**2, 10 * 1024**3, True),
        (101 * 1024**2, 200 * 1024**2, False),
        (900 * 1024**2, 200 * 1024**3, True),
        (1100 * 1024**2, 4000 * 1024**3, False),
    ],
)
def test_how_little_is_too_little(free: int, total: int, short: bool) -> None:
    assert room.is_short(free, total, least=room.LEAST_BYTES) is short


def test_a_place_that_cannot_be_looked_at_is_named(tmp_path: Path) -> None:
    gone = room.Place(name="database", folder=tmp_path / "gone", least=1)

    assert room.shortage(gone) == f"{tmp_path / 'gone'} cannot be looked at (No such file or directory)"
    assert room.free_bytes(gone) is None
    assert room.shortage(room.Place(name="temporary", folder=None, least=1)).endswith("set TMPDIR")
