"""What goes over the wire to a forge: one origin, no redirect, a bounded reply, a token that is asked for each time.

The forges' libraries follow redirects (for a POST as well), sleep and ask again, read replies of any size and keep a
token for ever; each gets this in place of its own connections. Errors are translated elsewhere.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from requests.utils import requote_uri

from foreman.counting import REQUESTS, count
from foreman.errors import ForgeAuthError
from foreman.forge.http_door import Door
from foreman.forge.http_exchange import UnusableReply
from foreman.values import dataclass

MAX_REPLY_BYTES = 20 * 1024 * 1024
"""A page of 100 issues with bodies at GitHub's limit of 65,536 characters of four bytes is 26 MB, which nobody has."""

MAX_IDLE_SECONDS = 30.0
"""A kept connection older than this is not used again: a reply lost on a dead one leaves a write in doubt."""

_REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})
_TELLING = frozenset({304, 401, 403, 404, 429})
_QUOTED = re.compile(r"/[!-\"$-~]*")
_ALWAYS = {"Accept": "*/*", "Accept-Encoding": "gzip", "Connection": "keep-alive"}


class Redirected(Exception):
    """The forge pointed elsewhere; nobody went there."""

    def __init__(self, status: int, location: str) -> None:
        super().__init__(f"HTTP {status} to {location}")
        self.status = status
        self.location = location


@dataclass(frozen=True, slots=True, kw_only=True)
class WireReply:
    """A reply read whole.

    Attributes:
        status: HTTP status; no redirect and no 202.
        headers: Names in lower case.
        text: The body.
    """

    status: int
    headers: Mapping[str, str]
    text: str


class OneOrigin:
    """A kept connection to one scheme, host and port."""

    def __init__(
        self,
        *,
        url: str,
        timeout_seconds: float,
        hear: Callable[[Mapping[str, str]], None],
        monotonic: Callable[[], float] = time.monotonic,
        forge: str = "",
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            url: Where the API is; only scheme, host and port are used.
            timeout_seconds: For connecting, for the reply's head, and for its body.
            hear: Told the headers of each reply, whatever its status.
            monotonic: Clock for idle time and the body's deadline.
            forge: Under which name its requests are counted.
        """
        parts = urlsplit(url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._timeout_seconds = timeout_seconds
        self._hear = hear
        self._forge = forge
        self._monotonic = monotonic
        self._used_at = monotonic()
        self._host = parts.netloc.rpartition("@")[2].encode("idna" if not parts.netloc.isascii() else "ascii").decode()
        self._door = Door(origin=self.origin, timeout_seconds=timeout_seconds)

    def send(
        self,
        verb: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        query: Mapping[str, Any] | None = None,
    ) -> WireReply:
        """Send a request and read the reply whole.

        Args:
            verb: HTTP method in capitals.
            path: From the origin's root, quoted.
            headers: All of them, the token's too.
            body: As it goes out.
            query: Parameters to put behind the path.

        Returns:
            The reply.

        Raises:
            Redirected: The forge answered with a redirect.
            UnusableReply: The reply is too long, too slow or not text.
        """
        if self._monotonic() - self._used_at > MAX_IDLE_SECONDS:
            self._door.forget()
        target = _target(path, query or {})
        status = 0
        try:
            connection = self._door.take()
            whole = False
            try:
                head = connection.exchange.ask(verb, target, {"Host": self._host, **_ALWAYS, **headers}, body)
                self._hear(head.headers)
                status = head.status
                if status in _REDIRECTS:
                    raise Redirected(status, head.headers.get("location", "")[:200])
                text = _text(connection.exchange.body(head, most=MAX_REPLY_BYTES), status)
                whole = connection.exchange.may_go_on
            finally:
                if whole:
                    self._door.rest(connection)
                else:
                    connection.close()
            return WireReply(status=status, headers=head.headers, text=text)
        finally:
            self._used_at = self._monotonic()
            count(REQUESTS, forge=self._forge, method=verb, outcome=_outcome(status))

    def close(self) -> None:
        """Break off what is under way, from any thread. The connection is of no use afterwards."""
        self._door.close()


def sendable(token: str) -> str:
    """Return a token that can stand in a header.

    Args:
        token: As its source gave it.

    Returns:
        The same.

    Raises:
        ForgeAuthError: It cannot. The HTTP library would say so with the token in its message.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ForgeAuthError("the token is empty or holds characters that no token has")
    return token


def _outcome(status: int) -> str:
    """Return how a request is counted: by the statuses that mean something of their own, the others by their kind."""
    if not status:
        return "none"
    return str(status) if status in _TELLING else f"{status // 100}xx"


def _target(path: str, query: Mapping[str, Any]) -> str:
    """Return path and query as they go out; what nobody has quoted is quoted here."""
    pairs = [(name, value) for name, value in query.items() if value is not None]
    if pairs:
        path += ("&" if "?" in path else "?") + urlencode(pairs, doseq=True)
    return path if _QUOTED.fullmatch(path) else requote_uri(path).partition("#")[0]


def _text(body: bytes, status: int) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise UnusableReply("the reply is not UTF-8", status=status) from error
