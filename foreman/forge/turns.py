"""One request at a time for one account, and who is next: the repository that used up the least time lately.

A forge asks for serial requests of an account. Whoever comes first would let one repository that answers slowly, with
several tasks at work, keep every other one waiting for all of theirs; so each waits for one request of others at most.
A slow one moreover lets another, whose request has just ended, go on with what it does next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from foreman.values import dataclass

SLOW_SECONDS = 0.5
"""From here on a repository counts as slow."""

LINGER_SECONDS = 0.2
"""How long a slow one waits for the next request of another: most follow within some milliseconds."""


@dataclass(eq=False, slots=True)
class _Place:
    """Somebody who waits.

    Attributes:
        repo: For which repository.
        start: When it is its turn, in seconds of use.
    """

    repo: str
    start: float


class Turns:
    """Fair queueing by time used: a repository that takes a second for each request gets one request a second."""

    def __init__(self, monotonic: Callable[[], float], *, linger_seconds: float = LINGER_SECONDS) -> None:
        """Begin with nobody waiting.

        Args:
            monotonic: Seconds that never jump.
            linger_seconds: How long a slow repository waits for the next request of another.
        """
        self._monotonic = monotonic
        self._linger_seconds = linger_seconds
        self._changed = threading.Condition()
        self._queue: list[_Place] = []
        self._at_work = False
        self._now = 0.0
        self._used: dict[str, float] = {}
        self._slow: set[str] = set()
        self._served = 0
        self._last = ""

    @contextmanager
    def turn(self, repo: str) -> Iterator[None]:
        """Wait for a turn and keep it for the block.

        Args:
            repo: For which repository; empty where none is concerned.

        Yields:
            Nothing.
        """
        with self._changed:
            # Who used nothing for long gains no credit by that: it begins where the others are.
            place = _Place(repo, max(self._now, self._used.get(repo, 0.0)))
            self._queue.append(place)
            self._wait(place)
            self._queue.remove(place)
            self._at_work = True
            self._served += 1
            self._now = place.start
            began = self._monotonic()
        try:
            yield
        finally:
            with self._changed:
                took = max(0.0, self._monotonic() - began)
                self._used = {name: used for name, used in self._used.items() if used > self._now}
                self._used[repo] = place.start + took
                for waiting in self._queue:
                    if waiting.repo == repo:
                        waiting.start = max(waiting.start, place.start + took)
                (self._slow.add if took >= SLOW_SECONDS else self._slow.discard)(repo)
                self._last = repo
                self._at_work = False
                self._changed.notify_all()

    def _wait(self, place: _Place) -> None:
        lingered = -1
        while True:
            self._changed.wait_for(lambda: not self._at_work and self._next() is place)
            if place.repo not in self._slow or self._last == place.repo or lingered == self._served:
                return
            lingered = self._served
            self._changed.wait(self._linger_seconds)

    def _next(self) -> _Place:
        """Return who is next: of those who used equally much, who came first."""
        return min(self._queue, key=lambda place: place.start)
