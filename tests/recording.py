"""A pytest plugin (`-p tests.recording`) that keeps what passes between our adapters and every sandbox of a test run.

With `FOREMAN_RECORD_REQUESTS=FILE` each exchange becomes one line of JSON in that file. `.ci/contract` checks them
against what is known of the forges.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest

from foreman.sandbox import SandboxForge

_OURS = "foreman/"


def pytest_configure(config: pytest.Config) -> None:
    """Listen to every sandbox from its start on."""
    target = os.environ.get("FOREMAN_RECORD_REQUESTS")
    if not target:
        return
    path = Path(target).absolute()
    start = SandboxForge.start

    def start_and_listen(self: SandboxForge, port: int = 0) -> None:
        if not getattr(self, "_recorded", False):
            self._recorded = True  # type: ignore[attr-defined]
            kind = self._world.kind
            self.on_exchange(lambda entry, body: _keep(path, kind, entry, body))
        start(self, port)

    SandboxForge.start = start_and_listen  # type: ignore[method-assign]


def _keep(path: Path, kind: str, entry: Any, body: bytes) -> None:
    # Tests of the sandbox itself ask it for nonsense on purpose; what our adapters say is known by their name.
    if not entry.headers.get("user-agent", "").startswith(_OURS) or entry.fault == "truncated":
        return
    line = {
        "forge": kind,
        "method": entry.method,
        "path": entry.path,
        "query": dict(entry.query),
        "body": entry.body,
        # What a fault answers is no forge's reply.
        "status": 0 if entry.fault else entry.status,
        "reply": None if entry.fault else body.decode(errors="replace"),
    }
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(line) + "\n")
