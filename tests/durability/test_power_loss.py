"""What is on the disk when a request leaves, by the system calls of a real daemon: a power cut then loses nothing."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from foreman.store import actions
from foreman.store.database import Database
from tests.durability import audit
from tests.durability.syscalls import TRACED, Sent, sent
from tests.world import REPO, World, decision, wait_until

pytestmark = [
    pytest.mark.kill,
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: apt-get install strace"),
]

DAEMON = ("-m", "foreman.cli.main")
CARELESS = ("-m", "tests.durability.careless")
"""The control: the same daemon, with a database that does not wait for the disk."""

WRITES = 4


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.agent.answer = lambda task: decision(
        task, {"type": "add_label", "label": "bug"}, {"type": "comment", "body": "Which version is that?"}
    )
    yield made
    made.close()


def _cut_power(world: World, program: tuple[str, ...]) -> tuple[list[int], list[Sent]]:
    """Run a daemon until the reply to its last write arrives, and kill it there; returns issues and write requests."""
    numbers = [world.forge.open_issue(REPO, title=f"It crashes {n}", author="kim") for n in range(WRITES // 2)]
    path = Path(world.config["storage"]["path"])
    Database.open(path).close()
    before = world.folder / "before"
    before.mkdir()
    shutil.copy(path, before)
    trace = world.folder / "trace"
    strace = ["strace", "-f", "--seccomp-bpf", "-y", "-xx", "-s", "1000000", "-e", f"trace={TRACED}", "-o", str(trace)]
    done = subprocess.run(
        [*strace, sys.executable, *program, "--config", str(world.file), "run", "--once"],
        env={**os.environ, "FOREMAN_KILL_AT": f"executor.request.done:{WRITES}", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "PTRACE" in done.stderr or "ptrace" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()[:200]}")
    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), done.stderr[-2000:]
    found = list(sent(trace, [before / path.name]))
    assert len(found) == WRITES
    return numbers, found


def _restore(request: Sent, folder: Path) -> Path:
    folder.mkdir()
    for name, content in request.disk.items():
        if name.startswith("memory.db"):
            (folder / name).write_bytes(content)
    return folder / "memory.db"


def _not_on_disk(requests: list[Sent], folder: Path) -> list[str]:
    """Return the requests whose action a power cut would have left other than `sent`."""
    wrong = []
    for count, request in enumerate(requests):
        number, what = re.findall(r"/issues/(\d+)/(labels|comments)$", request.path)[0]
        wanted = (int(number), {"labels": "add_label", "comments": "comment"}[what])
        db = Database.open(_restore(request, folder / f"cut-{count}"))
        try:
            with db.read() as connection:
                entries = actions.entries(connection, limit=100)
        finally:
            db.close()
        states = [a.state.value for e in entries for a in e.actions if (e.issue.number, a.type) == wanted]
        if states != ["sent"]:
            wrong.append(f"{request.method} {request.path}: {states or 'no such row'}")
    return wrong


def _resume(world: World, numbers: list[int], request: Sent) -> list[str]:
    """Go on from what was on the disk at a request; returns what the audit finds."""
    world.config["storage"]["path"] = str(_restore(request, world.folder / "resumed"))
    wait_until(lambda: not world.once().waiting and audit.at_rest(world, []), "rest after the power cut", 60)
    return audit.violations(world, numbers)


def test_every_request_leaves_after_its_action_is_on_the_disk(world: World) -> None:
    numbers, requests = _cut_power(world, DAEMON)

    assert _not_on_disk(requests, world.folder) == []
    assert _resume(world, numbers, requests[-1]) == []


def test_control_without_waiting_for_the_disk_actions_are_lost_and_repeated(world: World) -> None:
    numbers, requests = _cut_power(world, CARELESS)

    assert len(_not_on_disk(requests, world.folder)) == WRITES
    found = _resume(world, numbers, requests[-1])
    assert any("log and ledger differ" in line for line in found), found
