"""The task server, with real sockets."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from foreman.agentkit import AgentServer, BudgetSpent, make_server
from foreman.protocol import Decision, Task


def _task(**extra: Any) -> dict[str, Any]:
    issue = dict.fromkeys(("title", "body", "author", "author_role", "created_at", "updated_at", "url"), "")
    return {
        "task_id": str(uuid4()),
        "type": "issue.triage",
        "repo": "o/r",
        "payload": {"event": "opened", "issue": {"number": 1, "state": "open", **issue}},
        "context": {"llm_backend": {"provider": "none"}},
        **extra,
    }


def _skip(task: Task) -> Decision:
    return Decision(task_id=str(task.task_id), decision="skip", rationale=task.repo, actions=())


@contextmanager
def _running(handler: Callable[[Task], Decision], **where: Any) -> Iterator[AgentServer]:
    server = make_server(handler, **where)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()


def _call(
    server: AgentServer, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, {"retry": response.getheader("Retry-After"), **json.loads(response.read() or b"{}")}
    finally:
        connection.close()


def test_a_task_is_answered_with_the_handlers_decision_and_new_fields_are_ignored() -> None:
    task = _task(added_later=1)

    with _running(_skip) as server:
        assert _call(server, "GET", "/health")[1]["status"] == "ok"
        status, reply = _call(server, "POST", "/task", json.dumps(task).encode())

    assert status == 200
    assert reply["task_id"] == task["task_id"]
    assert reply["rationale"] == "o/r"


def test_what_is_no_task_is_refused_and_the_server_lives_on() -> None:
    with _running(_skip) as server:
        assert _call(server, "POST", "/task", b"{")[0] == 400
        assert _call(server, "POST", "/task", b'{"task_id": 1}')[0] == 400
        assert _call(server, "POST", "/elsewhere", b"{}")[0] == 404
        assert _call(server, "GET", "/task")[0] == 404
        assert _call(server, "POST", "/task", Content_Length="999999999999")[0] == 411
        assert _call(server, "POST", "/task", Content_Length="3000000")[0] == 413
        assert _call(server, "POST", "/task", Content_Length="many")[0] == 411
        with socket.create_connection(("127.0.0.1", server.port)) as half:
            half.sendall(b"POST /ta")
        assert _call(server, "POST", "/task", json.dumps(_task()).encode())[0] == 200


def test_a_handler_that_breaks_costs_its_own_task_alone(capfd: pytest.CaptureFixture[str]) -> None:
    def break_once(task: Task) -> Decision:
        if task.repo == "o/broken":
            raise RuntimeError("the secret inside")
        return _skip(task)

    with _running(break_once) as server:
        status, reply = _call(server, "POST", "/task", json.dumps(_task(repo="o/broken")).encode())
        assert _call(server, "POST", "/task", json.dumps(_task()).encode())[0] == 200

    assert status == 500
    assert "secret" not in json.dumps(reply)
    assert "the secret inside" in capfd.readouterr().err


def test_a_spent_budget_is_503_with_retry_after() -> None:
    def spent(task: Task) -> Decision:
        raise BudgetSpent("spent", retry_after="3600")

    with _running(spent) as server:
        status, reply = _call(server, "POST", "/task", json.dumps(_task()).encode())

    assert (status, reply["retry"]) == (503, "3600")


def test_a_token_is_demanded_where_one_is_set() -> None:
    body = json.dumps(_task()).encode()

    with _running(_skip, token="right") as server:
        assert _call(server, "POST", "/task", body)[0] == 401
        assert _call(server, "POST", "/task", body, Authorization="Bearer wrong")[0] == 401
        assert _call(server, "POST", "/task", body, Authorization="Bearer right")[0] == 200
        assert _call(server, "GET", "/health")[0] == 200


def test_serve_listens_on_the_socket_it_is_given_and_ends_on_sigterm(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    path.touch()  # what an earlier run left
    child = subprocess.Popen(
        [sys.executable, "-m", "agents.issue_triage"], env={**os.environ, "FOREMAN_AGENT_SOCKET": str(path)}
    )
    try:
        deadline = time.monotonic() + 60
        while not path.is_socket():
            assert time.monotonic() < deadline
            assert child.poll() is None
            threading.Event().wait(0.02)
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == 0
    finally:
        child.kill()
        child.wait()
    assert not path.exists()
