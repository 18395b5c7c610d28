"""One account's way to a GitLab, on python-gitlab."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Unpack

import gitlab
import requests
from gitlab.exceptions import GitlabHttpError

from foreman import __version__
from foreman.forge.asking import Asked
from foreman.forge.gitlab_errors import LIMIT_HEADERS, translated
from foreman.forge.gitlab_wire import WireSession
from foreman.forge.line import Line, LineOptions
from foreman.forge.trouble import Circumstances
from foreman.forge.wire import WireReply


class GitLabClient(Line):
    """Requests to one API with one account, from any thread.

    Attributes:
        site: Where people find it, without a slash at the end.
    """

    forge = "gitlab"

    def __init__(self, *, token: Callable[[], str] | None, url: str, **line: Unpack[LineOptions]) -> None:
        """Prepare; nothing is opened yet. The arguments are those of `GitLabForge`."""
        super().__init__(url=url, limit_headers=LIMIT_HEADERS, **line)
        self.signed_in = token is not None
        self.site = url.rstrip("/").removesuffix("/api/v4")
        self._session = WireSession(self._wire, token)
        # Retrying, waiting and paging belong to others; python-gitlab's part is to build, send and sort out requests.
        self._library = gitlab.Gitlab(
            self.site,
            session=self._session,
            user_agent=f"foreman/{__version__}",
            timeout=self.timeout_seconds,
            retry_transient_errors=False,
        )

    def _ask(self, asked: Asked) -> WireReply:
        try:
            self._library.http_request(
                asked.verb.lower(),
                asked.path,
                query_data=dict(asked.query),
                post_data=None if asked.body is None else dict(asked.body),
                extra_headers=dict(asked.headers),
                obey_rate_limit=False,
                max_retries=0,
            )
        except GitlabHttpError as error:
            # To python-gitlab everything but 2xx is an error.
            if error.response_code != requests.codes.not_modified:
                raise
        return self._session.last

    def _translated(self, about: Circumstances) -> AbstractContextManager[None]:
        return translated(about, lambda: self._session.last)
