"""One demonstration for all tests that only read it, copies of it for those that change it, and a small world."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from foreman.cli.main import main
from tests.command import Command, Done, command
from tests.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What `foreman demo` left behind."""

    folder: Path
    code: int
    answer: str
    story: str

    @property
    def config(self) -> str:
        return str(self.folder / "config.yaml")

    @property
    def forge_state(self) -> bytes:
        return (self.folder / "forge.json").read_bytes()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run the demonstration once; nobody may change what it left."""
    data = tmp_path_factory.mktemp("demo-data")
    answer, story = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOREMAN_DATA_DIR", str(data))
        patch.setenv("HOME", str(data))
        with contextlib.redirect_stdout(answer), contextlib.redirect_stderr(story):
            code = main(["demo"])
    return Demo(folder=data / "demo", code=code, answer=answer.getvalue(), story=story.getvalue())


@pytest.fixture
def own_demo(demo: Demo, tmp_path: Path) -> Demo:
    """Return a copy of the demonstration that the test may change."""
    folder = tmp_path / "demo"
    shutil.copytree(demo.folder, folder)
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace(str(demo.folder), str(folder)))
    return Demo(folder=folder, code=demo.code, answer=demo.answer, story=demo.story)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a forge with one repository, an agent, and a configuration for both."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs one command in this process; what it prints as JSON is what its schema says."""

    def call(*arguments: object, config: object = None) -> Done:
        done = command(capsys, *(["--config", config] if config else []), *arguments)
        if "--json" in arguments and done.answer and "schema" not in arguments:
            from tests.cli.schemas import problems

            assert problems(" ".join(map(str, arguments)), done.answer) == []
        return done

    return call
