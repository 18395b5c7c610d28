"""A process that is killed between two commits keeps the first and has nothing of the second."""

from __future__ import annotations

import os
import signal
from contextlib import closing

import pytest

from foreman.model import IssueRef
from foreman.store import actions, controls, inbox, memory
from foreman.store.backup import check
from foreman.store.database import Database

WORKER = """
    import sys, threading
    from datetime import UTC, datetime, timedelta
    from pathlib import Path
    from foreman.model import ActionState, EventKind, IssueRef, Outcome
    from foreman.store import actions, controls, inbox, memory
    from foreman.store.actions import NewAction, NewDecision
    from foreman.store.database import Database

    now = datetime(2026, 11, 1, tzinfo=UTC)
    db = Database.open(Path(sys.argv[1]), create=False)
    stop_at = int(sys.argv[2])

    def reach(point):
        if point == stop_at:
            print("here", flush=True)
            threading.Event().wait()

    issue = IssueRef.parse("o/r#1")
    with db.transaction() as connection:
        what = {"agent": "a", "task_type": "t", "event": EventKind.OPENED, "event_key": "k"}
        inbox.enqueue(connection, issue=issue, **what, now=now)
        reach(0)
    reach(1)
    with db.transaction() as connection:
        item = inbox.claim(connection, worker="w", lease=timedelta(hours=1), now=now)
        reach(2)
    reach(3)
    with db.transaction() as connection:
        action = NewAction(type="comment", payload={"body": "hi"}, state=ActionState.PLANNED)
        who = {"issue": issue, "task_id": item.task_id, "agent": "a", "task_type": "t"}
        decision = NewDecision(**who, decision="d", event="opened", actions=(action,))
        log_id = actions.record(connection, decision, now=now)
        inbox.complete(connection, item, now=now)
        memory.refresh(connection, issue, now=now)
        reach(4)
    reach(5)
    with db.transaction() as connection:
        action = actions.mark_sent(connection, actions.entry(connection, log_id).actions[0].id, now=now)
        reach(6)
    reach(7)
    with db.transaction() as connection:
        actions.settle(connection, action.id, Outcome(state=ActionState.DONE), now=now)
        memory.refresh(connection, issue, now=now)
        reach(8)
    reach(9)
"""

EXPECTED = [
    ("", ""),
    ("ready", ""),
    ("ready", ""),
    ("claimed", ""),
    ("claimed", ""),
    ("done", "planned"),
    ("done", "planned"),
    ("done", "sent"),
    ("done", "sent"),
    ("done", "done"),
]


@pytest.mark.parametrize(
    "point",
    [pytest.param(point, marks=[] if point in (2, 5, 6, 8) else [pytest.mark.long]) for point in range(len(EXPECTED))],
)
def test_a_kill_leaves_exactly_what_was_committed(db: Database, child, point: int) -> None:
    db.close()
    with child(WORKER, db.path, point) as worker:
        assert worker.stdout.readline() == "here\n"
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(60)
    with closing(Database.open(db.path)) as after, after.read() as connection:
        item = inbox.get(connection, 1)
        logged = actions.entries(connection)
        found = (item.state if item else "", logged[0].actions[0].state if logged else "")
        remembered = memory.summary(connection, IssueRef.parse("o/r#1"))

    assert found == EXPECTED[point]
    assert bool(remembered) is (found[1] != "")
    assert check(db.path) == []


MANY = """
    import sys, threading
    from pathlib import Path
    from foreman.store import controls
    from foreman.store.database import Database

    db = Database.open(Path(sys.argv[1]), create=False)
    for turn in range(1_000_000):
        with db.transaction() as connection:
            controls.meta_set(connection, "turn", str(turn))
        print(turn, flush=True)
"""


def test_what_was_said_to_be_written_is_there_after_a_kill(db: Database, child) -> None:
    db.close()
    with child(MANY, db.path) as writer:
        said = [writer.stdout.readline() for _ in range(30)][-1]
        os.kill(writer.pid, signal.SIGKILL)
        said = (writer.stdout.read().splitlines() or [said])[-1]
    with closing(Database.open(db.path)) as after, after.read() as connection:
        turn = controls.meta_get(connection, "turn")

    assert turn is not None
    assert int(turn) in (int(said), int(said) + 1)
