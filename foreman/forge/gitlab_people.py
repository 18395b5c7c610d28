"""Who people are to a project: GitLab's issues and notes name their authors and nothing else of them.

One request tells the access levels of all authors of a page of issues, and the answers are kept for a while.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from foreman.errors import ForgeAuthError, ForgeNotFound
from foreman.forge import gitlab_map as words
from foreman.forge import gitlab_rows as shapes
from foreman.forge.gitlab_client import GitLabClient
from foreman.forge.reading import shaped
from foreman.model import Account, RepoRef, Role

LIFE = timedelta(minutes=10)
"""How long a role is believed. Approvals ask afresh."""

MOST_KNOWN = 20_000
"""Roles kept at the most, over all projects."""

_AT_ONCE = 100
"""As many as a page takes."""

_OPERATION = "read members"


class People:
    """The access levels of authors, as last asked for. Threads may share it."""

    def __init__(self, client: GitLabClient) -> None:
        """Begin with nobody known; ask through this client."""
        self._client = client
        self._lock = threading.Lock()
        self._known: dict[tuple[RepoRef, int], tuple[datetime, Role]] = {}

    def roles(self, repo: RepoRef, authors: Iterable[Account]) -> words.Roles:
        """Return what some people are to a project.

        Args:
            repo: Which.
            authors: Whose roles will be asked for.

        Returns:
            For each of them: `bot` and `unknown` go before what the project says, `none` is a stranger.
        """
        wanted = {author.id for author in authors if author.id and not author.is_bot}
        found = self._remembered(repo, wanted)
        missing = sorted(wanted - found.keys())
        for first in range(0, len(missing), _AT_ONCE):
            found |= self._asked(repo, missing[first : first + _AT_ONCE])

        def role(account: Account) -> Role:
            return Role.BOT if account.is_bot else found.get(account.id, Role.UNKNOWN)

        return role

    def _remembered(self, repo: RepoRef, wanted: set[int]) -> dict[int, Role]:
        now = self._client.clock()
        with self._lock:
            known = {number: self._known.get((repo, number)) for number in wanted}
        return {number: entry[1] for number, entry in known.items() if entry and now - entry[0] < LIFE}

    def _asked(self, repo: RepoRef, numbers: list[int]) -> dict[int, Role]:
        """Ask for the members among these, and keep the answer."""
        roles = self._members(repo, numbers)
        now = self._client.clock()
        with self._lock:
            if len(self._known) > MOST_KNOWN:
                self._known.clear()
            told = ((number, role) for number, role in roles.items() if role is not Role.UNKNOWN)  # it may pass
            self._known.update({(repo, number): (now, role) for number, role in told})
        return roles

    def _members(self, repo: RepoRef, numbers: list[int]) -> dict[int, Role]:
        """Return what each of these is; where not even the list of members may be seen, nobody knows."""
        query: dict[str, str | int | tuple[int, ...]] = {"user_ids[]": tuple(numbers), "per_page": _AT_ONCE}
        try:
            reply = self._client.get(_OPERATION, repo.key, f"{words.project(repo)}/members/all", query=query)
        except (ForgeNotFound, ForgeAuthError) as error:
            if error.status == 401:
                raise
            return dict.fromkeys(numbers, Role.UNKNOWN)
        rows = shaped(tuple[shapes.MemberRow, ...], reply, _OPERATION, repo.key)
        levels = dict.fromkeys(numbers, 0)
        for row in rows:
            # Somebody who came by two ways may be there twice.
            levels[row.id] = max(levels.get(row.id, 0), words.level_of(row))
        return {number: words.role_of(level) for number, level in levels.items()}
