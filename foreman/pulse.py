"""Whether the daemon's own parts go on: what each is at, since when, and how long that may take.

A part that waits for others, a forge or an agent, is given the time they may take; one that waits for nobody is given
little. Whoever watches asks `hanging` and lets the process be replaced when it does not come to an end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from foreman.values import dataclass


@dataclass(slots=True, kw_only=True)
class _Part:
    step_seconds: float
    due_seconds: float
    thread: threading.Thread | None
    since: float
    at_work: bool = False


class Pulse:
    """Keeps when each part last went on. Used by all threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Know of no part yet.

        Args:
            monotonic: Seconds that never jump.
        """
        self._monotonic = monotonic
        self._parts: dict[str, _Part] = {}
        self._mine = threading.local()

    def expect(
        self, name: str, *, step_seconds: float, due_seconds: float = 0.0, thread: threading.Thread | None = None
    ) -> None:
        """Look after a part from now on.

        Args:
            name: Of the part.
            step_seconds: How long one step of it may go without getting on.
            due_seconds: How long it may be between two steps; 0 where it may rest for ever.
            thread: What takes the steps, if it must never end; None where others take them.
        """
        self._parts[name] = _Part(
            step_seconds=step_seconds, due_seconds=due_seconds, thread=thread, since=self._monotonic()
        )

    def allow(self, kind: str, *, step_seconds: float) -> None:
        """Give every part of a kind at least so long for a step.

        Args:
            kind: What their names begin with, up to the colon.
            step_seconds: How long one step may go without getting on.
        """
        for name, part in tuple(self._parts.items()):
            if name.partition(":")[0] == kind:
                part.step_seconds = max(part.step_seconds, step_seconds)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take one step of a part; nothing is kept of one that is not expected."""
        part = self._parts.get(name)
        if part is None:
            yield
            return
        self._mine.part = part
        part.since, part.at_work = self._monotonic(), True
        try:
            yield
        finally:
            part.since, part.at_work = self._monotonic(), False
            self._mine.part = None

    def get_on(self) -> None:
        """Note that the step this thread is at gets on: its time begins anew."""
        part = getattr(self._mine, "part", None)
        if part is not None:
            part.since = self._monotonic()

    def hanging(self) -> str:
        """Return which part does not go on and since when, for a person; empty when all do."""
        now = self._monotonic()
        for name, part in tuple(self._parts.items()):
            waited = now - part.since
            if part.thread is not None and part.thread.ident is not None and not part.thread.is_alive():
                return f"{name} has ended"
            if part.at_work and waited > part.step_seconds:
                return f"{name} has been at one step for {waited:.0f} s"
            if not part.at_work and 0 < part.due_seconds < waited:
                return f"{name} has not been begun for {waited:.0f} s"
        return ""
