"""What goes over the wire: no redirect, one request per write, bounded replies, spaced writes, limits kept."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from foreman.errors import ForgeAuthError, ForgeError, ForgeMoved, ForgeRateLimited, ForgeUnavailable
from foreman.forge import wire
from tests.forge.dialects import Dialect, Reach
from tests.forge.moving import Late, Moving
from tests.forge.scripted import Answer, ScriptedServer, closed_port


@pytest.fixture
def ok(dialect: Dialect) -> Answer:
    """A comment was posted."""
    return Answer(201, dialect.comment())


def _hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def _half_a_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 201 Crea")
    connection.shutdown(socket.SHUT_RDWR)


_BAD_DAYS = {
    "dropped": (_hang_up, ForgeUnavailable),
    "half a head": (_half_a_head, ForgeUnavailable),
    "half a body": (Answer(200, b'[{"id": 1', length=5000), ForgeUnavailable),
    "a captive portal": (Answer(200, b"<html>log in</html>", (("Content-Type", "text/html"),)), ForgeUnavailable),
    "nothing": (Answer(200), ForgeUnavailable),
    "another shape": (Answer(200, {"hello": "world"}), ForgeUnavailable),
    "deep nesting": (Answer(200, b"[" * 100_000), ForgeUnavailable),
    "a number too long": (Answer(200, b"1" * 10_000), ForgeUnavailable),
    "no UTF-8": (Answer(200, b'"\xff"'), ForgeUnavailable),
    "come back later": (Answer(202, {}), ForgeUnavailable),
    "nothing new": (Answer(304), ForgeUnavailable),
    "500": (Answer(500, b"oops"), ForgeUnavailable),
    "502 page": (Answer(502, b"<html>Unicorn!</html>"), ForgeUnavailable),
    "error that is a list": (Answer(503, [1]), ForgeUnavailable),
    "error with a number for a message": (Answer(500, {"message": 5}), ForgeUnavailable),
    "401": (Answer(401, {"message": "Bad credentials"}), ForgeAuthError),
    **{
        f"{status}": (Answer(status, {"message": "Moved"}, (("Location", "/repos/evil/other/issues/12"),)), ForgeMoved)
        for status in (301, 302, 303, 307, 308)
    },
}  # fmt: skip


@pytest.mark.parametrize("day", _BAD_DAYS)
@pytest.mark.parametrize("kind", ["read", "write"])
def test_a_bad_day_is_one_request_and_one_clear_error(
    day: str, kind: str, server: ScriptedServer, reach: Reach, dialect: Dialect
) -> None:
    answer, expected = _BAD_DAYS[day]
    server.will(answer)
    forge = reach(server.url)

    with pytest.raises(ForgeError) as raised:
        forge.comments(dialect.ref) if kind == "read" else forge.post_comment(dialect.ref, "hello")

    assert type(raised.value) is expected
    assert raised.value.repo == dialect.repo.key
    assert getattr(raised.value, "sent", True) is True
    assert "t0ken" not in str(raised.value) + repr(raised.value.__cause__)
    assert len(server.asked) == 1


def test_a_bad_day_that_only_one_forge_has_is_one_clear_error_as_well(
    server: ScriptedServer, reach: Reach, dialect: Dialect
) -> None:
    for answer, expected in dialect.odd_days.values():
        server.asked.clear()
        server.will(answer)

        with pytest.raises(ForgeError) as raised:
            reach(server.url).post_comment(dialect.ref, "hello")

        assert type(raised.value) is expected
        assert len(server.asked) == 1


@pytest.mark.parametrize("url", ["refused", "no such host", "not trusted"])
def test_only_what_never_connected_counts_as_not_sent(
    url: str, server: ScriptedServer, reach: Reach, dialect: Dialect
) -> None:
    urls = {
        "refused": f"http://127.0.0.1:{closed_port()}",
        "no such host": "http://nobody.invalid",
        # A host that speaks no TLS at all: something was sent, so nothing is certain.
        "not trusted": server.url.replace("http", "https"),
    }
    forge = reach(urls[url])

    with pytest.raises(ForgeUnavailable) as raised:
        forge.post_comment(dialect.ref, "hello")

    assert raised.value.sent is (url == "not trusted")
    why = {"refused": "connect: nobody listens there", "no such host": "connect: its name cannot be looked up"}
    assert why.get(url, "the connection failed") in str(raised.value)


def test_silence_ends_with_the_time_out(server: ScriptedServer, reach: Reach, dialect: Dialect) -> None:
    released = threading.Event()
    server.will(lambda connection: released.wait(20) and None)
    forge = reach(server.url, timeout_seconds=0.3)

    with pytest.raises(ForgeUnavailable, match="no answer in time") as raised:
        forge.post_comment(dialect.ref, "hello")

    released.set()
    assert raised.value.sent


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_reply_that_drips_ends_with_the_deadline(
    part: str, server: ScriptedServer, reach: Reach, dialect: Dialect
) -> None:
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        start = b"HTTP/1.1 200 OK\r\n" + (b"X: " if part == "head" else b"Content-Length: 9999\r\n\r\n")
        connection.sendall(start)
        while not stop.wait(0.02):
            try:
                connection.sendall(b"a")
            except OSError:
                return

    server.will(drip)
    forge = reach(server.url, timeout_seconds=0.4)

    with pytest.raises(ForgeUnavailable, match=r"too slow|no answer in time"):
        forge.issue(dialect.ref)
    stop.set()


def test_a_reply_longer_than_the_bound_is_not_read(
    server: ScriptedServer, reach: Reach, monkeypatch: pytest.MonkeyPatch, dialect: Dialect
) -> None:
    monkeypatch.setattr(wire, "MAX_REPLY_BYTES", 1000)
    server.will(Answer(200, b'"' + b"a" * 2000 + b'"'))

    with pytest.raises(ForgeUnavailable, match="longer than"):
        reach(server.url).issue(dialect.ref)


def test_the_token_goes_nowhere_else_and_is_asked_for_each_time(
    server: ScriptedServer, reach: Reach, dialect: Dialect, ok: Answer
) -> None:
    other = ScriptedServer()
    other.will(ok)
    tokens = iter(["first", "second", "third", "fourth"])
    forge = reach(server.url, token=lambda: next(tokens))
    try:
        for status in (301, 307):
            server.will(Answer(status, {}, (("Location", other.url + dialect.comments),)))
            with pytest.raises(ForgeMoved):
                forge.post_comment(dialect.ref, "hello")
        link = (("Link", f'<{other.url}/repos/acme/widget/labels?page=2>; rel="next"'),)
        server.will(Answer(200, [dialect.label("bug")], link), Answer(200, []))
        forge.labels(dialect.repo)

        assert other.asked == []
        assert [asked.headers["authorization"] for asked in server.asked] == [
            "Bearer first",
            "Bearer second",
            "Bearer third",
            "Bearer fourth",
        ]
    finally:
        other.close()


@pytest.mark.parametrize("token", ["", "s3cret\nX-Evil: 1", "s3 cret", "s3crët", "s3cret\r"])
def test_a_token_that_cannot_be_one_is_refused_without_being_named(
    token: str, server: ScriptedServer, reach: Reach
) -> None:
    with pytest.raises(ForgeAuthError) as raised:
        reach(server.url, token=lambda: token).whoami()

    assert "s3" not in str(raised.value)
    assert server.asked == []


def test_the_environments_proxy_and_netrc_see_no_token(
    server: ScriptedServer, reach: Reach, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    server.will(Answer(200, dialect.account))

    account = reach(server.url).whoami()

    assert account.is_bot
    assert server.asked[0].headers["authorization"] == "Bearer t0ken"


class _Time:
    """A clock that only moves when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds

    def clock(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


def test_writes_keep_their_distance_and_reads_do_not(
    server: ScriptedServer, reach: Reach, dialect: Dialect, ok: Answer
) -> None:
    time = _Time()
    forge = reach(server.url, write_interval_seconds=1.0, monotonic=time.monotonic, wait=time.wait)
    server.will(ok)

    forge.post_comment(dialect.ref, "one")
    time.seconds += 0.25
    forge.post_comment(dialect.ref, "two")
    server.will(Answer(500), Answer(200, dialect.issue()), ok)
    time.seconds += 5
    with pytest.raises(ForgeUnavailable):
        forge.post_comment(dialect.ref, "failed writes count too")
    forge.issue(dialect.ref)
    forge.post_comment(dialect.ref, "three")

    assert time.waits == [0.75, 1.0]


def test_a_connection_is_kept_but_not_trusted_after_a_long_pause(
    server: ScriptedServer, reach: Reach, dialect: Dialect
) -> None:
    time = _Time()
    server.will(Answer(200, dialect.issue()))
    with reach(server.url, monotonic=time.monotonic) as forge:
        forge.issue(dialect.ref)
        forge.issue(dialect.ref)
        time.seconds += 31
        forge.issue(dialect.ref)

    ports = [asked.port for asked in server.asked]
    assert ports[0] == ports[1] != ports[2]


def test_a_stop_while_waiting_sends_nothing(
    server: ScriptedServer, reach: Reach, dialect: Dialect, ok: Answer
) -> None:
    stop = threading.Event()
    stop.set()
    forge = reach(server.url, write_interval_seconds=60.0, wait=stop.wait)
    server.will(ok)
    forge.post_comment(dialect.ref, "one")

    with pytest.raises(ForgeUnavailable) as raised:
        forge.post_comment(dialect.ref, "two")

    assert raised.value.sent is False
    assert len(server.asked) == 1


def test_who_has_the_turn_waits_before_it_and_writes_at_once_in_it(
    server: ScriptedServer, reach: Reach, dialect: Dialect, ok: Answer
) -> None:
    time = _Time()
    forge = reach(server.url, write_interval_seconds=1.0, monotonic=time.monotonic, wait=time.wait)
    server.will(ok, ok, Answer(200, dialect.issue()))
    forge.post_comment(dialect.ref, "one")
    reader = threading.Thread(target=forge.issue, args=[dialect.ref])

    with forge.turn(dialect.ref.repo):
        waited = time.seconds
        reader.start()
        forge.post_comment(dialect.ref, "two")
        assert time.seconds == waited
    reader.join(60)

    assert [asked.method for asked in server.asked] == ["POST", "POST", "GET"]


def test_a_limit_is_kept_for_the_whole_account_and_grows(
    server: ScriptedServer, reach: Reach, dialect: Dialect, ok: Answer
) -> None:
    time = _Time()
    forge = reach(server.url, clock=time.clock)
    server.will(dialect.too_fast)
    found = []
    for _ in range(3):
        with pytest.raises(ForgeRateLimited) as raised:
            forge.post_comment(dialect.ref, "hello")
        found.append(raised.value.retry_at - time.clock())
        with pytest.raises(ForgeRateLimited, match="waiting out"):
            forge.issue(dialect.ref)
        time.wait(found[-1].total_seconds())

    assert found == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert len(server.asked) == 3
    server.will(ok)
    assert forge.post_comment(dialect.ref, "hello") == 55


def test_an_exhausted_quota_is_noticed_with_the_last_good_reply(
    server: ScriptedServer, reach: Reach, dialect: Dialect
) -> None:
    time = _Time()
    reset = int((time.clock() + timedelta(minutes=9)).timestamp())
    headers = (
        (f"{dialect.limits}Remaining", "0"),
        (f"{dialect.limits}Limit", "60"),
        (f"{dialect.limits}Reset", str(reset)),
    )
    server.will(Answer(200, dialect.issue(), headers))
    forge = reach(server.url, clock=time.clock)

    forge.issue(dialect.ref)
    with pytest.raises(ForgeRateLimited) as raised:
        forge.issue(dialect.ref)

    assert raised.value.retry_at.timestamp() == reset
    assert len(server.asked) == 1


def test_a_limit_is_dated_by_the_forges_clock(server: ScriptedServer, reach: Reach, dialect: Dialect) -> None:
    time = _Time()
    ahead = time.clock() + timedelta(minutes=90)
    reset = str(int((ahead + timedelta(minutes=9)).timestamp()))
    date = ("Date", format_datetime(ahead, usegmt=True))
    told = {"Remaining": "0", "Limit": "60", "Reset": reset}
    used_up = (date, *((f"{dialect.limits}{name}", value) for name, value in told.items()))
    for answers in (
        (Answer(200, dialect.issue(), used_up),),
        (Answer(200, dialect.issue(), (date,)), Answer(429, b"", used_up)),
    ):
        forge = reach(server.url, clock=time.clock)
        server.will(*answers)
        forge.issue(dialect.ref)
        with pytest.raises(ForgeRateLimited) as raised:
            forge.issue(dialect.ref)

        assert abs(raised.value.retry_at - time.clock() - timedelta(minutes=9)) <= timedelta(seconds=1)


def test_no_header_switches_the_account_off_for_longer_than_a_day(
    server: ScriptedServer, reach: Reach, dialect: Dialect
) -> None:
    time = _Time()
    headers = (
        (f"{dialect.limits}Remaining", "0"),
        (f"{dialect.limits}Limit", "60"),
        (f"{dialect.limits}Reset", "99999999999"),
    )
    server.will(Answer(200, dialect.issue(), headers), Answer(200, dialect.issue()))
    forge = reach(server.url, clock=time.clock)

    forge.issue(dialect.ref)
    time.seconds += 24 * 3600 + 1

    assert forge.issue(dialect.ref).ref == dialect.ref


def test_threads_share_one_account_without_mixing_replies(
    server: ScriptedServer, reach: Reach, dialect: Dialect
) -> None:
    server.will(*[Answer(201, dialect.comment(id=number)) for number in range(1, 41)])
    forge = reach(server.url)
    got: list[int] = []
    threads = [
        threading.Thread(target=lambda: got.extend(forge.post_comment(dialect.ref, "x") for _ in range(10)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(got) == list(range(1, 41))
    assert len(server.asked) == 40


def test_disconnecting_breaks_off_what_is_under_way_and_sends_nothing_more(
    server: ScriptedServer, reach: Reach, dialect: Dialect
) -> None:
    arrived, released = threading.Event(), threading.Event()

    def hold(connection: socket.socket) -> None:
        arrived.set()
        released.wait(120)

    server.will(hold)
    forge = reach(server.url, timeout_seconds=60)
    errors: list[ForgeError] = []

    def write() -> None:
        try:
            forge.post_comment(dialect.ref, "hello")
        except ForgeError as error:
            errors.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    assert arrived.wait(60)
    forge.disconnect()
    thread.join(60)

    assert not thread.is_alive()
    released.set()
    assert isinstance(errors[0], ForgeUnavailable)
    assert errors[0].sent
    with pytest.raises(ForgeUnavailable, match="disconnected") as raised:
        forge.post_comment(dialect.ref, "again")
    assert raised.value.sent is False
    assert len(server.asked) == 1


@pytest.mark.parametrize("one_moment", [False, True])
def test_a_sweep_misses_nothing_that_moves_while_it_reads(
    one_moment: bool, server: ScriptedServer, reach: Reach, dialect: Dialect
) -> None:
    forge = reach(server.url)
    moving = Moving(250, one_moment=one_moment, row=dialect.dated, since=dialect.since, form=dialect.form)
    server.will(Late(moving, server))
    seen = {}
    for count, found in enumerate(forge.changed_since(dialect.repo, since=moving.start), start=1):
        seen[found.ref.number] = found.updated_at
        if not one_moment and count in (40, 140):
            moving.touch(count - 30)

    assert seen == moving.at
    assert len(server.asked) <= 5
