"""What `foreman run` loads until it is ready: a start that loads more takes longer, and more memory for good."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World, wait_until

NOT_AT_START = (
    "markdown_it",  # read when a text is judged
    "sqlalchemy.dialects.postgresql",
    "foreman.sandbox",  # the demo's forge
    "foreman.forge.github_app_forge",
    "foreman.llm.chat",  # what an agent asks a model
    "alembic",  # a database that is up to date needs no migration
    "cryptography",  # for the key of an app
    "rich",
    "pygments",
    "pydantic.v1",
    "httpx",
    "litellm",
    "docker",
    "gitlab",
)
"""Packages and modules that a daemon with a token for GitHub, a database and an agent of somebody else's needs not."""

PROGRAM = """
import sys
from foreman.cli.main import main
code = main(sys.argv[1:])
print(*sorted(sys.modules), sep="\\n")
sys.exit(code)
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.config["server"] = {"enabled": True, "port": 0}
    try:
        yield world
    finally:
        world.close()


def test_a_start_loads_nothing_that_is_not_used_until_then(world: World) -> None:
    with world.shop():  # the database is made and brought up to date
        pass
    log = world.folder / "daemon.log"
    with (world.folder / "loaded").open("wb") as loaded, log.open("wb") as said:
        arguments = ["--config", str(world.file), "run"]
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            stdout=loaded,
            stderr=said,
            env={**os.environ, "FOREMAN_LOG_FORMAT": "json"},
        )
        try:
            wait_until(lambda: process.poll() is not None or _ready(world), "it is ready")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, world.log
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(60)
    names = (world.folder / "loaded").read_text(encoding="utf-8").split()
    assert "foreman.daemon" in names
    assert "fastapi" in names, "it was not ready"
    assert [name for name in names if _is_of(name, NOT_AT_START)] == []


def _ready(world: World) -> bool:
    url = next(
        (line.split('"url": "')[1].split('"')[0] for line in world.log.splitlines() if "server_started" in line), ""
    )
    if not url:
        return False
    try:
        with urllib.request.urlopen(f"{url}/healthcheck/ready", timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _is_of(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)
