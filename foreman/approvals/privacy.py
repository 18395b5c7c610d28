"""What may be shown where: nothing of a private repository on a public page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from foreman.errors import ForgeAuthError, ForgeError
from foreman.forge.base import ForgeReader
from foreman.model import RepoRef

KNOWN_FOR = timedelta(hours=1)
"""How long an answer is believed; repositories are rarely made private."""


class Privacy:
    """Asks the forge, and remembers for a while."""

    def __init__(self, reader: ForgeReader, now: Callable[[], datetime]) -> None:
        """Keep the ports.

        Args:
            reader: The forge.
            now: Current time, aware UTC.
        """
        self._reader = reader
        self._now = now
        self._private: dict[RepoRef, tuple[datetime, bool]] = {}

    def may_show(self, source: RepoRef, *, on: RepoRef) -> bool:
        """Return whether what is said in one repository may be shown in another.

        Args:
            source: Where it is from.
            on: Where it is to be shown.

        Returns:
            False where that is not certain.

        Raises:
            ForgeError: The place to show it could not be asked about.
        """
        if source == on or self.is_private(on):
            return True
        try:
            return not self.is_private(source)
        except ForgeError as error:
            if isinstance(error, ForgeAuthError) and error.status != 403:
                raise
            return False

    def is_private(self, repo: RepoRef) -> bool:
        """Return whether not everybody may read a repository.

        Args:
            repo: Which.

        Returns:
            What the forge said within the last hour.

        Raises:
            ForgeError: It could not be asked.
        """
        now = self._now()
        known = self._private.get(repo)
        if known is None or now - known[0] >= KNOWN_FOR:
            known = (now, self._reader.repository(repo).private)
            self._private[repo] = known
        return known[1]
