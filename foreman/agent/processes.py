"""Run an agent as a child process: for machines without a container engine. Limited and cleaned up, but not sealed.

It runs as the same user and can open connections; what it does not get is anything of our environment.
"""

from __future__ import annotations

import collections
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import structlog

import foreman
from foreman.agent import keeper
from foreman.agent.dialing import Address
from foreman.agent.managed import START_SECONDS, ManagedRuntime
from foreman.agent.resources import Resources
from foreman.errors import AgentUnavailable

BUNDLED = {"issue-triage": "agents.issue_triage"}
"""Agent types that come with Foreman, and the module each is run as."""

__all__ = ["BUNDLED", "MAX_SOCKET_PATH", "ProcessLauncher", "Resources", "process_runtime"]

MAX_SOCKET_PATH = 107 if sys.platform == "linux" else 103
"""Longest path a socket can be bound to, bytes (`sun_path` with its end): 108 on Linux, 104 on macOS and the BSDs."""

_SHORT_FOLDER = "/tmp"  # noqa: S108 - a folder of its own is made in it, where even TMPDIR is too long
_GRACE_SECONDS = 0.5
_LAST_WORDS = 12
_MAX_LINE_CHARS = 500
_MAX_LOGGED_LINES = 200
_OPEN_FILES = 256


def process_runtime(
    agent: str,
    *,
    gateway_url: str,
    work_dir: Path,
    command: Sequence[str] | None = None,
    resources: Resources | None = None,
    start_seconds: float = START_SECONDS,
) -> ManagedRuntime:
    """Make a runtime that runs an agent as a child process.

    Args:
        agent: Agent type.
        gateway_url: Where it finds the model gateway.
        work_dir: Folder for its private folders; made when missing.
        command: Program and arguments; None for a bundled agent.
        resources: Limits.
        start_seconds: Until the first good health check.

    Returns:
        A runtime that has started nothing yet.
    """
    launcher = ProcessLauncher(
        agent, command=command, work_dir=work_dir, resources=resources or Resources(), gateway_url=gateway_url
    )
    return ManagedRuntime(agent, launcher, start_seconds=start_seconds)


class ProcessLauncher:
    """Starts an agent behind a `keeper`, with a private folder and a scrubbed environment.

    Attributes:
        sealed: False.
        gateway_url: Where the agent finds the model gateway.
    """

    def __init__(
        self,
        agent: str,
        *,
        command: Sequence[str] | None,
        work_dir: Path,
        resources: Resources,
        gateway_url: str = "",
    ) -> None:
        """Take what is needed; start nothing."""
        self.sealed = False
        self.gateway_url = gateway_url
        self._agent = agent
        self._command = command
        self._work_dir = work_dir
        self._resources = resources
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._folder: Path | None = None
        self._said: collections.deque[str] = collections.deque(maxlen=_LAST_WORDS)

    def launch(self, *, timeout_seconds: float, closing: threading.Event) -> Address:  # noqa: ARG002 - it is quick
        """Start it; see `Launcher.launch`."""
        self.end(timeout_seconds=2.0)
        try:
            folder = self._make_folder()
        except OSError as error:
            raise AgentUnavailable(f"{self._agent} gets no folder to work in: {error.strerror}") from error
        socket_file = folder / "agent.sock"
        limits = (self._resources.memory_bytes, _OPEN_FILES, self._resources.pids, _GRACE_SECONDS)
        started = [sys.executable, "-I", "-S", keeper.__file__, *map(str, limits), *self._program()]
        try:
            self._process = subprocess.Popen(
                started,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._environment(folder, socket_file),
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            raise AgentUnavailable(f"{self._agent} cannot be started: {error.strerror}") from error
        output = self._process.stdout
        self._reader = threading.Thread(target=self._read, args=(output,), name=f"{self._agent}-output", daemon=True)
        self._reader.start()
        return Address(path=socket_file)

    def is_running(self) -> bool:
        """Return whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def last_words(self) -> str:
        """Return the last lines it printed."""
        return " / ".join(self._said)[-_MAX_LINE_CHARS:]

    def end(self, *, timeout_seconds: float) -> None:
        """End it; never raises."""
        process, reader, folder = self._process, self._reader, self._folder
        self._process = self._reader = self._folder = None
        if process is not None:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()  # the keeper ends the agent and everything it started
            try:
                process.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()  # the agent follows by its parent-death signal
                process.wait()
            if reader is not None:
                reader.join(1.0)
            if process.stdout is not None and (reader is None or not reader.is_alive()):
                process.stdout.close()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _program(self) -> Sequence[str]:
        if self._command:
            return self._command
        if self._agent not in BUNDLED:
            raise AgentUnavailable(f"{self._agent} is not bundled with Foreman; set agents.{self._agent}.command")
        return [sys.executable, "-P", "-m", BUNDLED[self._agent]]

    def _make_folder(self) -> Path:
        self._work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="a-", dir=self._work_dir.resolve()))
        for elsewhere in (tempfile.gettempdir(), _SHORT_FOLDER):
            if len(os.fsencode(folder / "agent.sock")) > MAX_SOCKET_PATH:
                folder.rmdir()
                folder = Path(tempfile.mkdtemp(prefix="foreman-", dir=elsewhere))
        self._folder = folder
        return folder

    @staticmethod
    def _environment(folder: Path, socket_file: Path) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "PYTHONPATH": str(Path(foreman.__file__).parent.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "FOREMAN_AGENT_SOCKET": str(socket_file),
        }

    def _read(self, output: IO[bytes]) -> None:
        """Log what it prints, bounded; reading goes on beyond the bound so that a full pipe never blocks it."""
        log = structlog.get_logger("foreman.agent")
        logged = 0
        while line := output.readline(_MAX_LINE_CHARS):
            text = line.decode("utf-8", "replace").strip()
            if not text:
                continue
            self._said.append(text)
            logged += 1
            if logged <= _MAX_LOGGED_LINES:
                log.debug("agent_output", agent=self._agent, line=text)
            elif logged == _MAX_LOGGED_LINES + 1:
                log.warning("agent_output_cut", agent=self._agent, after_lines=_MAX_LOGGED_LINES)
