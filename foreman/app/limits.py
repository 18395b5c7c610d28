"""The quotas, asked once more right before a write: decisions made side by side may be too much together."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from foreman.config.effective import Policy
from foreman.gate.reasons import Reason
from foreman.model import Allow, Hold, Verdict
from foreman.store import actions, breakers, flood
from foreman.store.actions import StoredAction
from foreman.store.database import Database

HOUR = timedelta(hours=1)

WATCH_SECONDS = 5.0
"""How often the rate of all writes is compared with the past weeks; that reads much of the log."""


class Limits:
    """What a repository may get in an hour, and what all of them together may. Used by one thread per account."""

    def __init__(self, *, db: Database, now: Callable[[], datetime]) -> None:
        """Keep what is asked.

        Args:
            db: The action log.
            now: Current time, aware UTC.
        """
        self._db = db
        self._now = now
        self._watched = -WATCH_SECONDS

    def verdict(self, action: StoredAction, policy: Policy) -> Verdict:
        """Say whether one more write is within the quotas.

        Args:
            action: Planned, about to be sent.
            policy: What holds for it now.

        Returns:
            Allow, or a Hold that a person may lift.
        """
        now = self._now()
        self._watch(now)
        since = now - HOUR
        with self._db.read() as connection:
            state = breakers.get(connection, flood.SCOPE) if breakers.flood_open(connection, now=now) else None
            count = actions.writes_since(connection, action.issue.repo, since)
        if state is not None and state.reason:
            return Hold(Reason.BREAKER_OPEN, state.reason)
        # One that is tried again is among those that are counted.
        count -= action.sent_at is not None and action.sent_at >= since
        if count >= policy.max_actions_per_hour:
            return Hold(Reason.HOURLY_CAP, f"{count} in an hour")
        return Allow()

    def _watch(self, now: datetime) -> None:
        """Stop all writing where it is far more than usual, now and then."""
        if time.monotonic() - self._watched < WATCH_SECONDS:
            return
        self._watched = time.monotonic()
        with self._db.read() as connection:
            reason = flood.excess(connection, now=now)
        if reason is not None:
            with self._db.transaction() as connection:
                breakers.watch_flood(connection, now=now)
