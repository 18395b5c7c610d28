"""Who may work now: no agent gets more tasks than it takes, and none keeps the last free worker from another."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Places:
    """Counts the tasks at work, per agent type."""

    def __init__(self, workers: int, max_concurrency: Mapping[str, int]) -> None:
        """Take the limits.

        Args:
            workers: Tasks at a time, all agents together; each agent has at least one whatever this says.
            max_concurrency: Per agent type.
        """
        self._wanted = workers
        self._workers = max(workers, len(max_concurrency))
        self._limits = dict(max_concurrency)
        self._running: Counter[str] = Counter()
        self._lock = threading.RLock()

    def add(self, agent: str, max_concurrency: int) -> int:
        """Give one more agent its places; returns for how many workers there is room now."""
        with self._lock:
            self._limits[agent] = max_concurrency
            self._workers = max(self._wanted, len(self._limits))
            return self._workers

    @contextmanager
    def choosing(self) -> Iterator[frozenset[str]]:
        """Choose the next task alone: what was free when the choice began is free when it ends.

        Yields:
            Agent types that can take no task now.
        """
        with self._lock:
            yield frozenset(agent for agent in self._limits if self._is_full(agent))

    def take(self, agent: str) -> None:
        """Count a task in."""
        with self._lock:
            self._running[agent] += 1

    def leave(self, agent: str) -> None:
        """Count a task out."""
        with self._lock:
            self._running[agent] -= 1

    def _is_full(self, agent: str) -> bool:
        running = self._running[agent]
        if running >= self._limits[agent]:
            return True
        left = self._workers - self._running.total() - 1
        idle = sum(1 for other in self._limits if other != agent and not self._running[other])
        # The first task of an agent always finds a worker; a further one leaves one to each that has none.
        return running > 0 and left < idle
