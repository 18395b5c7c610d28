"""GitHub, for reading and writing, on PyGithub.

No lazy object, no redirect, no retry; every reply is read whole and checked to be about what was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from foreman.forge.github_client import GitHubClient, never
from foreman.forge.github_reader import GitHubReader
from foreman.forge.github_writer import GitHubWriter
from foreman.forge.line import LineOptions


class GitHubForge(GitHubReader, GitHubWriter):
    """One account on one GitHub: `ForgeReader` and `ForgeWriter`.

    Threads may share it. Requests go out one after the other, as GitHub asks for.
    """

    def __init__(
        self,
        *,
        token: Callable[[], str] | None,
        renew: Callable[[int, str], bool] = never,
        api_url: str,
        **line: Unpack[LineOptions],
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            token: Asked at each request, so that no copy is kept; None reads what everybody may.
            renew: Told status and text of a 401 or 403; True sends the request once more, with what `token` says then.
            api_url: `https://api.github.com`, or `https://HOST/api/v3` of a GitHub Enterprise.
            **line: How the account's line goes.
        """
        client = GitHubClient(token=token, renew=renew, api_url=api_url, **line)
        GitHubReader.__init__(self, client)
        GitHubWriter.__init__(self, client)
