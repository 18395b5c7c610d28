"""When an account sends nothing: after a rate limit until its end, after an unreachable forge for a growing while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from foreman.errors import ForgeError

FIRST_PAUSE = timedelta(seconds=5)
"""Wait after the forge could not be reached; doubled with each time in a row."""

LONGEST_PAUSE = timedelta(minutes=5)
"""Longest such wait: recovery comes without a restart, and not much later than the forge's own."""

LONGEST_BLOCK = timedelta(hours=2)
"""Longest wait a rate limit is believed for; GitHub's windows last one hour."""


class Brake:
    """Stops one account for a while, measured by a clock that never jumps."""

    def __init__(
        self, *, now: Callable[[], datetime], monotonic: Callable[[], float], jitter: Callable[[], float]
    ) -> None:
        """Keep the clocks.

        Args:
            now: Current time, aware UTC.
            monotonic: Seconds that never jump.
            jitter: A random number from 0 to 1, which spreads retries.
        """
        self._now = now
        self._monotonic = monotonic
        self._jitter = jitter
        self._until = 0.0
        self._failures = 0

    @property
    def seconds(self) -> float:
        """How long nothing is sent, 0 when something may be."""
        return max(0.0, self._until - self._monotonic())

    def block(self, error: ForgeError) -> datetime:
        """Send nothing for a while.

        Args:
            error: Why; a rate limit says until when.

        Returns:
            When to go on, aware UTC.
        """
        now = self._now()
        self._failures += 1
        grown: timedelta = min(FIRST_PAUSE * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE)
        pause = grown * (0.75 + self._jitter() / 2)
        if error.retry_at is not None:
            pause = min(max(error.retry_at - now, timedelta(0)), LONGEST_BLOCK)
        self._until = self._monotonic() + pause.total_seconds()
        return now + pause

    def release(self) -> None:
        """Note that the forge answered."""
        self._failures = 0
