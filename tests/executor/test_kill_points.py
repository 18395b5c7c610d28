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


def kill_at(point: str, bench: Rig) -> None:
    """Let another process work until it is killed at a point."""
    arguments = (str(bench.db.path), bench.sandbox.url, bench.sandbox.token("acme-bot"), bench.clock().isoformat())
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments],
        env=os.environ | {"FOREMAN_KILL_AT": point, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]


def finish(bench: Rig, log_id: int) -> None:
    """Work until nothing is open any more."""
    executor = bench.executor()
    deadline = time.monotonic() + 60
    while set(bench.states(log_id)) & {"planned", "sent"} and time.monotonic() < deadline:
        executor.step()
        bench.clock.advance(30)


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_ends_in_each_write_once(bench: Rig, point: str) -> None:
    ref = bench.open()
    log_id = bench.decide(ref, ("add_label", {"label": "bug"}), ("comment", {"body": "Which version?"}))
    kill_at(point, bench)
    finish(bench, log_id)

    assert bench.states(log_id) == ["done", "done"]
    assert sorted(effect.split()[0] for effect in bench.effects()) == ["comment", "label+"]
    assert len(bench.sandbox.issue(REPO, ref.number).comments) == 1


SAMPLE = {("executor.sent.committed", True), ("executor.request.done", False)}
"""With an objection after the kill or without; the others at full length only."""

ENDINGS = [
    pytest.param(*point.values, objected, marks=() if (point.values[0], objected) in SAMPLE else pytest.mark.long)
    for point in POINTS
    for objected in (False, True)
]


@pytest.mark.parametrize(("point", "objected"), ENDINGS)
def test_a_kill_while_an_announced_close_is_done_closes_it_once_or_leaves_it_to_who_objects(
    bench: Rig, point: str, objected: bool
) -> None:
    bench.open("The original")
    ref = bench.open()
    log_id = bench.decide(
        ref,
        ("comment", {"body": "Closed as a duplicate of #1 in three days, unless somebody objects."}),
        ("close", {"reason": "duplicate", "duplicate_of": 1, "grace_hours": 72}),
    )
    executor = bench.executor()
    while executor.step():
        continue
    assert bench.states(log_id) == ["done", "planned"]
    bench.clock.advance(73 * 3600)
    kill_at(point, bench)
    done = bench.sandbox.issue(REPO, ref.number).state == "closed"
    if objected and not done:
        bench.sandbox.comment(REPO, ref.number, author="reporter", body="It is not.")
    finish(bench, log_id)

    stays = objected and not done
    assert bench.sandbox.issue(REPO, ref.number).state == ("open" if stays else "closed")
    assert bench.states(log_id) == ["done", "denied" if stays else "done"]
    assert [effect.split()[0] for effect in bench.effects()] == ["comment"] + ([] if stays else ["close"])
