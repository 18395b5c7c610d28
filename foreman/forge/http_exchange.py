"""One request and its reply on an open connection: deadlines for head and body, and a bound for both.

The HTTP libraries bound each read alone: a peer that sends one byte now and then holds a thread for ever. And they
cost a millisecond for each request, most of it for what is not wanted here: redirects, retries, cookies, streams.
"""

from __future__ import annotations

import contextlib
import re
import time
import zlib
from collections.abc import Mapping
from functools import lru_cache
from http.client import BadStatusLine, HTTPException, RemoteDisconnected
from typing import Protocol

from foreman.values import dataclass

_HEAD_BYTES = 256 * 1024
_PIECE_BYTES = 64 * 1024
_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: .*)?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LINE = re.compile(r"[ -~]*")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_BODILESS = frozenset({204, 304})
_SWITCHING = 101


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
        persists: The peer speaks HTTP/1.1 and does not say that it closes the connection.
    """

    status: int
    headers: Mapping[str, str]
    persists: bool


def request_bytes(verb: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """Return a request as it goes out.

    Args:
        verb: HTTP method in capitals.
        target: Path and query, quoted.
        headers: All but the body's length.
        body: None for nothing.

    Returns:
        Head and body.

    Raises:
        ValueError: Something in it could end a line, or is not ASCII. Nothing of it is quoted.
    """
    lines = [f"{verb} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None or verb != "GET":
        lines.append(f"Content-Length: {len(body or b'')}")
    if not all(map(_LINE.fullmatch, lines)) or " " in target:
        message = "the request holds characters that cannot be sent"
        raise ValueError(message)
    return "\r\n".join([*lines, "", ""]).encode("ascii") + (body or b"")


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
        self._buffer = bytearray()
        self._deadline = 0.0

    def ask(self, request: bytes) -> Head:
        """Send a request and read the head of its reply.

        Args:
            request: From `request_bytes`.

        Returns:
            The head.

        Raises:
            TimeoutError: It did not come in time.
            OSError: The connection ended.
            HTTPException: What came is no HTTP.
        """
        self._sock.settimeout(self._timeout_seconds)
        # Who refuses a request may hang up before it has read it whole, after having answered.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._sock.sendall(request)
        self._deadline = time.monotonic() + self._timeout_seconds
        while True:
            head = _parsed(self._until(b"\r\n\r\n", _HEAD_BYTES).decode("latin-1"))
            if head.status >= 200:
                return head
            if head.status == _SWITCHING:
                raise BadStatusLine(str(head.status))

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
        try:
            packed = self._packed(head, most)
        except TimeoutError as error:
            raise UnusableReply("the reply came too slowly", status=head.status) from error
        if len(packed) <= most:
            packed = _unpacked(packed, head, most)
        if len(packed) > most:
            raise UnusableReply(f"the reply is longer than {most} bytes", status=head.status)
        return packed

    def may_go_on(self, head: Head) -> bool:
        """Tell whether another request may follow a body that was read whole: nothing more is there to read."""
        ends_by_itself = _chunked(head) or _length(head) is not None or head.status in _BODILESS
        return head.persists and ends_by_itself and not self._buffer

    def _packed(self, head: Head, most: int) -> bytes:
        """Return the body as it comes; of one that is too long, somewhat more than `most`."""
        if head.status in _BODILESS:
            return b""
        if _chunked(head):
            return self._chunks(most)
        length = _length(head)
        if length is not None:
            return self._take(min(length, most + 1))
        while len(self._buffer) <= most and self._more():
            pass
        return self._take(len(self._buffer))

    def _chunks(self, most: int) -> bytes:
        body = bytearray()
        while len(body) <= most:
            size = _CHUNK.fullmatch(self._until(b"\r\n", _PIECE_BYTES))
            if size is None:
                raise HTTPException("no chunk")
            if not (length := int(size[1], 16)):
                while self._until(b"\r\n", _PIECE_BYTES):
                    """What follows the last chunk says nothing to us."""
                break
            body += self._take(min(length, most + 1))
            if length <= most and self._take(2) != b"\r\n":
                raise HTTPException("no end of a chunk")
        return bytes(body)

    def _until(self, end: bytes, most: int) -> bytes:
        """Take what comes before an end, and the end."""
        seen = 0
        while (at := self._buffer.find(end, max(0, seen - len(end)))) < 0:
            seen = len(self._buffer)
            if seen > most:
                raise HTTPException("too long a head")
            if not self._more():
                raise CutShort("in the head") if seen else RemoteDisconnected("no answer")
        taken = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        return taken

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            if not self._more():
                raise CutShort("in the body")
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _more(self) -> bool:
        """Read some more before the deadline; False at the end of the connection."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the reply came too slowly")
        self._sock.settimeout(left)
        piece = self._sock.recv(_PIECE_BYTES)
        self._buffer += piece
        return bool(piece)


def _parsed(text: str) -> Head:
    first, *lines = text.split("\r\n")
    told = _STATUS_LINE.fullmatch(first)
    if told is None:
        raise BadStatusLine(first[:80])
    headers: dict[str, str] = {}
    name = ""
    for line in lines:
        if name and line[:1] in (" ", "\t"):  # the line before, gone on with
            headers[name] += f" {line.strip()}"
            continue
        given, colon, value = line.partition(":")
        name = _name(given) if colon else ""
        if not name:
            raise HTTPException("no header")
        value = value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    closes = "close" in headers.get("connection", "").lower()
    return Head(status=int(told[2]), headers=headers, persists=told[1] == "1" and not closes)


@lru_cache(maxsize=256)
def _name(given: str) -> str:
    """Return a header's name in lower case; empty for what is none."""
    return given.lower() if _NAME.fullmatch(given) else ""


def _chunked(head: Head) -> bool:
    coding = head.headers.get("transfer-encoding", "").lower()
    if coding not in ("", "identity", "chunked"):
        raise HTTPException("an unknown transfer encoding")
    return coding == "chunked"


def _length(head: Head) -> int | None:
    """Return the body's length; None where it goes on to the end of the connection."""
    told = {part.strip() for part in head.headers.get("content-length", "").split(",")}
    if told == {""}:
        return None
    text = told.pop()
    if told or not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise HTTPException("no length")
    return int(text)


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
