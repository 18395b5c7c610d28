"""One account's way to GitHub, on PyGithub."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Unpack

import requests

from foreman import __version__
from foreman.forge.asking import Asked
from foreman.forge.github_errors import LIMIT_HEADERS, translated
from foreman.forge.github_grants import TOLD
from foreman.forge.github_library import Requester
from foreman.forge.github_wire import FreshToken, GitHubConnection
from foreman.forge.line import Line, LineOptions
from foreman.forge.trouble import Circumstances
from foreman.forge.wire import WireReply

_ALWAYS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


_REFUSED = frozenset({requests.codes.unauthorized, requests.codes.forbidden})


def never(status: int, text: str) -> bool:  # noqa: ARG001
    """Renew no token: a person's is what it is."""
    return False


class GitHubClient(Line):
    """Requests to one API with one account, from any thread."""

    forge = "github"

    def __init__(
        self,
        *,
        token: Callable[[], str] | None,
        renew: Callable[[int, str], bool] = never,
        api_url: str,
        **line: Unpack[LineOptions],
    ) -> None:
        """Prepare; nothing is opened yet. The arguments are those of `GitHubForge`."""
        super().__init__(url=api_url, limit_headers=LIMIT_HEADERS, **line)
        _silence_the_library()
        self._token = token
        self._renew = renew
        self._told: Mapping[str, str] | None = None
        self._connection = GitHubConnection(self._wire)
        # Retrying, waiting and pooling belong to others; PyGithub's part is to build, send and sort out requests.
        self._requester = Requester(
            auth=None if token is None else FreshToken(token),
            base_url=api_url.rstrip("/"),
            timeout=math.ceil(self.timeout_seconds),
            user_agent=f"foreman/{__version__}",
            per_page=100,
            verify=True,
            retry=None,
            pool_size=1,
        )

    @property
    def token(self) -> str:
        """The token as it is now; empty for none."""
        return "" if self._token is None else self._token()

    @property
    def told(self) -> Mapping[str, str] | None:
        """What the last reply told about the token: the headers of `TOLD`; None before the first."""
        return self._told

    def _ask(self, asked: Asked) -> WireReply:
        status, got, text = self._request(asked)
        # What was refused for its token was not done, so that it can be sent with another.
        if status in _REFUSED and self._renew(status, text):
            status, got, text = self._request(asked)
        if status >= 400:
            raise self._requester.createException(status, got, _error_body(text))
        self._told = {name: got[name] for name in TOLD if name in got}
        return WireReply(status=status, headers=got, text=text)

    def _request(self, asked: Asked) -> tuple[int, dict[str, Any], str]:
        return self._requester.requestJson(
            asked.verb,
            asked.path,
            parameters=dict(asked.query),
            headers={**asked.headers, **_ALWAYS},
            input=asked.body,
            cnx=self._connection,
        )

    def _translated(self, about: Circumstances) -> AbstractContextManager[None]:
        return translated(about)


def _silence_the_library() -> None:
    """Take back the way to stderr that PyGithub gives itself, and its debug lines: they quote replies whole."""
    library = logging.getLogger("github")
    library.handlers.clear()
    library.setLevel(logging.WARNING)


def _error_body(text: str) -> dict[str, Any]:
    """Return an error's body as PyGithub takes it; an HTML page becomes nothing."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(data, dict):
        return {}
    return data | {"message": str(data.get("message") or "")}
