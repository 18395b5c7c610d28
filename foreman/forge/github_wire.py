"""PyGithub's requests on our wire: it takes a connection per request, so it gets this one."""

from __future__ import annotations

from collections.abc import Callable, ItemsView
from typing import Any

import requests

from foreman.forge.github_library import Auth, HTTPRequestsConnectionClass
from foreman.forge.http_exchange import UnusableReply
from foreman.forge.wire import OneOrigin, WireReply, sendable


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
        """The token as it is now; `ForgeAuthError` when it cannot stand in a header."""
        return sendable(self._source())


class WholeResponse:
    """A reply in the shape PyGithub expects."""

    def __init__(self, reply: WireReply) -> None:
        self.status = reply.status
        self.headers = reply.headers
        self._text = reply.text

    def getheaders(self) -> ItemsView[str, str]:
        """Return the headers."""
        return self.headers.items()

    def read(self) -> str:
        """Return the body."""
        return self._text


class GitHubConnection(HTTPRequestsConnectionClass):
    """A kept connection for PyGithub to use."""

    # The parent's __init__ is not called: its session retries, follows the environment's proxies on plain HTTP and
    # knows no origin.
    def __init__(self, wire: OneOrigin) -> None:
        """Send over this."""
        self._wire = wire

    def request(self, verb: str, url: str, input: Any, headers: dict[str, str], stream: bool = False) -> None:  # noqa: A002, ARG002
        """Keep what to send; PyGithub's protocol sends it with `getresponse`."""
        self.verb, self.url, self.input, self.headers = verb, url, input, headers

    def getresponse(self) -> WholeResponse:  # type: ignore[override]
        """Send the request and read the reply.

        Returns:
            The reply, whole.

        Raises:
            UnusableReply: The forge asks to come back later. PyGithub would sleep and ask again.
        """
        body = self.input.encode() if isinstance(self.input, str) else self.input
        reply = self._wire.send(self.verb, self.url, headers=self.headers, body=body)
        if reply.status == requests.codes.accepted:
            raise UnusableReply("the forge says that it is still at it", status=reply.status)
        return WholeResponse(reply)

    def close(self) -> None:
        """Break off what is under way."""
        self._wire.close()
