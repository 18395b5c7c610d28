"""The one exchange with an agent, against servers that misbehave byte by byte."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import socket
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foreman.agent import client
from foreman.agent.dialing import Address
from foreman.agent.remote import UrlRuntime, address_of
from foreman.errors import AgentReplyInvalid, AgentUnavailable
from foreman.protocol import MAX_REPLY_BYTES

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
EMPTY = b"Content-Length: 0\r\n\r\n"
JSON = b"Content-Type: application/json\r\n"


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65_536)
    if not piece:
        raise ConnectionError
    return piece


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += _more(connection)
    return head + b"\r\n\r\n" + body


def _answering(*pieces: bytes) -> Callable[[socket.socket], None]:
    def script(connection: socket.socket) -> None:
        _request(connection)
        for piece in pieces:
            connection.sendall(piece)

    return script


def _ok(body: bytes, *, extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + JSON + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize(
    "reply",
    [
        _ok(b'{"a": 1}'),
        b"HTTP/1.1 200 OK\r\n" + JSON + b'Transfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n',
        b"HTTP/1.0 200 OK\r\n" + JSON + b'\r\n{"a": 1}',
        b"HTTP/1.1 100 Continue\r\n\r\n" + _ok(b'{"a": 1}'),
        b'HTTP/1.1 200 OK\r\nContent-Type: Application/JSON ; charset=x\r\nContent-Encoding: identity\r\n\r\n{"a": 1}',
    ],
)
def test_every_honest_way_to_send_a_body_is_read(scripted: Any, reply: bytes) -> None:
    assert client.ask(scripted(_answering(reply)), b"{}", timeout_seconds=60) == b'{"a": 1}'


def test_the_request_is_plain_and_carries_the_task(scripted: Any) -> None:
    seen = []

    def script(connection: socket.socket) -> None:
        seen.append(_request(connection))
        connection.sendall(_ok(b"{}"))

    address = scripted(script)
    client.ask(
        Address(host=address.host, port=address.port, prefix="/base/", token="secret"),
        b'{"x": 1}' * 10_000,
        timeout_seconds=10,
    )

    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /base/task HTTP/1.1\r\n")
    assert b"Accept-Encoding: identity" in head
    assert b"Authorization: Bearer secret" in head
    assert body == b'{"x": 1}' * 10_000


OK = b"HTTP/1.1 200 OK\r\n"
Invalid, Unavailable = AgentReplyInvalid, AgentUnavailable
LARGE = b"x" * (MAX_REPLY_BYTES + 1)


@pytest.mark.parametrize(
    ("reply", "error", "word"),
    [
        (_ok(LARGE), Invalid, "larger"),
        (OK + JSON + b"\r\n" + LARGE, Invalid, "larger"),
        (OK + JSON + CHUNKED + b"1\r\nx\r\n" * 300_000, Invalid, "larger"),
        (OK + b"X-Long: " + LARGE, Invalid, "HTTP|larger"),
        (OK + b"X: y\r\n" * 5_000 + b"\r\n", Invalid, "HTTP|larger"),
        (_ok(b"{}", extra=b"Content-Encoding: gzip\r\n"), Invalid, "compressed"),
        (_ok(b"{}", extra=b"Content-Length: 3\r\n"), Invalid, "two lengths"),
        (_ok(b"{}", extra=b"Transfer-Encoding: chunked\r\n"), Invalid, "two lengths"),
        (OK + JSON + b"Transfer-Encoding: gzip, chunked\r\n\r\n", Invalid, "transfer"),
        (OK + JSON + b"Content-Length: -1\r\n\r\n{}", Invalid, "no number"),
        (OK + b"Content-Type: text/html\r\nContent-Length: 2\r\n\r\n{}", Invalid, "application/json"),
        (OK + b"Content-Length: 2\r\n\r\n{}", Invalid, "application/json"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n" + EMPTY, Invalid, "redirect"),
        (b"HTTP/1.1 307 Over\r\nLocation: /task\r\n" + EMPTY, Invalid, "redirect"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Invalid, "not HTTP"),
        (OK + JSON + CHUNKED + b"zz\r\n", Unavailable, "middle"),
        (b"HTTP/1.1 503 Busy\r\nRetry-After: 60\r\n" + EMPTY, Unavailable, "503, Retry-After 60"),
        (b"HTTP/1.1 500 Oh\r\n" + EMPTY, Unavailable, "500"),
        (b"HTTP/1.1 204 None\r\n\r\n", Unavailable, "204"),
        (OK + JSON + b"Content-Length: 10\r\n\r\n{}", Unavailable, "middle"),
        (OK + JSON + CHUNKED + b"ff\r\n{}", Unavailable, "middle"),
        (b"", Unavailable, "hung up"),
    ],
)  # fmt: skip
def test_a_lying_agent_is_refused(scripted: Any, reply: bytes, error: type[Exception], word: str) -> None:
    with pytest.raises(error, match=word):
        client.ask(scripted(_answering(reply)), b"{}", timeout_seconds=60)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\n" + JSON + b"Content-Length: 9999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: ",
    ],
)
def test_a_drip_does_not_outlive_the_deadline(scripted: Any, start: bytes) -> None:
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        _request(connection)
        connection.sendall(start)
        while not stop.wait(0.05):
            connection.sendall(b"a")

    with pytest.raises(AgentUnavailable, match="did not answer within"):
        client.ask(scripted(drip), b"{}", timeout_seconds=0.5)
    stop.set()


def test_an_agent_that_does_not_read_the_task_does_not_outlive_it_either(scripted: Any) -> None:
    done = threading.Event()

    with pytest.raises(AgentUnavailable, match="within"):
        client.ask(scripted(lambda connection: done.wait(20)), b"x" * 50_000_000, timeout_seconds=0.5)
    done.set()


def test_an_endless_reply_costs_no_memory(scripted: Any) -> None:
    def flood(connection: socket.socket) -> None:
        _request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + JSON + b"\r\n")
        for _ in itertools.count():
            connection.sendall(b"x" * 1_000_000)

    address = scripted(flood)
    tracemalloc.start()
    with pytest.raises(AgentReplyInvalid):
        client.ask(address, b"{}", timeout_seconds=60)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000  # a megabyte of it is the server's, in this process


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(AgentUnavailable, match="reached"):
        client.ask(Address(host="127.0.0.1", port=1), b"{}", timeout_seconds=60)
    assert not client.is_healthy(Address(host="127.0.0.1", port=1), timeout_seconds=60)


def test_a_name_that_cannot_be_one_is_nobody() -> None:
    with pytest.raises(AgentUnavailable, match=r"cannot be a name|reached"):
        client.ask(Address(host="a" * 70 + ".example", port=1), b"{}", timeout_seconds=60)


def test_a_handshake_that_never_ends_does_not_outlive_the_deadline(scripted: Any) -> None:
    address = dataclasses.replace(scripted(lambda connection: connection.recv(65_536) and _more(connection)), tls=True)

    with pytest.raises(AgentUnavailable, match=r"within 0\.5 s"):
        client.ask(address, b"{}", timeout_seconds=0.5)


class TestSocketFiles:
    def _serve(self, path: Path, reply: bytes) -> socket.socket:
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen()

        def once() -> None:
            with contextlib.suppress(OSError), server.accept()[0] as connection:
                _answering(reply)(connection)

        threading.Thread(target=once, daemon=True).start()
        return server

    def test_a_task_goes_over_a_socket_file(self, tmp_path: Path) -> None:
        with self._serve(tmp_path / "agent.sock", _ok(b"{}")):
            assert client.ask(Address(path=tmp_path / "agent.sock"), b"{}", timeout_seconds=60) == b"{}"

    def test_a_path_too_long_to_bind_can_be_connected_to(self, tmp_path: Path) -> None:
        deep = tmp_path / ("d" * 120)
        deep.mkdir()
        with self._serve(tmp_path / "s", _ok(b"{}")):
            (tmp_path / "s").rename(deep / "agent.sock")
            assert client.ask(Address(path=deep / "agent.sock"), b"{}", timeout_seconds=60) == b"{}"

    def test_a_link_to_another_socket_is_not_followed(self, tmp_path: Path) -> None:
        with self._serve(tmp_path / "neighbour.sock", _ok(b"{}")) as server:
            (tmp_path / "agent.sock").symlink_to(tmp_path / "neighbour.sock")
            with pytest.raises(AgentUnavailable):
                client.ask(Address(path=tmp_path / "agent.sock"), b"{}", timeout_seconds=60)
            server.shutdown(socket.SHUT_RDWR)

    def test_a_linked_folder_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "real")
        with self._serve(tmp_path / "real" / "agent.sock", _ok(b"{}")) as server:
            with pytest.raises(AgentUnavailable):
                client.ask(Address(path=tmp_path / "link" / "agent.sock"), b"{}", timeout_seconds=60)
            server.shutdown(socket.SHUT_RDWR)

    @pytest.mark.parametrize("kind", ["file", "fifo", "folder", "nothing"])
    def test_what_is_no_socket_is_refused_without_opening_it(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "agent.sock"
        {"file": path.touch, "fifo": lambda: os.mkfifo(path), "folder": path.mkdir, "nothing": lambda: None}[kind]()

        with pytest.raises(AgentUnavailable):
            client.ask(Address(path=path), b"{}", timeout_seconds=60)

    def test_swapping_the_socket_for_a_link_never_wins(self, tmp_path: Path) -> None:
        """The agent flips its socket and a link to a neighbour's while tasks come in; the neighbour hears none."""
        heard = threading.Event()
        with socket.socket(socket.AF_UNIX) as neighbour, socket.socket(socket.AF_UNIX) as own:
            neighbour.bind(str(tmp_path / "neighbour.sock"))
            neighbour.listen()
            neighbour.setblocking(False)
            own.bind(str(tmp_path / "own.sock"))  # bound and not listening: connecting is refused
            (tmp_path / "link").symlink_to(tmp_path / "neighbour.sock")
            path = tmp_path / "agent.sock"
            os.link(tmp_path / "own.sock", path)
            stop = threading.Event()

            def flip() -> None:
                while not stop.is_set():
                    for target in ("link", "own.sock"):
                        os.link(tmp_path / target, tmp_path / "next", follow_symlinks=False)
                        (tmp_path / "next").replace(path)
                        (tmp_path / "next").unlink(missing_ok=True)

            flipper = threading.Thread(target=flip)
            flipper.start()
            try:
                for _ in range(500):
                    with pytest.raises(AgentUnavailable):
                        client.ask(Address(path=path), b"{}", timeout_seconds=60)
                    with contextlib.suppress(BlockingIOError):
                        neighbour.accept()[0].close()
                        heard.set()
            finally:
                stop.set()
                flipper.join(60)
        assert not heard.is_set()


class TestUrls:
    def test_a_url_agent_is_asked_below_its_path(self, scripted: Any) -> None:
        address = scripted(_answering(_ok(b'{"status": "ok"}')))
        runtime = UrlRuntime("mine", url=f"http://127.0.0.1:{address.port}/agents/mine/", gateway_url="")

        runtime.start()

        assert (runtime.sealed, runtime.address.prefix) == (False, "/agents/mine")
        runtime.stop(timeout_seconds=1)

    def test_one_that_is_not_there_says_where_it_looked(self) -> None:
        with pytest.raises(AgentUnavailable, match="/health"):
            UrlRuntime("mine", url="http://127.0.0.1:1/", gateway_url="").start()

    @pytest.mark.parametrize("url", ["ftp://x", "x", "http://", "http://user:pass@x/", "http://x/?q", "unix:///x"])
    def test_odd_urls_are_refused(self, url: str) -> None:
        with pytest.raises(ValueError, match="URL"):
            address_of(url)

    def test_ports_follow_the_scheme(self) -> None:
        assert (address_of("https://x").port, address_of("https://x").tls, address_of("http://x").port) == (
            443,
            True,
            80,
        )

    @pytest.mark.parametrize("prefix", ["/a b\r\nX: y", "/ü"])
    def test_an_address_cannot_smuggle_a_header(self, scripted: Any, prefix: str) -> None:
        address = scripted(_answering(_ok(b"{}")))
        with pytest.raises(AgentUnavailable, match="characters"):
            client.ask(Address(host=address.host, port=address.port, prefix=prefix), b"{}", timeout_seconds=60)
