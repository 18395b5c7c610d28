"""The daemon's process as its supervisor sees it: started, told what time it is, ended, killed."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.benchmarks.year_crew import REFUSED_START
from tests.benchmarks.year_versions import ROOT, program

Time = Callable[[], dict[str, Any]]

_PAUSE = threading.Event()

PATIENCE = 120
"""Seconds in which a process that was told to end has ended."""


class Refused(Exception):
    """A forge or its token kept the daemon from starting; the log says why."""


class Killed(Exception):
    """It ended in the midst of what it was told."""


class Process:
    """One after the other, on one configuration.

    Attributes:
        root: Where the program is; another one after an upgrade.
        starts: How often one began to work.
        left: Processes of its own that outlived one.
        schema: The one that the program at work knows.
    """

    def __init__(self, config: Path, log: Path, clock: Time, environment: dict[str, str]) -> None:
        self.root = ROOT
        self.starts = 0
        self.left = 0
        self._children: dict[int, str] = {}
        self.schema = ""
        self._config = config
        self._log = log
        self._clock = clock
        self._environment = environment
        self._running: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int | None:
        return self._running.pid if self._running is not None else None

    def start(self) -> None:
        """Start one; returns when it can be told something."""
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                program(self.root, "tests.benchmarks.year_crew", str(self._config)),
                cwd=self.root,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **self._environment},
            )
        try:
            self.schema = self._tell(self._clock())["schema"]
        except Killed:
            if self.end() == REFUSED_START:
                raise Refused from None
            raise
        self.starts += 1

    def tell(self, *orders: tuple[object, ...], work: bool = True) -> dict[str, Any]:
        """Say what time it is, and what is ordered; returns what it answers."""
        return self._tell({**self._clock(), "do": orders, "work": work})

    def _tell(self, message: dict[str, Any]) -> dict[str, Any]:
        running = self._running
        if running is None or running.stdin is None or running.stdout is None:
            raise Killed("nothing runs")
        try:
            running.stdin.write(json.dumps(message) + "\n")
            running.stdin.flush()
        except BrokenPipeError:
            raise Killed("it is gone") from None
        line = running.stdout.readline()
        if not line:
            raise Killed("it ended without an answer")
        said: dict[str, Any] = json.loads(line)
        self._children |= {pid: since for pid in said.get("children", ()) if (since := _since(pid))}
        return said

    def kill(self) -> None:
        """End it as a power cut does; may be called from any thread."""
        if self._running is not None:
            self._running.kill()

    def end(self) -> int:
        """Let it end, and return its exit status."""
        running, self._running = self._running, None
        if running is None:
            return 0
        with running:
            if running.stdin is not None:
                with suppress(BrokenPipeError):  # it has ended already
                    running.stdin.close()
            try:
                status = running.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                running.kill()
                raise
        children, self._children = self._children, {}
        until = time.monotonic() + PATIENCE
        while any(_since(pid) == since for pid, since in children.items()) and time.monotonic() < until:
            _PAUSE.wait(0.05)
        self.left += sum(_since(pid) == since for pid, since in children.items())
        return status


def _since(pid: int) -> str:
    """Return when a process began, empty when it is no more."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
