"""What an agent can and cannot do at the gateway, over the Unix socket and over loopback TCP."""

from __future__ import annotations

import http.client
import json
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from foreman.errors import ForemanError, ModelError, ModelUnavailable
from foreman.llm.budget import Budget
from foreman.llm.completions import Limits
from foreman.llm.connections import Connections
from foreman.llm.gateway import Gateway
from foreman.llm.gateway_http import MAX_REQUEST_BYTES
from foreman.llm.grants import MAX_CALLS, MAX_PARALLEL, Spent
from tests.llm.fakes import NOON, MemoryLedger, ScriptedBackend, completion
from tests.llm.providers import eventually

ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "What is it?"}]}


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def code(self) -> str:
        return self.json["error"]["code"]


@dataclass
class Place:
    """A running gateway and how to reach it."""

    backend: ScriptedBackend
    ledger: MemoryLedger
    gateway: Gateway
    over: str
    clock: list[datetime]
    token: str = ""
    opened: list[socket.socket] = field(default_factory=list)

    def grant(self, task_id: str = "t1", *, repo: str = "o/r", minutes: float = 2) -> str:
        deadline = self.clock[0] + timedelta(minutes=minutes)
        self.token = self.gateway.grant(task_id=task_id, repo=repo, agent="issue-triage", model="m", deadline=deadline)
        return self.token

    def connect(self) -> socket.socket:
        if self.over == "unix":
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(20)
            connection.connect(str(self.gateway.socket_path))
        else:
            connection = socket.create_connection(("127.0.0.1", urlsplit(self.gateway.tcp_url).port), timeout=60)
        self.opened.append(connection)
        return connection

    def send(
        self, method: str = "POST", path: str = "/v1/chat/completions", body: bytes = b"", **headers: str
    ) -> Reply:
        client = http.client.HTTPConnection("localhost")
        client.sock = self.connect()
        client.request(method, path, body, {"Content-Type": "application/json", **headers})
        response = client.getresponse()
        reply = Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        client.close()
        return reply

    def ask(self, request: dict[str, Any] | bytes = ASK, *, token: str | None = None) -> Reply:
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        return self.send(body=body, Authorization=f"Bearer {self.token if token is None else token}")


Open = Callable[..., Place]


@pytest.fixture(params=["unix", "tcp"])
def over(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def place(over: str, tmp_path: Path) -> Iterator[Open]:
    opened: list[Place] = []

    def make(say: Callable[[dict[str, Any]], Any] = lambda asked: completion(), **options: Any) -> Place:
        backend, ledger = ScriptedBackend(say), MemoryLedger()
        clock = [NOON]
        defaults = {"backend": backend, "ledger": ledger, "budget": Budget(), "directory": tmp_path / "d" / "gw"}
        gateway = Gateway(**(defaults | {"now": lambda: clock[0]} | options))
        gateway.start()
        opened.append(Place(backend, ledger, gateway, over, clock))
        return opened[-1]

    yield make
    for one in opened:
        for connection in one.opened:
            connection.close()
        one.gateway.stop()


def test_a_task_gets_an_answer_and_the_call_is_written_down(place: Open) -> None:
    here = place(limits=Limits(temperature=0.5, max_output_tokens=100, timeout_seconds=30))
    here.grant()

    reply = here.ask({**ASK, "max_tokens": 5000, "temperature": 2, "api_base": "http://evil", "n": 1})

    assert reply.status == 200
    assert reply.json["choices"][0]["message"]["content"] == "hello"
    assert here.backend.requests == [{**ASK, "temperature": 0.5, "max_tokens": 100}], "the maintainer's settings win"
    assert here.backend.timeouts == [30]
    (call,) = here.ledger.calls
    assert (call.task_id, call.repo, call.agent, call.model) == ("t1", "o/r", "issue-triage", "m")
    assert (call.input_tokens, call.output_tokens, call.usd, call.error) == (10, 5, Decimal("0.01"), "")
    assert here.gateway.revoke("t1") == Spent(input_tokens=10, output_tokens=5, usd=Decimal("0.01"), calls=1)
    assert here.gateway.revoke("t1") == Spent()


@pytest.mark.parametrize("with_usage", [False, True])
def test_a_stream_is_server_sent_events(with_usage: bool, place: Open) -> None:
    here = place(lambda asked: completion("hello there"))
    here.grant()

    reply = here.ask({**ASK, "stream": True, "stream_options": {"include_usage": with_usage}})

    events = [line.removeprefix("data: ") for line in reply.raw.decode().split("\n\n") if line]
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert events[-1] == "[DONE]"
    pieces = [json.loads(event) for event in events[:-1]]
    assert [piece["choices"][0]["delta"]["content"] for piece in pieces if piece["choices"]] == ["hello", "there"]
    assert ("usage" in pieces[-1]) is with_usage
    assert eventually(lambda: len(here.ledger.calls) == 1)
    assert here.ledger.calls[0].usd == Decimal("0.01")


def test_an_agent_that_hangs_up_in_a_stream_has_spent_all_the_same(place: Open) -> None:
    going = threading.Event()

    class Slow(ScriptedBackend):
        def stream(self, request: dict[str, Any], *, timeout_seconds: float) -> Iterator[Any]:
            yield {"choices": [{"index": 0, "delta": {"content": "x"}}]}
            going.wait(60)
            for _ in range(2000):
                yield {"choices": [{"index": 0, "delta": {"content": "x" * 1000}}]}
            yield completion()

    here = place(backend=Slow())
    here.grant()
    body = json.dumps({**ASK, "stream": True}).encode()
    connection = here.connect()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer {here.token}\r\nContent-Length: {len(body)}"
    connection.sendall(head.encode() + b"\r\n\r\n" + body)
    assert connection.recv(10)
    connection.close()
    going.set()

    assert eventually(lambda: len(here.ledger.calls) == 1)
    assert here.ledger.calls[0].usd == Decimal("0.01")


def test_the_token_is_for_one_task_until_its_deadline(place: Open) -> None:
    here = place()
    first = here.grant("t1")
    second = here.grant("t2", minutes=10)
    assert first != second

    assert [here.ask(token=token).status for token in (first, second, "", "wrong", first[:-1], "ü")] == [
        200, 200, 401, 401, 401, 401,
    ]  # fmt: skip
    assert here.send(body=json.dumps(ASK).encode(), Authorization=f"Basic {first}").status == 401

    here.clock[0] += timedelta(minutes=2)
    assert here.ask(token=first).status == 401
    assert here.ask(token=second).status == 200
    here.gateway.revoke("t2")
    assert here.ask(token=second).code == "invalid_token"


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({**ASK, "model": "gpt-9-dear"}, 400, "model_not_granted"),
        (b"{", 400, "invalid_request"),
        (b"[" * 100_000, 400, "invalid_request"),
        ({**ASK, "messages": []}, 400, "invalid_request"),
        (b"x" * (MAX_REQUEST_BYTES + 1), 413, "request_too_large"),
    ],
)
def test_what_is_not_a_request_is_refused(request_: Any, status: int, code: str, place: Open) -> None:
    here = place()
    here.grant()

    reply = here.ask(request_)

    assert (reply.status, reply.code) == (status, code)
    assert reply.json["error"].keys() == {"message", "type", "param", "code"}
    assert here.backend.requests == []
    assert here.ledger.calls == []


def test_other_paths_and_framings_are_refused(place: Open) -> None:
    here = place()
    token = f"Bearer {here.grant()}"

    assert here.send("POST", "/v1/embeddings", b"{}", Authorization=token).status == 404
    assert here.send("GET", "/v1/chat/completions", Authorization=token).status == 404
    assert here.send("DELETE", "/v1/models", Authorization=token).status == 501
    assert here.send(body=b"", Authorization=token, **{"Transfer-Encoding": "chunked"}).status == 411
    assert here.send("GET", "/v1/models").status == 401
    models = here.send("GET", "/v1/models", Authorization=token)
    assert [model["id"] for model in models.json["data"]] == ["m"]


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (ModelError("anthropic: bad key"), 502, "provider_error", None),
        (ForemanError("llm.api_key: ANTHROPIC_API_KEY is not set"), 502, "provider_error", None),
        (ModelUnavailable("overloaded"), 503, "provider_unavailable", "5"),
        (NOON + timedelta(seconds=30), 503, "provider_unavailable", "31"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_provider_trouble_is_told_with_its_retry_after(
    error: Any, status: int, code: str, retry_after: str | None, stream: bool, place: Open
) -> None:
    def fail(asked: dict[str, Any]) -> Any:
        if isinstance(error, Exception):
            raise type(error)(str(error))
        told = ModelUnavailable("slow down")
        told.retry_at = error
        raise told

    here = place(fail)
    here.grant()

    reply = here.ask({**ASK, "stream": stream})

    assert (reply.status, reply.code, reply.headers.get("retry-after")) == (status, code, retry_after)
    (call,) = here.ledger.calls
    assert call.usd is None, "what a failed call cost is not known"
    assert call.error
    assert here.gateway.revoke("t1") == Spent(calls=1)


def test_a_spent_budget_is_told_to_the_agent_and_to_the_task(place: Open) -> None:
    here = place(budget=Budget(usd_per_day=Decimal("0.02")))
    here.grant("t1")
    assert [here.ask().status for _ in range(2)] == [200, 200]

    reply = here.ask()

    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    assert (reply.status, reply.code) == (429, "budget_exceeded")
    assert reply.headers["retry-after"] == str(12 * 3600 + 1)
    spent = here.gateway.revoke("t1")
    assert (spent.calls, spent.usd, spent.retry_at) == (2, Decimal("0.02"), midnight)
    assert here.gateway.refusal("o/other", NOON) is not None
    assert here.gateway.refusal("o/other", midnight) is None


def test_parallel_requests_of_a_task_are_bounded_and_do_not_overspend(place: Open) -> None:
    gate = threading.Event()

    def wait(asked: dict[str, Any]) -> Any:
        gate.wait(60)
        return completion()

    here = place(wait, budget=Budget(usd_per_task=Decimal("0.02")))
    here.grant()
    with ThreadPoolExecutor(8) as pool:
        replies = [pool.submit(here.ask) for _ in range(8)]
        assert eventually(lambda: sum(reply.done() for reply in replies) >= 8 - MAX_PARALLEL)
        assert len(here.backend.requests) <= 2
        gate.set()
        statuses = sorted(
            (reply.result().status, reply.result().json.get("error", {}).get("code")) for reply in replies
        )

    assert statuses == [(200, None)] * 2 + [(429, "budget_exceeded")] * 2 + [(429, "too_many_requests")] * 4
    assert len(here.ledger.calls) == 2


def test_a_task_may_make_only_so_many_calls(place: Open) -> None:
    here = place()
    here.grant()
    for _ in range(MAX_CALLS):
        assert here.ask().status == 200

    assert (here.ask().status, here.ask().code) == (403, "too_many_calls")
    assert len(here.ledger.calls) == MAX_CALLS


def test_without_a_model_there_is_none(place: Open) -> None:
    here = place(backend=None)
    token = here.grant()

    assert (here.ask().status, here.ask().code) == (404, "no_model")
    assert here.send("GET", "/v1/models", Authorization=f"Bearer {token}").json["data"] == []


def test_new_settings_hold_for_the_next_call(place: Open) -> None:
    here = place()
    here.grant()
    other = ScriptedBackend(lambda asked: completion("other"))

    here.gateway.reconfigure(
        backend=other, budget=Budget(calls_per_repo_per_day=1), limits=Limits(max_output_tokens=7)
    )

    assert here.ask().json["choices"][0]["message"]["content"] == "other"
    assert other.requests[0]["max_tokens"] == 7
    assert here.ask().code == "budget_exceeded"


def test_a_bug_in_a_backend_breaks_one_request_and_is_settled(place: Open) -> None:
    here = place(lambda asked: {}["missing"])
    here.grant()

    with pytest.raises((http.client.HTTPException, OSError)):
        here.ask()

    assert eventually(lambda: len(here.ledger.calls) == 1)
    here.backend.say = lambda asked: completion()
    assert here.ask().status == 200


def test_a_request_that_drips_is_cut_off(place: Open) -> None:
    """A time-out per piece would let one byte a second live for ever."""
    here = place(read_seconds=0.3)
    here.grant()
    connection = here.connect()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer {here.token}\r\nContent-Length: 99999\r\n\r\n"
    connection.sendall(head.encode())
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.05):
            try:
                connection.sendall(b" ")
            except OSError:
                return

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        assert connection.recv(100).startswith(b"HTTP/1.1 408")
    finally:
        stop.set()
        dripping.join(60)


def test_the_oldest_stranger_gives_way_and_a_task_at_work_does_not() -> None:
    pairs = [socket.socketpair() for _ in range(4)]
    known, old, young, late = (pair[0] for pair in pairs)
    connections = Connections(most=3)
    for one in (known, old, young):
        assert connections.admit(one)
    connections.recognise(known)

    assert connections.admit(late)

    assert pairs[1][1].recv(1) == b"", "the oldest stranger was not put out"
    pairs[0][0].sendall(b"x")
    assert pairs[0][1].recv(1) == b"x"
    connections.recognise(young)
    connections.recognise(late)
    assert not connections.admit(old)
    for pair in pairs:
        connections.forget(pair[0])
        pair[0].close()
        pair[1].close()


def test_strangers_cannot_lock_a_task_out(place: Open) -> None:
    here = place()
    here.grant()
    for _ in range(70):
        here.connect()

    assert here.ask().status == 200


def test_the_socket_is_open_and_only_its_parent_is_closed(tmp_path: Path) -> None:
    directory = tmp_path / "data" / "gateway"
    gateway = Gateway(backend=None, ledger=MemoryLedger(), budget=Budget(), directory=directory, now=lambda: NOON)
    directory.mkdir(parents=True)
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(gateway.socket_path))  # what a kill -9 leaves behind
    left.close()

    gateway.start()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (directory, gateway.socket_path)]
    gateway.stop()
    gateway.stop()

    assert modes == [0o711, 0o666]
    assert not gateway.socket_path.exists()
    assert gateway.tcp_url == ""


def test_a_place_where_no_socket_can_be_is_told(tmp_path: Path) -> None:
    def start(directory: Path) -> None:
        Gateway(backend=None, ledger=MemoryLedger(), budget=Budget(), directory=directory, now=lambda: NOON).start()

    with pytest.raises(ForemanError, match=r"10[37] bytes"):
        start(tmp_path / ("x" * 110))
    in_the_way = tmp_path / "gw" / "llm.sock"
    in_the_way.parent.mkdir()
    in_the_way.write_text("mine")
    with pytest.raises(ForemanError, match="no socket"):
        start(in_the_way.parent)
    assert in_the_way.read_text() == "mine"
    with pytest.raises(ForemanError, match="cannot listen"):
        start(in_the_way)
    assert os.fspath(in_the_way)
