"""One request and its reply on an open connection: deadlines for head and body, and a bound for both.

The HTTP libraries that open connections bound each read alone: a peer that sends one byte now and then holds a thread
for ever. And they cost a millisecond for each request, most of it for what is not wanted here: redirects, retries,
cookies, streams. So h11 alone says what goes over the wire and what came, and we send and read.
"""

from __future__ import annotations

import contextlib
import time
import zlib
from collections.abc import Mapping
from functools import lru_cache
from http.client import HTTPException, RemoteDisconnected
from typing import Any, Protocol

import h11

from foreman.values import dataclass

_HEAD_BYTES = 256 * 1024
_PIECE_BYTES = 64 * 1024


class UnusableReply(Exception):
    """An answer came that nobody can work with: too long, too slow, the wrong kind."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class CutShort(ConnectionError):
    """The connection ended in the middle of a reply."""


class Socket(Protocol):
    """What is needed of a socket, of TLS or not."""

    def settimeout(self, seconds: float | None, /) -> None:
        """Bound the next calls."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""

    def recv(self, most: int, /) -> bytes:
        """Return what there is, or nothing at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a reply begins with.

    Attributes:
        status: HTTP status, 200 or more.
        headers: Names in lower case; those of one name are joined with commas.
    """

    status: int
    headers: Mapping[str, str]


class Exchange:
    """Requests on one connection, one after the other. After an error it is of no use."""

    def __init__(self, sock: Socket, *, timeout_seconds: float) -> None:
        """Take over a connected socket.

        Args:
            sock: Closed by who opened it.
            timeout_seconds: For sending, for the reply's head, and for its body.
        """
        self._sock = sock
        self._timeout_seconds = timeout_seconds
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
        self._deadline = 0.0
        self._heard = self._ended = False
        self._said: tuple[list[tuple[str, str]], Any] | None = None

    def ask(self, verb: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Head:
        """Send a request and read the head of its reply.

        Args:
            verb: HTTP method in capitals.
            target: Path and query, quoted.
            headers: All but the body's length.
            body: None for nothing.

        Returns:
            The head.

        Raises:
            ValueError: Something in the request could end a line, or is not ASCII. Nothing of it is quoted.
            TimeoutError: The head did not come in time.
            OSError: The connection ended.
            HTTPException: What came is no HTTP.
        """
        if self.may_go_on:
            self._http.start_next_cycle()
        request = self._written(verb, target, headers, body)
        self._heard = False
        self._sock.settimeout(self._timeout_seconds)
        # Who refuses a request may hang up before it has read it whole, after having answered.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._sock.sendall(request)
        self._deadline = time.monotonic() + self._timeout_seconds
        while not isinstance(event := self._next(), h11.Response):
            """What comes before the reply says nothing to us."""
        told: dict[str, str] = {}
        for raw, value in event.headers.raw_items():
            name = _name(raw)
            text = value.decode("latin-1")
            told[name] = f"{told[name]}, {text}" if name in told else text
        return Head(status=event.status_code, headers=told)

    def body(self, head: Head, *, most: int) -> bytes:
        """Read the body that belongs to a head, unpacked.

        Args:
            head: From `ask`.
            most: Bytes, packed and unpacked.

        Returns:
            The body.

        Raises:
            UnusableReply: It is longer than that, takes too long, or is packed in another way than was asked for.
            OSError: The connection ended in the middle.
            HTTPException: What came is no HTTP.
        """
        self._deadline = time.monotonic() + self._timeout_seconds
        packed = bytearray()
        try:
            while len(packed) <= most and isinstance(event := self._next(), h11.Data):
                packed += event.data
        except TimeoutError as error:
            raise UnusableReply("the reply came too slowly", status=head.status) from error
        whole = _unpacked(bytes(packed), head, most) if len(packed) <= most else packed
        if len(whole) > most:
            raise UnusableReply(f"the reply is longer than {most} bytes", status=head.status)
        return bytes(whole)

    @property
    def may_go_on(self) -> bool:
        """Whether another request may follow: the body was read whole, and nothing more is there to read."""
        http = self._http
        return http.our_state is http.their_state is h11.DONE and not (self._ended or http.trailing_data[0])

    def _written(self, verb: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        pairs = list(headers.items())
        if body is not None or verb != "GET":
            pairs.append(("Content-Length", str(len(body or b""))))
        # Most requests say the same as the one before; h11 takes what it has judged once as it is.
        same = self._said[1] if self._said and self._said[0] == pairs else pairs
        try:
            request = h11.Request(method=verb, target=target, headers=same)
            head = self._http.send(request)
        except (h11.LocalProtocolError, UnicodeEncodeError):
            raise ValueError("the request holds characters that cannot be sent") from None
        self._said = pairs, request.headers
        rest = self._http.send(h11.Data(data=body)) if body else b""
        self._http.send(h11.EndOfMessage())
        return (head or b"") + (rest or b"")

    def _next(self) -> Any:
        """Return the next thing that came."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(self._read())
        except h11.RemoteProtocolError as error:
            if not self._ended:
                raise HTTPException("what came is no HTTP") from error
            raise CutShort("in the reply") if self._heard else RemoteDisconnected("no answer") from error
        return event

    def _read(self) -> bytes:
        """Read some more before the deadline; nothing at the end of the connection."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the reply came too slowly")
        self._sock.settimeout(left)
        piece = self._sock.recv(_PIECE_BYTES)
        self._ended = not piece
        self._heard = self._heard or bool(piece)
        return piece


@lru_cache(maxsize=256)
def _name(raw: bytes) -> str:
    return raw.decode("ascii").lower()


def _unpacked(body: bytes, head: Head, most: int) -> bytes:
    """Unpack what was packed; of what is too long, somewhat more than `most`."""
    coding = head.headers.get("content-encoding", "").lower()
    if coding in ("", "identity") or not body:
        return body
    if coding not in ("gzip", "x-gzip"):
        raise UnusableReply("the reply is packed in a way that was not asked for", status=head.status)
    whole = bytearray()
    while body and len(whole) <= most:
        one = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            whole += one.decompress(body, most + 1 - len(whole))
        except zlib.error as error:
            raise UnusableReply("the reply cannot be unpacked", status=head.status) from error
        if not one.eof and len(whole) <= most:
            raise UnusableReply("the reply cannot be unpacked", status=head.status)
        body = one.unused_data
    return bytes(whole)
