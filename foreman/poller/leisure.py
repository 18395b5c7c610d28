"""When what nobody waits for may be read: now and then, with quota to spare, and not where there was just trouble."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from foreman.errors import ForgeAuthError, ForgeError, ForgeRateLimited
from foreman.forge.base import ForgeReader
from foreman.log import get_logger
from foreman.model import RepoRef
from foreman.poller import pace

log = get_logger(__name__)

SECONDS_BETWEEN = 3.0
"""Between two turns of one account: 2,000 issues a minute, and a quarter of GitHub's quota at the most."""

LOOK_SECONDS = 60.0
"""How often it is looked for work while there is none."""

PAUSE = timedelta(minutes=15)
"""How long a repository rests that could not be read."""


class Leisure:
    """The turns of one kind of background reading of one account. Used by one thread."""

    def __init__(
        self, *, reader: ForgeReader, event: str, now: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        """Begin with a turn that is due.

        Args:
            reader: The forge, for its quota.
            event: What the log calls a repository that rests.
            now: Current time, aware UTC.
            monotonic: Seconds that never jump.
        """
        self._reader = reader
        self._event = event
        self._now = now
        self._monotonic = monotonic
        self._next = 0.0
        self._resting: dict[RepoRef, datetime] = {}

    @property
    def due(self) -> bool:
        """Whether it is time for a turn."""
        return self._monotonic() >= self._next

    @property
    def affordable(self) -> bool:
        """Whether so much quota is left that a request for later takes none from the polls."""
        return pace.affordable(self._reader.quota)

    def nothing_to_do(self) -> None:
        """Look again in a while."""
        self._next = self._monotonic() + LOOK_SECONDS

    def take_turn(self) -> None:
        """Begin a turn; the next one comes soon."""
        self._next = self._monotonic() + SECONDS_BETWEEN

    def rests(self, repo: RepoRef) -> bool:
        """Return whether a repository is left alone now."""
        until = self._resting.get(repo)
        if until is not None and until <= self._now():
            del self._resting[repo]
            return False
        return until is not None

    def rest(self, repo: RepoRef, error: ForgeError) -> None:
        """Leave a repository alone for a while.

        Args:
            repo: Which.
            error: What was in the way.

        Raises:
            ForgeAuthError: The token is not valid any more (401): that is no trouble of one repository.
        """
        if isinstance(error, ForgeAuthError) and error.status != 403:
            raise error
        until = error.retry_at if isinstance(error, ForgeRateLimited) else None
        self._resting[repo] = until or self._now() + PAUSE
        log.info(self._event, repo=repo.key, reason=str(error))
