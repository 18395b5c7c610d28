"""One small world per test, and commands given in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from foreman.cli.main import main
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a forge with one repository, an agent, and a configuration for both."""
    made = World(tmp_path)
    yield made
    made.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    answer: str
    story: str


Command = Callable[..., Done]


@pytest.fixture
def foreman(world: World, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that gives a command with the world's configuration, in this process."""

    def call(*arguments: object) -> Done:
        capsys.readouterr()
        code = main(["--config", str(world.file), *(str(argument) for argument in arguments)])
        answer, story = capsys.readouterr()
        assert "Traceback" not in story
        return Done(code=code, answer=answer, story=story)

    return call
