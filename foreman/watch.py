"""The one who looks out while everybody else waits: whether somebody wrote to the store, and whether a time has come.

A look is one question to SQLite that reads no table. Only when it says that something was written, or a time that was
seen coming is there, the tables are asked; and only when those say that something is due, others are woken.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

from foreman.store.database import Database
from foreman.store.outlook import outlook

LOOK_SECONDS = 0.25
"""How often it is looked: work that another process queued is taken up within that time."""

FIRST_AGAIN_SECONDS = 0.5
LONGEST_AGAIN_SECONDS = 2.0
"""How often others are woken for what is due and not done: an agent is busy, a forge or a person wants a pause."""


class Watch:
    """Used by one thread."""

    def __init__(
        self, db: Database, *, now: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin with a look at the tables.

        Args:
            db: The store.
            now: Current time, aware UTC.
            monotonic: Seconds that never jump.
        """
        self._db = db
        self._now = now
        self._monotonic = monotonic
        self._version: int | None = None
        self._next_at = _NEVER
        self._again = math.inf
        self._pause = FIRST_AGAIN_SECONDS

    def look(self) -> bool:
        """Look once.

        Returns:
            Whether others are to be woken.

        Raises:
            StoreError: The database cannot be used.
        """
        version = self._db.version()
        if version != self._version:
            self._pause = FIRST_AGAIN_SECONDS
        elif self._now() < self._next_at and self._monotonic() < self._again:
            return False
        with self._db.read() as connection:
            found = outlook(connection, now=self._now())
        self._version = version
        self._next_at = found.next_at or _NEVER
        self._again = self._monotonic() + self._pause if found.due else math.inf
        if found.due:
            self._pause = min(2 * self._pause, LONGEST_AGAIN_SECONDS)
        return found.due


_NEVER = datetime.max.replace(tzinfo=UTC)
