"""The conformance suite finds what authors get wrong."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from foreman.agent.conformance import Check, examine
from foreman.agent.processes import process_runtime

PLAIN = """
import http.server, json, os, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    def address_string(self): return "x"
    def log_message(self, *_): return
    def do_GET(self): self.reply(HEALTH, {"status": "ok"})
    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            task = json.loads(raw)
        except ValueError:
            return self.reply(GARBAGE, {"error": "json"})
        reply = {"task_id": task["task_id"], "decision": "skip", "rationale": "", "actions": []}
        self.reply(200, change(task, reply))
    def reply(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
HEALTH, GARBAGE = 200, 400
def act(reply, action): return reply | {"decision": "label_and_respond", "actions": [action]}
def change(task, reply): return reply
"""


MIXING = """
shared = {}
def change(task, reply):
    import time
    shared["id"] = task["task_id"]
    time.sleep(0.05)
    return reply | {"task_id": shared["id"]}
"""


def _examine(tmp_path: Path, code: str) -> dict[str, Check]:
    import sys

    script = tmp_path / "agent.py"
    script.write_text(
        PLAIN + textwrap.dedent(code) + "\nServer(os.environ['FOREMAN_AGENT_SOCKET'], Handler).serve_forever()\n"
    )
    command = [sys.executable, "-S", str(script)]
    runtime = process_runtime("mine", gateway_url="", work_dir=tmp_path / "w", command=command, start_seconds=60)
    try:
        return {check.name: check for check in examine(runtime, timeout_seconds=60)}
    finally:
        runtime.stop(timeout_seconds=10)


@pytest.mark.parametrize(
    ("code", "failing", "word"),
    [
        ("", None, ""),
        ("def change(task, reply): return reply | {'task_id': 'x' * 36}", "task: opened", "task_id"),
        ("def change(task, reply): return reply | {'extra': 1}", "task: opened", "extra"),
        (
            "def change(task, reply): return reply | {'actions': [{'type': 'comment', 'body': 'x'}]}",
            "task: stale",
            "no actions",
        ),
        (
            "def change(task, reply): return act(reply, {'type': 'add_label', 'label': 'security'})",
            "task: odd Unicode",
            "security",
        ),
        (
            "def change(task, reply): return act(reply, {'type': 'remove_label', 'label': 'bug'})",
            "task: edited",
            "not on the issue",
        ),
        (
            MIXING,
            "4 tasks at once",
            "task_id",
        ),
        ("GARBAGE = 200", "refuses what is no task", "200"),
        (
            "def change(task, reply):\n    assert not [k for k in task if k.startswith('added')]\n    return reply",
            "task: unknown extra fields",
            "hung up",
        ),
        ("HEALTH = 500", "starts", "healthy"),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, code: str, failing: str | None, word: str) -> None:
    checks = _examine(tmp_path, code) if "HEALTH" not in code else _unhealthy(tmp_path, code)

    failed = [check for check in checks.values() if not check.passed]
    if failing is None:
        assert failed == []
        assert len(checks) == 22
    else:
        assert failing in {check.name for check in failed}
        assert word in checks[failing].detail
    assert json.dumps([check.detail for check in checks.values()])


def _unhealthy(tmp_path: Path, code: str) -> dict[str, Check]:
    import sys

    script = tmp_path / "agent.py"
    script.write_text(PLAIN + code + "\nServer(os.environ['FOREMAN_AGENT_SOCKET'], Handler).serve_forever()\n")
    command = [sys.executable, "-S", str(script)]
    runtime = process_runtime("mine", gateway_url="", work_dir=tmp_path / "w", command=command, start_seconds=1)
    try:
        return {check.name: check for check in examine(runtime, timeout_seconds=5)}
    finally:
        runtime.stop(timeout_seconds=10)
