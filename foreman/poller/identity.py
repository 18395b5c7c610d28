"""Is a repository's name still the name of the same repository? Nothing is taken from another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from foreman.errors import ForgeMoved, ForgeRejected
from foreman.forge.base import ForgeReader
from foreman.model import RepoRef
from foreman.poller.tally import Tally
from foreman.store.polls import PollState

IDENTITY_LIFE = timedelta(hours=1)
"""How long a repository is believed to be the one it was; asked again only before something changed is taken."""


class Identity:
    """Remembers which repositories were looked at lately."""

    def __init__(self, reader: ForgeReader, now: Callable[[], datetime]) -> None:
        """Keep the ports.

        Args:
            reader: The forge.
            now: Current time, aware UTC.
        """
        self._reader = reader
        self._now = now
        self._asked: dict[RepoRef, datetime] = {}

    def check(self, repo: RepoRef, state: PollState, tally: Tally) -> PollState:
        """Make sure that a name means the repository it meant at the first look.

        Args:
            repo: The name.
            state: Holds the numeric id found then.
            tally: Counted on.

        Returns:
            The state, with the id.

        Raises:
            ForgeMoved: It was renamed, or another repository has the name now.
            ForgeRejected: It has no issues.
        """
        now = self._now()
        asked = self._asked.get(repo)
        if asked is not None and state.forge_id is not None and timedelta(0) <= now - asked < IDENTITY_LIFE:
            return state
        tally.requests += 1
        info = self._reader.repository(repo)
        name, asked_for = repo.key, "read repository"
        if info.path.casefold() != repo.path.casefold():
            message = f"is called {info.path} now: put the new name into the configuration"
            raise ForgeMoved(message, repo=name, operation=asked_for)
        if state.forge_id is not None and state.forge_id != info.id:
            raise ForgeMoved(
                "another repository has this name now; nothing is done there", repo=name, operation=asked_for
            )
        if not info.has_issues:
            raise ForgeRejected("issues are switched off there", repo=name, operation=asked_for)
        self._asked[repo] = now
        return replace(state, forge_id=info.id)

    def forget(self, repo: RepoRef) -> None:
        """Ask again before the next use."""
        self._asked.pop(repo, None)
