"""What goes over the wire to GitHub: one origin, no redirect, a bounded reply, a token that is asked for each time.

PyGithub's own connections follow a 301 (for a POST as well), sleep and ask again on a 202, read replies of any size
and keep a token for ever. It takes a connection per request, so it gets this one. Errors are translated elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, ItemsView, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from github.Auth import Auth
from github.Requester import HTTPRequestsConnectionClass

from foreman.errors import ForgeAuthError
from foreman.forge.http_deadline import DeadlineAdapter

MAX_REPLY_BYTES = 20 * 1024 * 1024
"""A page of 100 issues with bodies at GitHub's limit of 65,536 characters of four bytes is 26 MB, which nobody has."""

MAX_IDLE_SECONDS = 30.0
"""A kept connection older than this is not used again: a reply lost on a dead one leaves a write in doubt."""

_REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})
_CHUNK_BYTES = 64 * 1024


class Redirected(Exception):
    """The forge pointed elsewhere; nobody went there."""

    def __init__(self, status: int, location: str) -> None:
        super().__init__(f"HTTP {status} to {location}")
        self.status = status
        self.location = location


class UnusableReply(Exception):
    """An answer came that nobody can work with: too long, too slow, the wrong kind."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class FreshToken(Auth):
    """Authentication that asks for the token at each request, so that a renewed one is used and none is kept."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._source = token

    @property
    def token_type(self) -> str:
        """Word before the token in the header."""
        return "Bearer"

    @property
    def token(self) -> str:
        """The token as it is now.

        Raises:
            ForgeAuthError: It cannot stand in a header. The HTTP library would say so with the token in its message.
        """
        token = self._source()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ForgeAuthError("the token is empty or holds characters that no token has")
        return token


class BoundedResponse:
    """A reply read whole, in the shape PyGithub expects."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        self.status = status
        self.headers = headers
        self._text = text

    def getheaders(self) -> ItemsView[str, str]:
        """Return the headers."""
        return self.headers.items()

    def read(self) -> str:
        """Return the body."""
        return self._text


class OneOriginConnection(HTTPRequestsConnectionClass):
    """A kept connection to one scheme, host and port."""

    # The parent's __init__ is not called: its session retries, follows the environment's proxies on plain HTTP and
    # knows no origin.
    def __init__(
        self, *, api_url: str, timeout_seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            api_url: Where the API is; only scheme, host and port are used.
            timeout_seconds: For connecting, for the reply's head, and for its body.
            monotonic: Clock for idle time and the body's deadline.
        """
        parts = urlsplit(api_url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.timeout_seconds = timeout_seconds
        self._monotonic = monotonic
        self._used_at = monotonic()
        self.session = requests.Session()
        self._adapter = DeadlineAdapter()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, self._adapter)
        # A proxy of the environment would see the token of a plain HTTP request.
        self.session.trust_env = parts.scheme == "https"
        # Anything but None keeps requests from reading ~/.netrc.
        self.session.auth = _leave_as_is
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def request(self, verb: str, url: str, input: Any, headers: dict[str, str], stream: bool = False) -> None:  # noqa: A002, ARG002
        """Keep what to send; PyGithub's protocol sends it with `getresponse`."""
        self.verb, self.url, self.input, self.headers = verb, url, input, headers
        if self._monotonic() - self._used_at > MAX_IDLE_SECONDS:
            self.session.close()

    def getresponse(self) -> BoundedResponse:  # type: ignore[override]
        """Send the request and read the reply.

        Returns:
            The reply, whole.

        Raises:
            Redirected: The forge answered with a redirect.
            UnusableReply: The reply is too long, too slow or not text, or asks to come back later.
        """
        try:
            response = self.session.request(
                self.verb,
                self.origin + self.url,
                headers=self.headers,
                data=self.input.encode() if isinstance(self.input, str) else self.input,
                timeout=self.timeout_seconds,
                allow_redirects=False,
                stream=True,
            )
            with response:
                status = response.status_code
                if status in _REDIRECTS:
                    raise Redirected(status, response.headers.get("location", "")[:200])
                if status == requests.codes.accepted:
                    raise UnusableReply("the forge says that it is still at it", status=status)
                return BoundedResponse(status, response.headers, self._text(response))
        finally:
            self._used_at = self._monotonic()

    def close(self) -> None:
        """Break off what is under way, from any thread. The connection is of no use afterwards."""
        self._adapter.break_off()
        self.session.close()

    def _text(self, response: requests.Response) -> str:
        deadline = self._monotonic() + self.timeout_seconds
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > MAX_REPLY_BYTES:
                raise UnusableReply(f"the reply is longer than {MAX_REPLY_BYTES} bytes", status=response.status_code)
            if self._monotonic() > deadline:
                raise UnusableReply("the reply came too slowly", status=response.status_code)
        try:
            return body.decode()
        except UnicodeDecodeError as error:
            raise UnusableReply("the reply is not UTF-8", status=response.status_code) from error


def _leave_as_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
