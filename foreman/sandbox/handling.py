"""What the handlers of every dialect hand back: an answer before it is JSON, or a change that was allowed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from foreman.sandbox.exchange import Answer, Write

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a handler answers, before it is JSON.

    Attributes:
        status: HTTP status.
        body: To be written as JSON; bytes as they are; None for no body.
        headers: Beyond the usual ones.
    """

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def content(self) -> bytes:
        """The body as sent."""
        if self.body is None or isinstance(self.body, bytes):
            return self.body or b""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """A change that was allowed.

    Attributes:
        effect: What it would change.
        do: Does it; returns the answer and the exact effect.
    """

    effect: str
    do: Callable[[], tuple[Reply, str]]


def concluded(result: Reply | Doing, finish: Callable[[Reply], Answer]) -> Answer | Write:
    """Return what a front answers.

    Args:
        result: What the handler said.
        finish: Writes a reply out, with the headers of the dialect.

    Returns:
        The answer, or the write that leads to it.
    """
    if isinstance(result, Reply):
        return finish(result)
    doing = result

    def apply() -> tuple[Answer, str]:
        reply, effect = doing.do()
        return finish(reply), effect

    return Write(effect=doing.effect, apply=apply)


def turned(rows: Sequence[_Row], turn: int, size: int) -> Sequence[_Row]:
    """Return the rows beginning at another one, as `faults.reorder_pages` asks; in order for turn 0."""
    if not (turn and rows):
        return rows
    shift = (turn * max(1, size // 2)) % len(rows)
    return (*rows[shift:], *rows[:shift])
