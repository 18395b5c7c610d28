"""An agent that Foreman starts itself: started on demand, health-checked, restarted with backoff, ended.

How it is started is a `Launcher`'s business (`processes`, `containers`); when, is decided here.
"""

from __future__ import annotations

import math
import threading
import time
from typing import Protocol

from foreman.agent import client
from foreman.agent.dialing import Address
from foreman.errors import AgentUnavailable, ContainerError

START_SECONDS = 30.0
"""How long an agent may take until its first good health check, seconds; a cold container takes about one."""

_HEALTH_SECONDS = 2.0
_FIRST_LOOK_SECONDS = 0.02
_LONGEST_LOOK_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 60.0


class Launcher(Protocol):
    """One way of running an agent."""

    @property
    def sealed(self) -> bool:
        """Whether the agent can reach nothing but its gateway."""

    @property
    def gateway_url(self) -> str:
        """Where the agent finds the model gateway."""

    def launch(self, *, timeout_seconds: float, closing: threading.Event) -> Address:
        """Start it, after ending what may be left of an earlier one.

        Args:
            timeout_seconds: How long starting may take; building an image once may take longer.
            closing: Set when it is not wanted any more.

        Returns:
            Where it will listen.

        Raises:
            AgentUnavailable: It cannot be started.
            ContainerError: The engine or the image is missing.
        """

    def is_running(self) -> bool:
        """Return whether what `launch` started is still there."""

    def last_words(self) -> str:
        """Return the last line or two it printed, for a message; empty when there is none."""

    def end(self, *, timeout_seconds: float) -> None:
        """End it and everything it started; never raises."""


class ManagedRuntime:
    """An `AgentRuntime` over a launcher.

    Attributes:
        agent: Agent type.
    """

    def __init__(
        self,
        agent: str,
        launcher: Launcher,
        *,
        start_seconds: float = START_SECONDS,
        first_pause_seconds: float = 1.0,
    ) -> None:
        """Take what is needed; start nothing.

        Args:
            agent: Agent type.
            launcher: How it is run.
            start_seconds: Until the first good health check.
            first_pause_seconds: Before the second restart in a row; the first is at once, later ones wait longer.
        """
        self.agent = agent
        self._launcher = launcher
        self._start_seconds = start_seconds
        self._first_pause_seconds = first_pause_seconds
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._address: Address | None = None
        self._in_flight = 0
        self._doubted = False
        self._failures = 0
        self._not_before = 0.0

    @property
    def sealed(self) -> bool:
        """Whether it can reach nothing but its gateway."""
        return self._launcher.sealed

    @property
    def gateway_url(self) -> str:
        """Where it finds the model gateway."""
        return self._launcher.gateway_url

    def start(self) -> None:
        """Make the agent ready; does nothing when it is.

        Raises:
            AgentUnavailable: It does not become healthy.
            ContainerError: The engine or the image is missing.
        """
        self._closing.clear()
        self._ready(math.inf)

    def ask(self, task: bytes, *, timeout_seconds: float) -> bytes:
        """Send one task and return the raw reply; see `AgentRuntime.ask`."""
        deadline = time.monotonic() + timeout_seconds
        address = self._ready(deadline)
        with self._lock:
            self._in_flight += 1
        try:
            reply = client.ask(address, task, timeout_seconds=max(0.001, deadline - time.monotonic()))
        except AgentUnavailable:
            # Not looked into now: this task's time is up, and nobody else waits for it.
            self._doubted = True
            raise
        finally:
            with self._lock:
                self._in_flight -= 1
        self._failures = 0
        return reply

    def healthy(self) -> bool:
        """Return whether it answers its health check now; False as well when it was not started."""
        address = self._address
        return address is not None and client.is_healthy(address, timeout_seconds=_HEALTH_SECONDS)

    def stop(self, *, timeout_seconds: float) -> None:
        """End it and everything it started; it is not started again by a task until `start` is called."""
        self._closing.set()
        give_up = time.monotonic() + timeout_seconds
        # Whoever is starting it sees that we are closing and lets go; the end comes even if not.
        held = self._lock.acquire(timeout=timeout_seconds / 2)
        try:
            self._launcher.end(timeout_seconds=max(0.1, give_up - time.monotonic()))
            self._address = None
        finally:
            if held:
                self._lock.release()

    def _ready(self, deadline: float) -> Address:
        # In small pieces: whoever starts it may be building an image, and a stop must not wait for that.
        while not self._lock.acquire(timeout=max(0.0, min(_LONGEST_LOOK_SECONDS, deadline - time.monotonic()))):
            self._refuse_when_closing()
            if time.monotonic() >= deadline:
                raise AgentUnavailable(f"{self.agent} did not start in time")
        try:
            self._refuse_when_closing()
            if self._address is not None:
                if self._is_well(self._address):
                    return self._address
                self._launcher.end(timeout_seconds=2.0)
                self._address = None
                self._count_failure()
            return self._launch(deadline)
        finally:
            self._lock.release()

    def _launch(self, deadline: float) -> Address:
        pause = self._not_before - time.monotonic()
        if pause > 0:
            raise AgentUnavailable(f"{self.agent} keeps ending; next start in {pause:.0f} s{self._said()}")
        try:
            left = min(deadline - time.monotonic(), self._start_seconds)
            address = self._launcher.launch(timeout_seconds=max(0.1, left), closing=self._closing)
            # Counted from here: an image may have been built meanwhile.
            self._wait_until_healthy(address, min(deadline, time.monotonic() + self._start_seconds))
        except (AgentUnavailable, ContainerError):
            self._count_failure()
            self._launcher.end(timeout_seconds=2.0)
            raise
        self._address = address
        return address

    def _wait_until_healthy(self, address: Address, deadline: float) -> None:
        look = _FIRST_LOOK_SECONDS
        while True:
            left = deadline - time.monotonic()
            self._refuse_when_closing()
            if left <= 0:
                raise AgentUnavailable(f"{self.agent} did not become healthy in time{self._said()}")
            if client.is_healthy(address, timeout_seconds=min(left, _HEALTH_SECONDS)):
                return
            if not self._launcher.is_running():
                raise AgentUnavailable(f"{self.agent} ended while starting{self._said()}")
            self._closing.wait(look)
            look = min(look * 2, _LONGEST_LOOK_SECONDS)

    def _refuse_when_closing(self) -> None:
        if self._closing.is_set():
            raise AgentUnavailable(f"{self.agent} is being stopped")

    def _is_well(self, address: Address) -> bool:
        """Look whether it can take a task; after trouble more closely. Others' tasks in flight are not cut short."""
        if not self._launcher.is_running():
            return False
        if self._doubted and self._in_flight == 0:
            self._doubted = False
            return client.is_healthy(address, timeout_seconds=_HEALTH_SECONDS)
        return True

    def _count_failure(self) -> None:
        pause = self._first_pause_seconds * 2.0 ** min(self._failures - 1, 10) if self._failures else 0.0
        self._failures += 1
        self._not_before = time.monotonic() + min(pause, _LONGEST_PAUSE_SECONDS)

    def _said(self) -> str:
        words = self._launcher.last_words()
        return f"; it said: {words}" if words else ""
