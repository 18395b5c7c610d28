"""A reply byte by byte: what is taken, what is refused, and when the connection may be used again."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from collections.abc import Iterator

import pytest

from foreman.forge.http_exchange import CutShort, Exchange, Head, UnusableReply
from foreman.forge.trouble import FOREIGN

_MOST = 1000
_TO = {"Host": "h"}
_PACKED = gzip.compress(b"hel") + gzip.compress(b"lo")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def _heard(pair: tuple[socket.socket, socket.socket], said: bytes, *, ends: bool = False) -> tuple[Head, bytes, bool]:
    ours, theirs = pair
    exchange = Exchange(ours, timeout_seconds=60)

    def say() -> None:
        with contextlib.suppress(OSError):
            theirs.sendall(said)
            if ends:
                theirs.shutdown(socket.SHUT_WR)

    saying = threading.Thread(target=say)
    saying.start()
    try:
        return _asked(exchange)
    finally:
        ours.shutdown(socket.SHUT_RDWR)
        saying.join(60)


def _asked(exchange: Exchange) -> tuple[Head, bytes, bool]:
    head = exchange.ask("GET", "/a", _TO, None)
    body = exchange.body(head, most=_MOST)
    return head, body, exchange.may_go_on


def _reply(*headers: bytes, body: bytes = b"", first: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join([first, *headers, b"", b""]) + body


_GOOD = {
    "length": (_reply(b"Content-Length: 5", body=b"hello"), True),
    "the same length twice": (_reply(b"Content-Length: 5", b"content-length: 5", body=b"hello"), True),
    "no reason": (_reply(b"Content-Length: 5", body=b"hello", first=b"HTTP/1.1 200"), True),
    "chunks": (_reply(b"Transfer-Encoding: chunked", body=b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"), True),
    "chunks and more": (_reply(b"transfer-encoding: Chunked", body=b"5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n"), True),
    "to be gone on with": (
        _reply(first=b"HTTP/1.1 100 Continue") + _reply(b"Content-Length: 5", body=b"hello"),
        True,
    ),
    "hints before": (
        _reply(b"Link: <x>", first=b"HTTP/1.1 103 Early Hints") + _reply(b"Content-Length: 5", body=b"hello"),
        True,
    ),
    "packed": (
        _reply(b"Content-Encoding: gzip", b"Content-Length: %d" % len(_PACKED), body=_PACKED),
        True,
    ),
    "closed afterwards": (_reply(b"Content-Length: 5", b"Connection: Close", body=b"hello"), False),
    "an old server": (_reply(b"Content-Length: 5", body=b"hello", first=b"HTTP/1.0 200 OK"), False),
    "more than was asked for": (_reply(b"Content-Length: 5", body=b"helloHTTP/1.1 200 OK"), False),
    "up to the end": (_reply(b"Content-Type: x", body=b"hello"), False),
}


@pytest.mark.parametrize("name", _GOOD)
def test_a_reply_is_read_whole_and_the_connection_used_again_when_it_can_be(
    name: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    said, again = _GOOD[name]

    head, body, may_go_on = _heard(pair, said, ends=name == "up to the end")

    assert (head.status, body, may_go_on) == (200, b"hello", again)


@pytest.mark.parametrize("status", [204, 304])
def test_some_replies_have_no_body_whatever_they_say(status: int, pair: tuple[socket.socket, socket.socket]) -> None:
    said = _reply(b"Content-Length: 5", first=b"HTTP/1.1 %d X" % status)

    head, body, may_go_on = _heard(pair, said)

    assert (head.status, body, may_go_on) == (status, b"", True)


def test_headers_are_joined_gone_on_with_and_found_in_lower_case(pair: tuple[socket.socket, socket.socket]) -> None:
    said = _reply(b"X-A:  one ", b"x-a: two", b"Link: <a>;", b"\t rel=next", b"X-Empty:", b"Content-Length: 0")

    head, _, _ = _heard(pair, said)

    assert dict(head.headers) == {
        "x-a": "one, two",
        "link": "<a>; rel=next",
        "x-empty": "",
        "content-length": "0",
    }


_BAD = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "no HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "a head without an end": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 60_000,
    "no header": _reply(b"hello"),
    "a space before the colon": _reply(b"Content-Length : 5", body=b"hello"),
    "two lengths": _reply(b"Content-Length: 5", b"Content-Length: 6", body=b"hello!"),
    "a length below nothing": _reply(b"Content-Length: -5", body=b"hello"),
    "an unknown transfer": _reply(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "less than was said": _reply(b"Content-Length: 5", body=b"hell"),
    "no chunk": _reply(b"Transfer-Encoding: chunked", body=b"-5\r\nhello\r\n0\r\n\r\n"),
    "a chunk too long": _reply(b"Transfer-Encoding: chunked", body=b"2\r\nhello\r\n0\r\n\r\n"),
    "no last chunk": _reply(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n"),
    "too long": _reply(b"Content-Length: 1001", body=b"x" * 1001),
    "too long to begin with": _reply(b"Content-Length: 99999999999", body=b"x" * 1001),
    "too long without an end": _reply(body=b"x" * 5000),
    "too many chunks": _reply(b"Transfer-Encoding: chunked", body=b"f0\r\n" + b"x" * 240 + b"\r\n") * 9,
    "a bomb": _reply(b"Content-Encoding: gzip", body=gzip.compress(b"x" * 100_000)),
    "half a packet": _reply(b"Content-Encoding: gzip", body=gzip.compress(b"hello")[:-9]),
    "packed badly": _reply(b"Content-Encoding: gzip", body=b"hello"),
    "packed otherwise": _reply(b"Content-Encoding: br", body=b"hello"),
}


@pytest.mark.parametrize("name", _BAD)
def test_what_is_no_reply_is_refused(name: str, pair: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(FOREIGN):
        _heard(pair, _BAD[name], ends=True)


def test_a_body_that_stops_ends_with_the_deadline(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    exchange = Exchange(ours, timeout_seconds=0.2)
    theirs.sendall(_reply(b"Content-Length: 5", body=b"hell"))
    head = exchange.ask("GET", "/", _TO, None)

    with pytest.raises(UnusableReply, match="too slowly"):
        exchange.body(head, most=_MOST)


def test_who_refuses_before_he_has_read_everything_is_heard() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            theirs, _ = listener.accept()
            with theirs:
                theirs.sendall(_reply(b"Content-Length: 0", first=b"HTTP/1.1 413 Too much"))
                theirs.shutdown(socket.SHUT_WR)
                while theirs.recv(65536):
                    """Let the rest come, so that no reset overtakes the answer."""

        thread = threading.Thread(target=refuse)
        thread.start()
        with socket.create_connection(listener.getsockname()) as ours:
            head = Exchange(ours, timeout_seconds=60).ask("POST", "/a", _TO, b"x" * 500_000)
        thread.join(60)

    assert head.status == 413


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/a b", {}),
        ("/a\r\nX: y", {}),
        ("/ä", {}),
        ("/a", {"X": "a\r\nY: b"}),
        ("/a", {"X": "a\nb"}),
        ("/a", {"X\r\nY": "b"}),
        ("/a", {"X": "ä"}),
    ],
)
def test_nothing_can_be_slipped_into_a_request(
    target: str, headers: dict[str, str], pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair

    with pytest.raises(ValueError, match=r"^the request holds characters that cannot be sent$") as refused:
        Exchange(ours, timeout_seconds=60).ask("GET", target, _TO | headers, None)
    ours.close()

    assert refused.value.__suppress_context__
    assert theirs.recv(1) == b""


@pytest.mark.parametrize(
    ("verb", "body", "sent"),
    [
        ("GET", None, b"GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("DELETE", None, b"DELETE /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"),
        ("POST", b"{}", b"POST /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"),
    ],
)
def test_a_request_tells_the_length_of_what_it_changes(
    verb: str, body: bytes | None, sent: bytes, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    theirs.sendall(_GOOD["length"][0])

    Exchange(ours, timeout_seconds=60).ask(verb, "/a?b=c", _TO, body)

    assert theirs.recv(1000) == sent


def test_one_request_follows_another(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    exchange = Exchange(ours, timeout_seconds=60)
    for name in ("length", "chunks", "packed", "to be gone on with"):
        theirs.sendall(_GOOD[name][0])

        assert _asked(exchange)[1:] == (b"hello", True)


def test_a_cut_in_the_middle_is_a_connections_error(pair: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(CutShort):
        _heard(pair, _BAD["less than was said"], ends=True)


def test_each_request_says_its_own_headers(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    exchange = Exchange(ours, timeout_seconds=60)
    for token in ("one", "one", "two"):
        theirs.sendall(_reply(b"Content-Length: 0"))
        exchange.body(exchange.ask("GET", "/a", {"Host": "h", "Authorization": token}, None), most=_MOST)

    with pytest.raises(ValueError, match="cannot be sent"):
        exchange.ask("GET", "/a", {"Host": "h", "Authorization": "two\r\nX: y"}, None)
    said = theirs.recv(65536).decode()
    assert [line[15:] for line in said.split("\r\n") if line.startswith("Authorization")] == ["one", "one", "two"]
