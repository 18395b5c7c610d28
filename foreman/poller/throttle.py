"""Slows an account's polls down when its quota runs low, and remembers what the forge told for `foreman status`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from foreman.forge.base import ForgeReader, Quota
from foreman.log import get_logger
from foreman.poller import pace
from foreman.poller.pace import Spending
from foreman.store import quotas
from foreman.store.quotas import QuotaState
from foreman.values import dataclass

log = get_logger(__name__)

WATCHED = timedelta(minutes=5)
"""Over so much time the spending is measured."""

JUDGED_EVERY = timedelta(seconds=30)
"""How often the pace is set anew and what is left is kept for others to read."""


@dataclass(frozen=True, slots=True)
class _Reading:
    at: datetime
    quota: Quota


class Throttle:
    """Watches one account's quota. Used by one thread."""

    def __init__(self, reader: ForgeReader, scope: str, now: Callable[[], datetime]) -> None:
        """Begin at the usual pace.

        Args:
            reader: Tells what is left.
            scope: Under which name it is kept.
            now: Current time, aware UTC.
        """
        self.stretch = 1.0
        self._reader = reader
        self._scope = scope
        self._now = now
        self._readings: deque[_Reading] = deque()
        self._judged: datetime | None = None

    def watch(self, connection: Connection) -> None:
        """Look at what is left; a forge that tells nothing is polled at the usual pace.

        Args:
            connection: In a transaction; written to now and then.
        """
        quota, now = self._reader.quota, self._now()
        if quota is None:
            return
        if self._readings and self._readings[-1].quota.reset_at != quota.reset_at:
            self._readings.clear()  # a new window: how much is left of it tells nothing about the one before
        if not self._readings or self._readings[-1].quota != quota:
            self._readings.append(_Reading(now, quota))
        while len(self._readings) > 1 and now - self._readings[1].at >= WATCHED:
            self._readings.popleft()
        if self._judged is not None and timedelta(0) <= now - self._judged < JUDGED_EVERY:
            return
        self._judged = now
        reset_at = quota.reset_at - self._reader.skew
        self._judge(quota, now, reset_at)
        quotas.save(
            connection,
            QuotaState(
                scope=self._scope,
                limit=quota.limit,
                remaining=quota.remaining,
                reset_at=reset_at,
                told_at=now,
                stretch=self.stretch,
            ),
        )

    def _judge(self, quota: Quota, now: datetime, reset_at: datetime) -> None:
        oldest = self._readings[0]
        spending = Spending(requests=oldest.quota.remaining - quota.remaining, span=now - oldest.at)
        wanted = pace.stretch(quota, spending, left_for=reset_at - now, before=self.stretch)
        # Half the way at once: what was spent under the pace before is part of what the next one is judged by.
        before, self.stretch = self.stretch, 1.0 if wanted == 1.0 else (self.stretch + wanted) / 2
        if (before > 1.0) != (self.stretch > 1.0):
            log.warning(
                "quota_low" if self.stretch > 1.0 else "quota_recovered",
                account=self._scope,
                remaining=quota.remaining,
                limit=quota.limit,
                stretch=round(self.stretch, 1),
            )
