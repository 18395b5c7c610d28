"""All agents of one daemon: which of them can take another task, and ending them together."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from foreman.agent.base import AgentRuntime
from foreman.errors import AgentUnavailable

_DEFAULT_CONCURRENCY = 2

_PATIENCE_SECONDS = 1.5
"""How long a task waits for a place with its agent; below the 2 s by which one agent may delay another."""


class AgentPool:
    """Runtimes by agent type, each with a bound on tasks at the same time.

    A worker that waits for a full agent cannot serve another one, so the inbox is asked only for tasks of agents that
    are not `busy`. Between question and task another worker may have been quicker; that much waiting is borne.
    """

    def __init__(self, runtimes: Mapping[str, AgentRuntime], max_concurrency: Mapping[str, int] | None = None) -> None:
        """Take the runtimes; start nothing.

        Args:
            runtimes: By agent type.
            max_concurrency: By agent type; 2 where not named.
        """
        self._runtimes = dict(runtimes)
        self._limits = {name: (max_concurrency or {}).get(name, _DEFAULT_CONCURRENCY) for name in self._runtimes}
        self._in_flight = dict.fromkeys(self._runtimes, 0)
        self._lock = threading.Condition()

    def add(self, agent: str, runtime: AgentRuntime, max_concurrency: int) -> None:
        """Take one more runtime; it is started when it is first asked.

        Args:
            agent: Agent type.
            runtime: Its runtime.
            max_concurrency: Its bound.
        """
        with self._lock:
            self._limits[agent], self._in_flight[agent] = max_concurrency, 0
            self._runtimes = {**self._runtimes, agent: runtime}

    @property
    def agents(self) -> tuple[str, ...]:
        """Agent types, in the order given."""
        return tuple(self._runtimes)

    def runtime(self, agent: str) -> AgentRuntime:
        """Return the runtime of an agent type.

        Args:
            agent: Agent type.

        Returns:
            Its runtime.

        Raises:
            AgentUnavailable: There is none.
        """
        try:
            return self._runtimes[agent]
        except KeyError:
            raise AgentUnavailable(f"there is no agent of type {agent} yet: it is started at the next start") from None

    def free(self, agent: str) -> bool:
        """Return whether the agent can take another task now."""
        with self._lock:
            return agent in self._runtimes and self._in_flight[agent] < self._limits[agent]

    def busy(self) -> frozenset[str]:
        """Return the agent types that can take no other task now."""
        with self._lock:
            return frozenset(name for name, count in self._in_flight.items() if count >= self._limits[name])

    def ask(self, agent: str, task: bytes, *, timeout_seconds: float) -> bytes:
        """Send a task to an agent; see `AgentRuntime.ask`.

        Args:
            agent: Agent type.
            task: JSON of a Task.
            timeout_seconds: For everything.

        Returns:
            The raw reply.

        Raises:
            AgentUnavailable: As the runtime says, or the agent has its hands full.
        """
        runtime = self.runtime(agent)
        with self._lock:
            if not self._lock.wait_for(lambda: self._in_flight[agent] < self._limits[agent], _PATIENCE_SECONDS):
                raise AgentUnavailable(f"{agent} works on {self._limits[agent]} tasks already")
            self._in_flight[agent] += 1
        try:
            return runtime.ask(task, timeout_seconds=timeout_seconds)
        finally:
            with self._lock:
                self._in_flight[agent] -= 1
                self._lock.notify()

    def stop(self, *, timeout_seconds: float) -> None:
        """End all agents side by side; returns after the time even if one of them is stuck.

        Args:
            timeout_seconds: For all together.
        """
        give_up = time.monotonic() + timeout_seconds
        threads = [
            threading.Thread(target=runtime.stop, kwargs={"timeout_seconds": timeout_seconds * 0.9}, daemon=True)
            for runtime in self._runtimes.values()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, give_up - time.monotonic()))
