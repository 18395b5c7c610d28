"""When what is old is deleted: a little at a time, and between times not even looked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from foreman.log import get_logger
from foreman.store import retention
from foreman.store.database import Database
from foreman.store.retention import Pruned

log = get_logger(__name__)

LOOK_EVERY = timedelta(hours=6)
"""How often it is asked whether anything is old; that reads indexes of the log."""

LEAP = timedelta(days=30)
"""A clock that leaps further from one call to the next is not believed for `LOOK_EVERY`: it may be wrong by years."""


class Tidying:
    """Deletes what is old; `tend` is called by one thread."""

    def __init__(self, db: Database, *, keep_days: int, now: Callable[[], datetime]) -> None:
        """Keep what it works with.

        Args:
            db: The database.
            keep_days: What is older is deleted; 0 for nothing ever.
            now: Current time, aware UTC.
        """
        self._db = db
        self._keep_days = keep_days
        self._now = now
        self._last: datetime | None = None
        self._next = datetime.max.replace(tzinfo=UTC)
        self._gone = Pruned()

    def tend(self) -> None:
        """Delete one batch where it is time for that; the next call goes on until there is nothing left.

        The first look is due one interval after the start: a start has better things to do, and a clock that is wrong
        then is mostly right by that time.
        """
        now, last = self._now(), self._last
        self._last = now
        if last is None or abs(now - last) > LEAP:
            self._next = now + LOOK_EVERY
        if not self._keep_days or now < self._next:
            return
        gone = retention.prune(self._db, before=now - timedelta(days=self._keep_days))
        self._gone += gone
        if gone.rows:
            return
        self._next = now + LOOK_EVERY
        if self._gone.rows:
            log.info("old_rows_deleted", rows=self._gone.rows, decisions=self._gone.decisions)
        self._gone = Pruned()
