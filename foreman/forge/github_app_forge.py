"""GitHub as an app sees it: its own login, what its token may do, and the repositories it was let into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Unpack
from urllib.parse import quote

from foreman.forge import github_map as words
from foreman.forge import github_rows as rows
from foreman.forge.base import RepoInfo
from foreman.forge.github import GitHubForge
from foreman.forge.github_app import AppTokens
from foreman.forge.github_app_line import AppIdentity
from foreman.forge.github_app_token import Wish
from foreman.forge.github_client import GitHubClient
from foreman.forge.grants import Grants, TokenKind
from foreman.forge.line import LineOptions, utc_now
from foreman.forge.trouble import readable
from foreman.model import Account, RepoRef
from foreman.secrets import KnownSecrets


class GitHubAppForge(GitHubForge):
    """One installation of an app on one GitHub."""

    def __init__(
        self,
        identity: AppIdentity,
        *,
        wish: Callable[[], Wish],
        secrets: KnownSecrets,
        api_url: str,
        **line: Unpack[LineOptions],
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            identity: The app.
            wish: What its tokens are needed for now.
            secrets: Where each token is made known.
            api_url: As for `GitHubForge`.
            **line: How the account's line goes; asking for a token is no write.
        """
        at_once: LineOptions = {**line, "write_interval_seconds": 0}
        client = partial(GitHubClient, api_url=api_url, **at_once)
        clock = line.get("clock", utc_now)
        self._tokens = AppTokens(identity, wish=wish, secrets=secrets, clock=clock, client=client)
        super().__init__(token=self._tokens, renew=self._tokens.renew, api_url=api_url, **line)

    def whoami(self) -> Account:
        """Return the account that the app's writings carry; proves the key and the installation."""
        login = self._tokens.login()
        reply = self._client.get("read account", "", f"/users/{quote(login, safe='')}")
        with readable("read account", ""):
            return words.account_of(rows.read(rows.UserRow, reply.data))

    def grants(self) -> Grants:
        """Return what the token and the installation may do, and where."""
        granted = self._tokens.granted()
        return Grants(
            kind=TokenKind.APP,
            permissions=self._tokens.token().permissions,
            granted=granted,
            repositories=frozenset(info.path.casefold() for info in self._tokens.reachable()),
        )

    def repository(self, repo: RepoRef) -> RepoInfo:
        """Return the repository's facts; what GitHub shows there of permissions is a person's, not an app's."""
        info = super().repository(repo)
        return replace(info, may_write=not info.archived and self._tokens.token().may_write(info.path))

    def owned(self, owner: str, *, nested: bool) -> tuple[RepoInfo, ...]:
        """Return an owner's repositories that the app was let into."""
        del nested  # GitHub's owners have no subgroups
        writes = self._tokens.granted().get("issues") == "write"
        return tuple(
            replace(info, may_write=writes and not info.archived)
            for info in self._tokens.reachable()
            if info.path.partition("/")[0].casefold() == owner.casefold()
        )

    def disconnect(self) -> None:
        """Break off what is under way, from any thread, and send nothing any more."""
        super().disconnect()
        self._tokens.close()
