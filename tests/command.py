"""A command given in this process: what it printed, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from foreman.cli.main import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    answer: str
    story: str


Command = Callable[..., Done]


def command(capsys: pytest.CaptureFixture[str], *arguments: object) -> Done:
    """Give a command; no traceback may reach the person who typed it."""
    capsys.readouterr()
    code = main([str(argument) for argument in arguments])
    answer, story = capsys.readouterr()
    assert "Traceback" not in story
    return Done(code=code, answer=answer, story=story)
