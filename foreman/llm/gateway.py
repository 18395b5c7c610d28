"""The model gateway: the one place agents can call a model through, and where the money is counted.

OpenAI-compatible, on a Unix socket that sealed containers get mounted and on loopback TCP for all other agents. The
socket is open to every user who can reach its directory, since a container's user is not ours: what keeps others out
is the directory above (0700) and the token of each task.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from foreman.errors import BudgetExceeded, ForemanError
from foreman.llm.answers import Answer, explained
from foreman.llm.base import LLMBackend, UsageLedger
from foreman.llm.budget import Budget, Purse
from foreman.llm.completions import Completions, Limits
from foreman.llm.connections import Connections
from foreman.llm.gateway_http import READ_SECONDS, TcpServer, UnixServer
from foreman.llm.grants import Grant, Grants, Spent

MAX_SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103
"""`sockaddr_un` holds 108 bytes with the closing zero on Linux, 104 on macOS and the BSDs."""

_DIRECTORY_MODE = 0o711
_SOCKET_MODE = 0o666
_END_SECONDS = 2.0


class Gateway:
    """Servers, grants and the purse together."""

    def __init__(
        self,
        *,
        backend: LLMBackend | None,
        ledger: UsageLedger,
        budget: Budget,
        directory: Path,
        now: Callable[[], datetime],
        limits: Limits | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        """Keep the settings; nothing listens before `start`.

        Args:
            backend: Who answers; None for no model. Not closed by the gateway.
            ledger: Where calls are counted.
            budget: What may be spent.
            directory: For the socket; made when missing, in a directory that others cannot enter.
            now: Time of day, aware UTC.
            limits: Of each call; the defaults of the configuration when absent.
            read_seconds: For a whole request to arrive.
        """
        self._now = now
        self._grants = Grants()
        self._purse = Purse(budget, ledger)
        self._completions = Completions(
            backend=backend, purse=self._purse, grants=self._grants, limits=limits or Limits(), now=now
        )
        self._connections = Connections()
        self._read_seconds = read_seconds
        self._servers: list[UnixServer | TcpServer] = []
        self._threads: list[threading.Thread] = []
        self._tcp_url = ""
        self.socket_path = directory / "llm.sock"

    @property
    def tcp_url(self) -> str:
        """Base URL on loopback, with `/v1`; empty before `start`."""
        return self._tcp_url

    def start(self) -> None:
        """Listen on the socket and on a free loopback port.

        Raises:
            ForemanError: The socket cannot be made; says why.
        """
        path = os.fsencode(self.socket_path)
        if len(path) > MAX_SOCKET_PATH_BYTES:
            raise ForemanError(
                f"{self.socket_path}: a socket's path may have {MAX_SOCKET_PATH_BYTES} bytes, not {len(path)}; "
                "choose a shorter FOREMAN_RUN_DIR"
            )
        try:
            self.socket_path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.socket_path.parent.mkdir(exist_ok=True)
            self.socket_path.parent.chmod(_DIRECTORY_MODE)
            self._remove_old_socket()
            unix = UnixServer(str(self.socket_path), self, self._connections, read_seconds=self._read_seconds)
            self._servers.append(unix)
            self.socket_path.chmod(_SOCKET_MODE)
            tcp = TcpServer(self, self._connections, read_seconds=self._read_seconds)
        except OSError as error:
            self.stop()
            raise ForemanError(f"the model gateway cannot listen at {self.socket_path}: {error.strerror}") from error
        self._servers.append(tcp)
        self._tcp_url = f"http://127.0.0.1:{tcp.server_address[1]}/v1"
        for server in self._servers:
            thread = threading.Thread(target=server.serve_forever, name="gateway", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop listening and hang up on everybody, bounded; may be called twice."""
        if self._threads:
            for server in self._servers:
                server.shutdown()
        for thread in self._threads:
            thread.join(_END_SECONDS)
        for server in self._servers:
            server.server_close()
        self._connections.end(timeout_seconds=_END_SECONDS)
        if self._servers:
            with contextlib.suppress(OSError):
                self.socket_path.unlink()
        self._servers, self._threads, self._tcp_url = [], [], ""

    def reconfigure(self, *, backend: LLMBackend | None, budget: Budget, limits: Limits) -> None:
        """Take new settings for the calls that begin from now on."""
        self._purse.budget = budget
        self._completions.limits = limits
        self._completions.backend = backend

    def grant(self, *, task_id: str, repo: str, agent: str, model: str, deadline: datetime) -> str:
        """Let one task call its model; see `Grants.give`."""
        return self._grants.give(task_id=task_id, repo=repo, agent=agent, model=model, deadline=deadline)

    def revoke(self, task_id: str) -> Spent:
        """End a task's permission and say what it spent; see `Grants.take`."""
        return self._grants.take(task_id)

    def refusal(self, repo: str, now: datetime) -> BudgetExceeded | None:
        """Return the budget of the day that is already spent for a repository, None when there is some left."""
        return self._purse.refusal(repo, now)

    def enter(self, token: str) -> Grant:
        """Begin a request; for the servers."""
        return self._grants.enter(token, now=self._now())

    def leave(self, grant: Grant) -> None:
        """End a request; for the servers."""
        self._grants.leave(grant)

    def refuse(self, error: ForemanError) -> Answer:
        """Turn an error into an answer; for the servers."""
        return explained(error, self._now())

    def answer(self, grant: Grant, body: bytes) -> Answer:
        """Answer a chat completion; for the servers."""
        return self._completions.answer(grant, body)

    def models(self, grant: Grant) -> Answer:
        """List the one model of the task; for the servers."""
        names = [grant.model] if self._completions.backend is not None else []
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "foreman"} for name in names]
        return Answer(status=200, body={"object": "list", "data": models})

    def _remove_old_socket(self) -> None:
        try:
            mode = self.socket_path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise ForemanError(f"{self.socket_path} is in the way and no socket; remove it")
        self.socket_path.unlink()
