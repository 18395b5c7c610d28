"""One account's way to GitHub: requests one after the other, writes spaced, limits kept, errors in Foreman's words.

Nothing is asked twice here. What the replies mean is read elsewhere (`github_map`).
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests.utils
from github.Requester import Requester

from foreman import __version__
from foreman.errors import ForgeRateLimited, ForgeUnavailable
from foreman.forge.github_errors import Circumstances, exhausted_until, translated
from foreman.forge.github_grants import TOLD
from foreman.forge.github_wire import FreshToken, OneOriginConnection, UnusableReply
from foreman.forge.meter import LONGEST_WAIT, Meter
from foreman.forge.turns import Turns

_ALWAYS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply of 2xx or 304.

    Attributes:
        status: HTTP status.
        etag: To ask with the next time; empty when there was none.
        has_next: The forge says that another page follows. Its address is never used.
        data: Parsed JSON, None for an empty body.
    """

    status: int
    etag: str
    has_next: bool
    data: Any


class GitHubClient:
    """Requests to one API with one account, from any thread."""

    def __init__(
        self,
        *,
        token: Callable[[], str],
        api_url: str,
        write_interval_seconds: float,
        timeout_seconds: float,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        wait: Callable[[float], object],
    ) -> None:
        """Prepare; nothing is opened yet. The arguments are those of `GitHubForge`."""
        self._clock = clock
        self._monotonic = monotonic
        self._wait = wait
        self._write_interval = write_interval_seconds
        self._last_write: float | None = None
        self._limited_until: datetime | None = None
        self.meter = Meter("x-ratelimit-")
        self._strikes = 0
        self._closed = False
        self._token = token
        self._told: Mapping[str, str] = {}
        self._writing = threading.Lock()
        self._sending = Turns(monotonic)
        _silence_the_library()
        self._connection = OneOriginConnection(api_url=api_url, timeout_seconds=timeout_seconds, monotonic=monotonic)
        # Retrying, waiting and pooling belong to others; PyGithub's part is to build, send and sort out requests.
        self._requester = Requester(
            auth=FreshToken(token),
            base_url=api_url.rstrip("/"),
            timeout=math.ceil(timeout_seconds),
            user_agent=f"foreman/{__version__}",
            per_page=100,
            verify=True,
            retry=None,
            pool_size=1,
        )

    @property
    def token(self) -> str:
        """The token as it is now."""
        return self._token()

    @property
    def told(self) -> Mapping[str, str]:
        """What the last reply told about the token: the headers of `TOLD`."""
        return self._told

    def close(self) -> None:
        """Break off what is under way and send nothing any more."""
        self._closed = True
        self._connection.close()

    def get(
        self, operation: str, repo: str, path: str, *, query: Mapping[str, str | int] | None = None, etag: str = ""
    ) -> Reply:
        """Read.

        Args:
            operation: What for, in a word or two.
            repo: Repository key; empty where none is concerned.
            path: From the API's root, quoted.
            query: Parameters.
            etag: Ask only for what differs from this.

        Returns:
            The reply; its status is 304 only when `etag` was given.

        Raises:
            ForgeError: Anything else.
        """
        # What cannot stand in a header is no tag that we were ever given.
        tag = {"If-None-Match": etag} if etag.isascii() and etag.isprintable() and etag else {}
        return self._exchange("GET", operation, repo, path, query=dict(query or {}), headers=tag, body=None)

    def write(
        self, verb: str, operation: str, repo: str, path: str, body: Mapping[str, object] | None = None
    ) -> Reply:
        """Write once, at least the write interval after the write before.

        Args:
            verb: POST, PATCH or DELETE.
            operation: What for, in a word or two.
            repo: Repository key.
            path: From the API's root, quoted.
            body: To send as JSON.

        Returns:
            The reply.

        Raises:
            ForgeError: Anything but a success.
        """
        with self._writing:
            while (pause := self._pause()) > 0:
                if self._wait(pause) is True:
                    raise ForgeUnavailable("stopping", repo=repo, operation=operation, sent=False)
            try:
                return self._exchange(verb, operation, repo, path, query={}, headers={}, body=body)
            finally:
                self._last_write = self._monotonic()

    def _pause(self) -> float:
        """Return the seconds until the next write may start."""
        if self._last_write is None:
            return 0.0
        return self._last_write + self._write_interval - self._monotonic()

    def _exchange(
        self,
        verb: str,
        operation: str,
        repo: str,
        path: str,
        *,
        query: dict[str, str | int],
        headers: dict[str, str],
        body: Mapping[str, object] | None,
    ) -> Reply:
        with self._sending.turn(repo):
            about = Circumstances(operation=operation, repo=repo, now=self._clock(), strikes=self._strikes)
            if self._closed:
                raise ForgeUnavailable("disconnected", repo=repo, operation=operation, sent=False)
            self._refuse_while_limited(about)
            try:
                with translated(about):
                    reply = self._send(verb, path, query, headers | _ALWAYS, body)
                    if reply.status == requests.codes.not_modified and "If-None-Match" not in headers:
                        raise UnusableReply("nothing new, though nothing was known", status=reply.status)
            except ForgeRateLimited as error:
                self._strikes += 1
                self._limited_until = error.retry_at
                raise
            self._strikes = 0
            return reply

    def _send(
        self,
        verb: str,
        path: str,
        query: dict[str, str | int],
        headers: dict[str, str],
        body: Mapping[str, object] | None,
    ) -> Reply:
        status, got, text = self._requester.requestJson(
            verb, path, parameters=query, headers=headers, input=body, cnx=self._connection
        )
        now = self._clock()
        self.meter.hear(got, now=now)
        if status >= 400:
            raise self._requester.createException(status, got, _error_body(text))
        self._told = {name: got[name] for name in TOLD if name in got}
        until = exhausted_until(got)
        if until is not None and until > now:
            self._limited_until = min(until, now + LONGEST_WAIT)
        links = requests.utils.parse_header_links(got.get("link", ""))
        return Reply(
            status=status,
            etag=got.get("etag", ""),
            has_next=any(link.get("rel") == "next" for link in links),
            data=_parsed(text, status),
        )

    def _refuse_while_limited(self, about: Circumstances) -> None:
        """Keep every thread of this account from asking while the forge has told one of them to wait."""
        until = self._limited_until
        if until is not None and about.now < until:
            raise ForgeRateLimited(
                "waiting out the rate limit", retry_at=until, repo=about.repo, operation=about.operation
            )
        self._limited_until = None


def _silence_the_library() -> None:
    """Take back the level and the way to stderr that PyGithub gives itself: what it says goes where all logs go."""
    library = logging.getLogger("github")
    library.handlers.clear()
    library.setLevel(logging.NOTSET)


def utc_now() -> datetime:
    """Return the time of day, aware UTC."""
    return datetime.now(UTC)


def _parsed(text: str, status: int) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise UnusableReply("the reply is not JSON", status=status) from error


def _error_body(text: str) -> dict[str, Any]:
    """Return an error's body as PyGithub takes it; an HTML page becomes nothing."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(data, dict):
        return {}
    return data | {"message": str(data.get("message") or "")}
