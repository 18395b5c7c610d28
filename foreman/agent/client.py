"""One HTTP exchange with an agent: bytes in, bytes out, one deadline over everything, nothing believed.

Every single read and write is given only what is left of the time, so a reply that drips in ends with the deadline.
The reply is bounded while it is read, not afterwards. What the bytes mean is not looked at.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import time
from collections.abc import Iterator
from typing import Any

from foreman import tracing
from foreman.agent.dialing import Address, connected, left_of
from foreman.errors import AgentReplyInvalid, AgentUnavailable
from foreman.protocol import MAX_REPLY_BYTES

_MAX_HEAD_BYTES = 16 * 1024
"""Room for status line, headers and chunk sizes around the body, bytes."""


def ask(address: Address, task: bytes, *, timeout_seconds: float) -> bytes:
    """Send a task and return the body of the reply, unread.

    Args:
        address: Where.
        task: JSON of a Task.
        timeout_seconds: For the whole exchange.

    Returns:
        At most `MAX_REPLY_BYTES` of what says it is JSON.

    Raises:
        AgentUnavailable: Not reachable, not 200, or over the time.
        AgentReplyInvalid: Too large, encoded, redirected, not HTTP, or not JSON by its content type.
    """
    with _exchange(address, "POST", "/task", task, timeout_seconds) as response:
        _check_head(response)
        body = response.read(MAX_REPLY_BYTES + 1)
        if len(body) > MAX_REPLY_BYTES:
            raise AgentReplyInvalid(f"the agent's reply is larger than {MAX_REPLY_BYTES // 1024} KiB")
        length = response.getheader("Content-Length")
        if length is not None and int(length) != len(body):
            raise AgentUnavailable("the agent hung up in the middle of its reply", asked=True)
        return body


def is_healthy(address: Address, *, timeout_seconds: float) -> bool:
    """Return whether `GET /health` is answered with 200 in time."""
    try:
        with _exchange(address, "GET", "/health", b"", timeout_seconds) as response:
            return response.status == http.HTTPStatus.OK
    except (AgentUnavailable, AgentReplyInvalid):
        return False


@contextlib.contextmanager
def _exchange(
    address: Address, method: str, target: str, body: bytes, timeout_seconds: float
) -> Iterator[http.client.HTTPResponse]:
    deadline = time.monotonic() + timeout_seconds
    asked = False
    try:
        with connected(address, deadline) as connection:
            bounded = _BoundedSocket(connection, deadline)
            asked = True
            bounded.send(_head(address, method, target, len(body)) + body)
            response = http.client.HTTPResponse(bounded, method=method)  # type: ignore[arg-type]
            try:
                response.begin()
                yield response
            finally:
                response.close()
    except TimeoutError as error:
        raise AgentUnavailable(f"the agent did not answer within {timeout_seconds:g} s", asked=asked) from error
    except http.client.RemoteDisconnected as error:
        raise AgentUnavailable("the agent hung up without a reply", asked=asked) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise AgentUnavailable(f"the agent cannot be reached: {reason}", asked=asked) from error
    except http.client.IncompleteRead as error:
        raise AgentUnavailable("the agent hung up in the middle of its reply", asked=asked) from error
    except (http.client.HTTPException, ValueError) as error:
        raise AgentReplyInvalid(f"the agent's reply is not HTTP: {type(error).__name__}") from error


def _head(address: Address, method: str, target: str, length: int) -> bytes:
    # Host and prefix come from the configuration, the token from us; a line break in one would be another request.
    host = f"{address.host}:{address.port}" if address.path is None else "agent"
    lines = [
        f"{method} {address.prefix.rstrip('/')}{target} HTTP/1.1",
        f"Host: {host}",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "Connection: close",
    ]
    if address.token:
        lines.append(f"Authorization: Bearer {address.token}")
    if method == "POST" and (trace := tracing.header()):
        lines.append(f"traceparent: {trace}")
    if method == "POST":
        lines += ["Content-Type: application/json", f"Content-Length: {length}"]
    if any(not line.isascii() or not line.isprintable() for line in lines):
        raise AgentUnavailable("the agent's address holds characters that cannot be sent")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _check_head(response: http.client.HTTPResponse) -> None:
    if 300 <= response.status < 400:
        raise AgentReplyInvalid(f"the agent redirects ({response.status}); redirects are not followed")
    if response.status != http.HTTPStatus.OK:
        wait = response.getheader("Retry-After", "")
        hint = f", Retry-After {wait}" if wait.isdigit() and len(wait) < 7 else ""
        # 503 is a word about the agent, such as that it is starting; any other one is about the task.
        asked = response.status != http.HTTPStatus.SERVICE_UNAVAILABLE
        raise AgentUnavailable(f"the agent answered {response.status}{hint}", asked=asked)
    kind = response.getheader("Content-Type", "").partition(";")[0].strip().casefold()
    if kind != "application/json":
        raise AgentReplyInvalid("the agent's reply is not application/json")
    if response.getheader("Content-Encoding", "identity").strip().casefold() != "identity":
        raise AgentReplyInvalid("the agent's reply is compressed")
    lengths = response.headers.get_all("Content-Length", [])
    chunked = response.headers.get_all("Transfer-Encoding", [])
    if len(lengths) > 1 or len(chunked) > 1 or (lengths and chunked):
        raise AgentReplyInvalid("the agent's reply has two lengths")
    if chunked and chunked[0].strip().casefold() != "chunked":
        raise AgentReplyInvalid("the agent's reply has an unknown transfer encoding")
    if lengths and not (lengths[0].isascii() and lengths[0].isdigit() and len(lengths[0]) < 20):
        raise AgentReplyInvalid("the agent's reply has a length that is no number")
    if lengths and int(lengths[0]) > MAX_REPLY_BYTES:
        raise AgentReplyInvalid(f"the agent's reply is larger than {MAX_REPLY_BYTES // 1024} KiB")


class _BoundedSocket:
    """What `HTTPResponse` reads from: a socket with a deadline and a limit on all bytes together."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def send(self, data: bytes) -> None:
        """Send everything, in pieces that each have only the time that is left."""
        view = memoryview(data)
        with contextlib.suppress(
            BrokenPipeError, ConnectionResetError
        ):  # it may have answered (413) before it hung up
            while view:
                self._connection.settimeout(left_of(self._deadline))
                view = view[self._connection.send(view) :]

    def makefile(self, *_arguments: Any) -> io.BufferedReader:
        """Return the stream of the reply."""
        return io.BufferedReader(_BoundedStream(self._connection, self._deadline))


class _BoundedStream(io.RawIOBase):
    def __init__(self, connection: socket.socket, deadline: float) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline
        self._room = MAX_REPLY_BYTES + _MAX_HEAD_BYTES

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, within the time and the room that are left."""
        self._connection.settimeout(left_of(self._deadline))
        count = self._connection.recv_into(buffer)
        self._room -= count
        if self._room < 0:
            raise AgentReplyInvalid(f"the agent's reply is larger than {MAX_REPLY_BYTES // 1024} KiB")
        return count
