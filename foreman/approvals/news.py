"""What a dashboard tells of the last days, and when it is time to look whether that has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from foreman.approvals.page import digest_of
from foreman.approvals.privacy import Privacy
from foreman.approvals.state import State
from foreman.config.effective import RepoPlan
from foreman.model import RepoRef

NEWS_EVERY = timedelta(hours=1)
"""Least time between two changes of a page for the sake of what it tells; what waits for approval is not kept back."""

MAX_CHARS = 12_000
"""Longest text, characters; the rest of what a forge takes is for what waits."""

PATIENCE = timedelta(minutes=10)
"""So long it is waited for work to be done that is under way, so that the page tells of it, too."""

Make = Callable[[Sequence[RepoRef], bool], str]
"""Writes Markdown of these repositories, for everybody (True) or for who may read a private one; empty for nothing."""


def nothing(_repos: Sequence[RepoRef], _public: bool) -> str:
    """Tell nothing: for a dashboard that only lists what waits."""
    return ""


class News:
    """Makes the text of each dashboard of an account. Used by one thread."""

    def __init__(self, make: Make, privacy: Privacy, now: Callable[[], datetime]) -> None:
        """Keep the ports.

        Args:
            make: Writes the text.
            privacy: What may be shown where.
            now: Current time, aware UTC.
        """
        self._make = make
        self._privacy = privacy
        self._now = now
        self._next: dict[RepoRef, datetime] = {}
        self._differs: dict[RepoRef, bool] = {}

    def text(self, repo: RepoRef, plans: Sequence[RepoPlan]) -> str:
        """Write what is to be told now.

        Args:
            repo: Where the dashboard is.
            plans: The repositories that use it.

        Returns:
            Markdown; empty for nothing.

        Raises:
            ForgeError: Nobody could tell whether the place is private.
        """
        told = [plan.repo for plan in plans if plan.enabled]
        text = self._make(told, False)  # asks no forge, as long as there is nothing
        if text and not self._privacy.is_private(repo):
            text = self._make([source for source in told if self._privacy.may_show(source, on=repo)], True)
        return _bounded(text)

    def due(self, repo: RepoRef) -> bool:
        """Return whether the last look found something else than the page tells."""
        return self._differs.get(repo, False)

    def look(self, repo: RepoRef, plans: Sequence[RepoPlan], state: State, busy: Callable[[], bool]) -> bool:
        """Look, if it is time to, whether something else is to be told than the page does.

        Args:
            repo: Where the dashboard is.
            plans: The repositories that use it.
            state: Where it stands.
            busy: Tells whether work is under way.

        Returns:
            Whether the page is to be written for it.

        Raises:
            ForgeError: Nobody could tell whether the place is private.
        """
        now = self._now()
        wanted_since = self._next.setdefault(repo, now)
        if state.told_at is not None and now - state.told_at < NEWS_EVERY:
            self._differs[repo] = False
        elif now >= wanted_since and (now - wanted_since >= PATIENCE or not busy()):
            self._next[repo] = now + NEWS_EVERY
            self._differs[repo] = key_of(self.text(repo, plans)) != state.news
        return self.due(repo)


def key_of(text: str) -> str:
    """Return what tells whether two texts are the same; empty for the empty one."""
    return digest_of(text) if text else ""


def _bounded(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    whole = text[:MAX_CHARS].rpartition("\n")[0]
    return f"{whole}\n\nThere is more than fits: `foreman digest`"
