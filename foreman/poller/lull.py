"""Until when nothing is to be looked at: between two polls of an account its thread asks nobody anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from foreman.model import RepoRef
from foreman.poller.discovery import Discovery
from foreman.store import polls
from foreman.store.database import Database


class Lull:
    """Of one account. Used by one thread."""

    def __init__(
        self,
        *,
        db: Database,
        repos: Callable[[], Sequence[RepoRef]],
        now: Callable[[], datetime],
        discovery: Discovery | None,
        reading: Callable[[], bool],
    ) -> None:
        """Begin with a look that is due.

        Args:
            db: Where it stands when each is due.
            repos: What is configured and switched on at the moment.
            now: Current time, aware UTC.
            discovery: Looks up what patterns stand for; None where there are none.
            reading: Whether it is time for what is read where there is nothing else to do.
        """
        self._db = db
        self._repos = repos
        self._now = now
        self._discovery = discovery
        self._reading = reading
        self._known: object = None
        self._until = _NEVER

    def over(self) -> bool:
        """Look at the clock, and at the tables only after somebody wrote to them.

        Returns:
            Whether there may be something to look at on the forge.

        Raises:
            StoreError: The database cannot be used.
        """
        repos = self._repos()
        seen = repos, self._discovery.wanted if self._discovery is not None else (), self._db.version()
        if seen != self._known:
            self._until = self._next_at(repos)
            self._known = seen
        return self._now() >= self._until or self._reading()

    def begin(self) -> None:
        """Look at the tables the next time: this thread may have written to them itself."""
        self._known = None

    def _next_at(self, repos: Sequence[RepoRef]) -> datetime:
        times = []
        if repos:
            with self._db.read() as connection:
                times.append(polls.next_at(connection, repos) or self._now())
        if self._discovery is not None:
            times.append(self._discovery.next_at())
        return min(times, default=_NEVER)


_NEVER = datetime.max.replace(tzinfo=UTC)
