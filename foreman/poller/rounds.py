"""In which order an account's repositories are looked at, and how many looks may begin in a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from foreman.model import RepoRef
from foreman.store import polls
from foreman.store.database import Database

PER_SECOND = 12.0
"""GitHub counts 900 points a minute for the REST API before its secondary limit, a point for each GET (docs: "Rate
limits for the REST API"). At 720 looks a minute the rest is for what news need."""

AT_ONCE = 60
"""Looks that may begin without waiting, after a rest."""

DUE_SECONDS = 5.0
"""How long the list of repositories that are due is believed while it is worked through."""


class Beat:
    """Lets so many looks begin, as tokens in a bucket. Used by one thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Begin rested.

        Args:
            monotonic: Seconds that never jump.
        """
        self._monotonic = monotonic
        self._tokens = float(AT_ONCE)
        self._read = monotonic()

    def pause(self) -> float:
        """Count one look, and return how many seconds to wait before it begins."""
        now = self._monotonic()
        self._tokens = min(float(AT_ONCE), self._tokens + (now - self._read) * PER_SECOND) - 1
        self._read = now
        return max(0.0, -self._tokens / PER_SECOND)


def due(
    db: Database,
    repos: Callable[[], Sequence[RepoRef]],
    *,
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
) -> Iterator[RepoRef]:
    """Yield what is due, each once; read anew every few seconds, for others become due meanwhile.

    Args:
        db: Where it stands when each is due.
        repos: What is configured and switched on at the moment.
        now: Current time, aware UTC.
        monotonic: Seconds that never jump.

    Yields:
        The longest due first, in turns with those that were never looked at.
    """
    done: set[RepoRef] = set()
    while True:
        with db.read() as connection:
            waiting = [repo for repo in polls.due(connection, tuple(repos()), now()) if repo not in done]
        read = monotonic()
        for repo in waiting:
            done.add(repo)
            yield repo
            if monotonic() - read > DUE_SECONDS:
                break
        else:
            return
