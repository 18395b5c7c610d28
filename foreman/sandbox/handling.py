"""What the handlers of every dialect get and hand back: an answer before it is JSON, or a change that was allowed."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from foreman.sandbox.exchange import Answer, Request, Write
from foreman.sandbox.quota import Quota
from foreman.sandbox.state import Repo
from foreman.sandbox.world import World

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(ABC):
    """A request with what it is about, before the dialect.

    Attributes:
        world: Everything.
        request: As it came.
        login: Who asks; None for nobody.
        now: Time of it.
        args: What the route captured of the path, without the repository.
    """

    world: World
    request: Request
    login: str | None
    now: datetime
    args: tuple[str, ...]
    _repo: Repo | None = None

    @abstractmethod
    def refusal(self, status: int) -> Exception:
        """Return what a dialect raises to refuse nobody with 401, and what is not there with 404."""

    @property
    def repo(self) -> Repo:
        """The repository of the path; only for routes that name one."""
        if self._repo is None:
            raise self.refusal(404)
        return self._repo

    @property
    def actor(self) -> str:
        """Who asks, where nobody may not."""
        if self.login is None:
            raise self.refusal(401)
        return self.login


class Speaker:
    """What the fronts of every dialect hold.

    Args:
        world: The state it shows and changes.
        quota: Counts requests.
        clock: Time of day, aware UTC.
    """

    def __init__(self, world: World, quota: Quota, clock: Callable[[], datetime]) -> None:
        self._world = world
        self._quota = quota
        self._clock = clock


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
