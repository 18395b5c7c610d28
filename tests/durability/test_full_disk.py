"""A full disk: nothing is done, nothing crashes, `status` says so; with room again all is done, each write once."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import command
from tests.server.conftest import fetch
from tests.world import REPO, World, decision, wait_until

pytestmark = [pytest.mark.kill, pytest.mark.timeout(600)]

SIZE = 160 * 1024**2
"""More than the space below which `status` warns."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a forge with one repository, an agent, and a configuration for both."""
    made = World(tmp_path)
    yield made
    made.close()


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler:
        os.posix_fallocate(filler.fileno(), 0, SIZE - 16 * 1024**2)
        filler.seek(0, os.SEEK_END)
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            return


def _not_ready(world: World) -> dict[str, str]:
    (url,) = re.findall(r'"url": "(http://127[^"]+)"', world.log)[-1:]
    answer = fetch(url, "/healthcheck/ready")
    assert (answer.status == 200) is (not answer.data["not_ready"])
    found: dict[str, str] = answer.data["not_ready"]
    return found


def test_a_full_disk_stops_acting_until_there_is_room(
    disk: Path, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.config["storage"]["path"] = str(disk / "memory.db")
    world.config["server"] = {"enabled": True, "port": 0}
    world.agent.answer = lambda task: decision(
        task, {"type": "add_label", "label": "bug"}, {"type": "comment", "body": "Which version is it?"}
    )
    world.forge.open_issue(REPO, title="before", author="kim")
    with world.running() as process:
        wait_until(lambda: len(world.forge.writes()) == 2, "the first issue", 60)

        _fill(disk / "filler")
        for number in range(4):
            world.forge.open_issue(REPO, title=f"while it is full {number}", author="kim")
        wait_until(lambda: "no space left" in world.log, "the trouble is told", 60)
        told = world.log.count("store_trouble")
        status = command(capsys, "--config", world.file, "status")
        assert (status.code, "the disk is almost full" in status.answer) == (1, True)
        checked = command(capsys, "--config", world.file, "check")
        assert (checked.code, f"MiB are free at {disk}" in checked.answer) == (1, True), checked.answer
        assert f"MiB are free at {disk}" in status.answer
        assert (process.poll(), len(world.forge.writes())) == (None, 2)
        full = wait_until(
            lambda: {"disk", "database"} <= (found := _not_ready(world)).keys() and found,
            "disk and database are named",
        )
        assert "MiB are free at" in full["disk"]
        assert "no space left" in full["database"]
        assert told <= 8, "the same trouble is told again and again"

        (disk / "filler").unlink()
        wait_until(lambda: len(world.forge.writes()) == 10, "the rest", 90)
        wait_until(lambda: not _not_ready(world), "readiness")
    assert process.returncode == 0
    effects = [entry.effect.split(" id=")[0] for entry in world.forge.writes()]
    assert len(set(effects)) == len(effects) == 10
    assert "store_recovered" in world.log
