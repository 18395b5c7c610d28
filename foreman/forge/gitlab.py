"""GitLab, for reading and writing, on python-gitlab.

No lazy object, no redirect, no retry; every reply is read whole and checked to be about what was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from foreman.forge.gitlab_client import GitLabClient
from foreman.forge.gitlab_reader import GitLabReader
from foreman.forge.gitlab_writer import GitLabWriter
from foreman.forge.line import LineOptions


class GitLabForge(GitLabReader, GitLabWriter):
    """One account on one GitLab: `ForgeReader` and `ForgeWriter`.

    Threads may share it. Requests go out one after the other.
    """

    def __init__(
        self,
        *,
        token: Callable[[], str] | None,
        url: str,
        **line: Unpack[LineOptions],
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            token: Asked at each request, so that no copy is kept; None reads what everybody may.
            url: `https://gitlab.com`, or of any other GitLab, with a path in front where it has one.
            **line: How the account's line goes.
        """
        client = GitLabClient(token=token, url=url, **line)
        GitLabReader.__init__(self, client)
        GitLabWriter.__init__(self, client)
