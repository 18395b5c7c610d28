"""One small world per test, and commands given in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import Command, Done, command
from tests.world import World

__all__ = ["Command", "on_both"]


on_both = pytest.mark.parametrize("world", ["github", "gitlab"], indirect=True)
"""For tests that say of either forge what they say of the other."""


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Return a forge with one repository, an agent, and a configuration for both; GitHub, unless marked `on_both`."""
    made = World(tmp_path, kind=getattr(request, "param", "github"))
    yield made
    made.close()


@pytest.fixture
def foreman(world: World, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that gives a command with the world's configuration, in this process."""

    def call(*arguments: object) -> Done:
        return command(capsys, "--config", world.file, *arguments)

    return call
