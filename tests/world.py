"""A small world for whole-way tests: the sandbox forge over HTTP, a scripted agent over HTTP, the real daemon code.

Nothing in it is patched. The agent is somebody else's (`runtime: url`), so that a test says what it answers; the
bundled agent has tests of its own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import yaml

from foreman.app.workshop import Workshop, utc_now, workshop
from foreman.config.load import load
from foreman.draining import Drained
from foreman.model import ForgeKind, RepoRef
from foreman.sandbox import SandboxForge
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store import actions
from foreman.store.actions import LogEntry
from foreman.store.database import Database
from tests.empty import put_empty_database

TOKEN = "FOREMAN_TEST_TOKEN"
REPO = "acme/widget"
BOT = "acme-foreman"
DEADLINE = 90.0
"""How long a condition may take to come true, seconds: generous, for slow machines."""

Kind = Literal["github", "gitlab"]
Answer = Callable[[dict[str, Any]], Any]


def wait_until(true: Callable[[], Any], what: str = "condition", seconds: float = DEADLINE) -> Any:
    """Wait for a condition and return its value; fails with `what` when it does not come true."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < deadline:
        found = true()
        if found:
            return found
        pause.wait(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def decision(task: dict[str, Any], *actions_: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a Decision for a task with these actions."""
    return {
        "task_id": task["task_id"],
        "decision": more.pop("decision", "label_and_respond" if actions_ else "skip"),
        "rationale": more.pop("rationale", "as the test says"),
        "actions": list(actions_),
        **more,
    }


class Ahead:
    """The time of day, moved by hand."""

    by = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.by


class ScriptedAgent:
    """An agent over HTTP that answers what the test says, and remembers what it was asked."""

    def __init__(self, port: int = 0) -> None:
        self.tasks: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Answer = lambda task: decision(task, {"type": "add_label", "label": "bug"})
        agent = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(200, {"status": "ok"})

            def do_POST(self) -> None:
                try:
                    task = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                except ValueError:
                    self._send(400, {"error": "not JSON"})
                    return
                agent.tasks.append(task)
                agent.headers.append(dict(self.headers))
                reply = agent.answer(task)
                if isinstance(reply, bytes):
                    self._raw(200, reply)
                elif isinstance(reply, int):
                    self._send(reply, {"error": "as the test says"})
                else:
                    self._send(200, reply)

            def _send(self, status: int, body: Any) -> None:
                self._raw(status, json.dumps(body).encode())

            def _raw(self, status: int, raw: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                # A daemon that was told to end does not wait for its answer.
                with suppress(ConnectionError):
                    self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)

    def asked_about(self, number: int) -> list[dict[str, Any]]:
        return [task for task in self.tasks if task["payload"]["issue"]["number"] == number]


def identity(forge: SandboxForge, login: str, variable: str = TOKEN) -> dict[str, str]:
    """Return the part of a configuration about an account on a forge."""
    address = "github_api_url" if forge.kind == "github" else "gitlab_url"
    return {f"{forge.kind}_token": f"${{{variable}}}", f"{forge.kind}_user": login, address: forge.url}


class World:
    """One forge, of either kind, one agent, one configuration, one database."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime] | None = None,
        *,
        kind: Kind = "github",
    ) -> None:
        self.folder = folder
        self.clock = clock or utc_now
        self.kind = ForgeKind(kind)
        self.forge = SandboxForge(clock=clock, kind=kind)
        self.forge.start()
        self.agent = ScriptedAgent()
        self.forge.add_repo(REPO, labels=["bug", "question", "docs", "stale", "needs-info", "approved"])
        self.forge.add_account(BOT)
        self.forge.add_collaborator(REPO, BOT, permission="write")
        self.forge.add_account("kim")
        self.token = self.forge.token(BOT)
        os.environ[TOKEN] = self.token
        self.config: dict[str, Any] = {
            "identity": identity(self.forge, BOT),
            "llm": {"provider": "none"},
            "polling": {"interval_seconds": 1, "write_interval_seconds": 0, "settle_seconds": 1, "first_run": 100},
            "storage": {"path": str(folder / "memory.db")},
            "server": {"enabled": False},
            "agents": {"issue-triage": {"runtime": "url", "url": self.agent.url, "timeout_seconds": 60}},
            "repos": [self.repo(REPO)],
        }

    def repo(self, path: str, **more: Any) -> dict[str, Any]:
        labels = {"bug": ["crash"], "question": ["how do I"], "docs": ["typo"]}
        return {
            "forge": self.kind.value,
            "path": path,
            "agents": [{"type": "issue-triage", "events": EVENTS, "config": {"labels": labels}}],
            **more,
        }

    def key(self, path: str = REPO) -> str:
        """Return a repository as commands and the log name it."""
        return RepoRef(self.kind, path).key

    @property
    def file(self) -> Path:
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(self.config), encoding="utf-8")
        return path

    def _begun(self) -> Path:
        """Return the configuration's file; its database, where it is one of this folder, is there."""
        kept = Path(self.config["storage"]["path"])
        if kept.parent == self.folder:
            put_empty_database(kept)
        return self.file

    @contextmanager
    def shop(self, *, claim: bool = True) -> Iterator[Workshop]:
        """Put the real thing together, in this process; without `claim` as a dry run does."""
        source = self._begun()
        parts = {"settings": Settings.read(), "secrets": KnownSecrets(), "source": source, "now": self.clock}
        with workshop(load(source), **parts, claim=claim) as shop:
            yield shop

    def once(self) -> Drained:
        """Run `foreman run --once`, in this process."""
        with self.shop() as shop:
            return shop.daemon.once()

    @contextmanager
    def running(self, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run `foreman run` as a process of its own; ends it with SIGTERM."""
        process = self.start(**environment)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(60)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start `foreman run` and return at once; its log is in `daemon.log`."""
        with (self.folder / "daemon.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "foreman.cli.main", "--config", str(self._begun()), "run", *arguments],
                stdout=log,
                stderr=log,
                env={**os.environ, "FOREMAN_LOG_FORMAT": "json", **environment},
            )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a process of its own, to its end."""
        program = [sys.executable, "-m", "foreman.cli.main", "--config", str(self.file), *arguments]
        return subprocess.run(program, capture_output=True, text=True, check=False, timeout=120)

    @property
    def log(self) -> str:
        path = self.folder / "daemon.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def entries(self, number: int | None = None) -> tuple[LogEntry, ...]:
        """Return the action log, newest first."""
        path = Path(self.config["storage"]["path"])
        if not path.exists():
            return ()
        db = Database.open(path)
        try:
            with db.read() as connection:
                found = actions.entries(connection, limit=1000)
        finally:
            db.close()
        return tuple(entry for entry in found if number is None or entry.issue.number == number)

    def states(self, number: int) -> list[tuple[str, str]]:
        """Return type and state of every action on an issue, oldest first."""
        return [(a.type, a.state.value) for e in reversed(self.entries(number)) for a in e.actions]

    def effects(self) -> list[str]:
        """Return what the forge was changed into through HTTP, as its ledger has it."""
        return [entry.effect for entry in self.forge.writes()]

    def close(self) -> None:
        self.forge.close()
        self.agent.close()
        os.environ.pop(TOKEN, None)


EVENTS = ["opened", "edited", "reopened", "commented", "labeled", "stale"]
