"""Request quota, one bucket per login."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

PLENTY = 1_000_000
"""Requests an hour. GitHub gives 5,000; a load test wants more, a test of the limit says so by `rate_limit`."""


@dataclass(slots=True)
class Bucket:
    """One login's quota.

    Attributes:
        limit: Requests a window.
        remaining: Left in this window.
        reset_at: When the window ends, aware UTC.
    """

    limit: int
    remaining: int
    reset_at: datetime


class Quota:
    """Buckets by login; empty login is the anonymous one.

    Args:
        window: For how long requests are counted.
    """

    def __init__(self, window: timedelta) -> None:
        self.told = True
        self._window = window
        self._buckets: dict[str, Bucket] = {}
        self._forced: tuple[int, datetime] | None = None

    def force(self, remaining: int, reset_at: datetime, *, told: bool = True) -> None:
        """Leave everybody so many requests until then, and tell them so or not."""
        self.told = told
        self._forced = (remaining, reset_at)
        self._buckets.clear()

    def bucket(self, login: str, now: datetime) -> Bucket:
        """Return a login's bucket, refilled when its window is over."""
        bucket = self._buckets.get(login)
        if bucket is None or bucket.reset_at <= now:
            bucket = Bucket(PLENTY, PLENTY, now + self._window)
            if self._forced is not None and self._forced[1] > now:
                bucket = Bucket(PLENTY, *self._forced)
            self._buckets[login] = bucket
        return bucket
