"""Which repositories are private: what is learned in one of them stays there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from foreman.app.connection import Connection
from foreman.errors import ForgeError
from foreman.model import ForgeKind, RepoRef

KNOWN_FOR = timedelta(hours=6)
"""How long an answer is believed: one request for each repository four times a day."""


class Visibility:
    """Asks the forges; used by one thread."""

    def __init__(self, connections: Mapping[ForgeKind, Connection], *, now: Callable[[], datetime]) -> None:
        """Keep the ports.

        Args:
            connections: One per forge.
            now: Current time, aware UTC.
        """
        self._connections = connections
        self._now = now
        self._known: dict[RepoRef, tuple[datetime, bool]] = {}

    def private(self, repo: RepoRef) -> bool:
        """Return whether a repository is private; what cannot be found out is, until it is asked again."""
        now = self._now()
        at, private = self._known.get(repo, (None, True))
        if at is None or now - at >= KNOWN_FOR:
            connection = self._connections.get(repo.forge)
            try:
                private = connection is None or connection.reader.repository(repo).private
            except ForgeError:
                private = True
            self._known[repo] = (now, private)
        return private
