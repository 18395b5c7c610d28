"""Start, talk to and end the LiteLLM child process.

Threads of the daemon ask at the same time; events are matched by number. A child that let a call run over its time is
retired: it takes no new call and is killed when its last one ends. Knows nothing of providers, retries or money.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from foreman.errors import ModelUnavailable

COMMAND = (sys.executable, "-I", "-m", "foreman.llm.litellm_worker")
"""`-I`: no variable and no file of the current directory reaches its imports."""

_HANDED_ON = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    # Where a machine reaches providers only through a proxy or with certificates of its own.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
)
"""All the child gets of the daemon's environment: no token, no key; those come over the pipe."""

_END_SECONDS = 2.0
"""For a killed process to be gone, seconds."""


def scrubbed_environment(environment: Mapping[str, str], *, home: str) -> dict[str, str]:
    """Choose what the child gets of the daemon's environment.

    Args:
        environment: The daemon's own.
        home: An empty directory.

    Returns:
        Paths, language, proxies and certificates, nothing else.
    """
    kept = {name: environment[name] for name in _HANDED_ON if name in environment}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **kept, "HOME": home, "TMPDIR": home}


class Child:
    """One child process; made once, never restarted."""

    def __init__(
        self,
        *,
        command: Sequence[str] = COMMAND,
        extra_environment: Mapping[str, str] | None = None,
        scratch_dir: Path | None = None,
    ) -> None:
        """Start the process and return at once; calls wait until it is ready.

        Args:
            command: What to run.
            extra_environment: Added to the scrubbed one.
            scratch_dir: Where its home is made; None for the system's place.
        """
        self._scratch_dir = scratch_dir
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._outbox: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[str] | None = None
        self._death = ""
        self._retired = False
        self._closed = threading.Event()
        # The thread that starts the process lives as long as it: the kernel ends a child that asked for it
        # (PR_SET_PDEATHSIG) when the *thread* that forked it ends.
        self._owner = threading.Thread(
            target=self._own, args=(tuple(command), dict(extra_environment or {})), name="litellm", daemon=True
        )
        self._owner.start()

    @property
    def usable(self) -> bool:
        """Whether it takes new calls."""
        with self._lock:
            return not self._death and not self._retired

    @property
    def busy(self) -> bool:
        """Whether calls are under way."""
        with self._lock:
            return bool(self._waiting)

    @property
    def pid(self) -> int | None:
        """Process id; None before it was started."""
        process = self._process
        return process.pid if process else None

    def call(self, asked: Mapping[str, Any], *, until: float) -> Iterator[dict[str, Any]]:
        """Send one request and yield its events; the last one holds `result` or `error`.

        Args:
            asked: As in `litellm_worker`, without `id`.
            until: On the clock of `time.monotonic`.

        Yields:
            Events of this call.

        Raises:
            ModelUnavailable: The process died or let the time run out.
        """
        number = next(self._numbers)
        events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        with self._lock:
            if self._death:
                raise ModelUnavailable(self._death)
            self._waiting[number] = events
        try:
            self._outbox.put(json.dumps({**asked, "id": number}) + "\n")
            while True:
                try:
                    event = events.get(timeout=max(0.0, until - time.monotonic()))
                except queue.Empty:
                    self._retire()
                    raise ModelUnavailable("the model did not answer in time") from None
                if "death" in event:
                    raise ModelUnavailable(event["death"])
                yield event
                if "result" in event or "error" in event:
                    return
        finally:
            with self._lock:
                self._waiting.pop(number, None)
                idle = self._retired and not self._waiting
            if idle:
                self.kill()

    def kill(self) -> None:
        """End the process now; calls under way fail. Never raises."""
        self._closed.set()
        process = self._process
        if process is not None:
            process.kill()
        self._outbox.put(None)

    def close(self) -> None:
        """End the process and wait for it, bounded. Never raises."""
        self.kill()
        self._owner.join(_END_SECONDS)

    def _retire(self) -> None:
        with self._lock:
            self._retired = True

    def _own(self, command: tuple[str, ...], extra: dict[str, str]) -> None:
        with tempfile.TemporaryDirectory(
            prefix="foreman-litellm-", dir=self._scratch_dir, ignore_cleanup_errors=True
        ) as home:
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,  # LiteLLM may print requests there, keys among them
                    env=scrubbed_environment(os.environ, home=home) | extra,
                    cwd=home,
                    text=True,
                    encoding="utf-8",
                )
            except OSError as error:
                self._die(f"the model process cannot be started: {error}")
                return
            self._process = process
            with process:
                assert process.stdin is not None  # noqa: S101 - both are pipes
                assert process.stdout is not None  # noqa: S101
                if self._closed.is_set():
                    process.kill()
                writer = threading.Thread(target=self._write, args=(process.stdin,), name="litellm-in", daemon=True)
                writer.start()
                death = self._read(process.stdout)
                process.kill()
                self._outbox.put(None)
                writer.join()
                self._die(death or "the model process ended")

    def _write(self, pipe: IO[str]) -> None:
        # A thread of its own: a child that reads no more must not block the caller beyond its time.
        while (line := self._outbox.get()) is not None:
            try:
                pipe.write(line)
                pipe.flush()
            except OSError:
                break
        with contextlib.suppress(OSError):
            pipe.close()

    def _read(self, pipe: IO[str]) -> str:
        for line in pipe:
            try:
                event = json.loads(line)
            except ValueError:
                return "the model process talks nonsense"
            if "fatal" in event:
                return str(event["fatal"])
            with self._lock:
                events = self._waiting.get(event.get("id"))
            if events is not None:
                events.put(event)
        return ""

    def _die(self, reason: str) -> None:
        with self._lock:
            self._death = reason
            waiting = tuple(self._waiting.values())
        for events in waiting:
            events.put({"death": reason})
