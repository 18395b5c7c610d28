"""The process is killed at each point of an action's way; the next one finishes it, and nothing is done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from foreman.checkpoint import KILL_POINTS
from tests.rig import REPO, Rig

CHILD = textwrap.dedent(
    """
    import sys, threading
    from datetime import datetime
    from pathlib import Path
    from foreman.executor import Executor
    from foreman.forge.github import GitHubForge
    from foreman.store import controls
    from foreman.store.database import Database

    path, url, token, moment = sys.argv[1:]
    db = Database.open(Path(path))
    with db.read() as connection:
        secret = controls.marker_secret(connection)
    forge = GitHubForge(token=lambda: token, api_url=url, write_interval_seconds=0)
    executor = Executor(
        db=db, writer=forge, reader=forge, bot=forge.whoami(), marker_secret=secret,
        now=lambda: datetime.fromisoformat(moment), settle_seconds=0.2, stop=threading.Event(),
    )
    while executor.step():
        pass
    """
)
ALWAYS = ("executor.sent.committed", "executor.request.done", "executor.outcome.inside")
"""The three after which the log alone cannot tell what happened; the others at full length only."""

POINTS = [
    pytest.param(point, marks=() if point in ALWAYS else pytest.mark.long)
    for point in KILL_POINTS
    if point.startswith("executor.") and point != "executor.stale.committed"
]


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_ends_in_each_write_once(bench: Rig, point: str) -> None:
    ref = bench.open()
    log_id = bench.decide(ref, ("add_label", {"label": "bug"}), ("comment", {"body": "Which version?"}))
    arguments = (str(bench.db.path), bench.sandbox.url, bench.sandbox.token("acme-bot"), bench.clock().isoformat())
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments],
        env=os.environ | {"FOREMAN_KILL_AT": point, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    executor = bench.executor()
    deadline = time.monotonic() + 20
    while set(bench.states(log_id)) & {"planned", "sent"} and time.monotonic() < deadline:
        executor.step()
        bench.clock.advance(30)

    assert bench.states(log_id) == ["done", "done"]
    assert sorted(effect.split()[0] for effect in bench.effects()) == ["comment", "label+"]
    assert len(bench.sandbox.issue(REPO, ref.number).comments) == 1
