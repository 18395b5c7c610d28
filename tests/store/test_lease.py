from __future__ import annotations

import fcntl
import os
import signal
from contextlib import closing

import pytest

from foreman.errors import LeaseLost, StoreError
from foreman.store import actions, controls
from foreman.store.database import Database
from foreman.store.lease import DaemonLease
from foreman.store.lock import lock_path

HOLDER = """
    import sys
    from pathlib import Path
    from foreman.errors import StoreError
    from foreman.store import controls
    from foreman.store.database import Database
    from foreman.store.lease import DaemonLease

    path = Path(sys.argv[1])
    db = Database.open(path)
    lease = DaemonLease.acquire(db, path, "first")
    db.guard_with(lease.check)
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            with db.transaction() as connection:
                controls.meta_set(connection, "written", line.strip())
            print("written", flush=True)
        except StoreError as error:
            print(type(error).__name__, flush=True)
"""


def test_a_second_daemon_is_refused_and_the_first_unharmed_even_when_suspended(db: Database, child) -> None:
    with child(HOLDER, db.path) as first:
        assert first.stdout.readline() == "ready\n"
        os.kill(first.pid, signal.SIGSTOP)
        with pytest.raises(StoreError, match=f"pid {first.pid}"):
            DaemonLease.acquire(db, db.path, "second")
        assert DaemonLease.holder(db.path) == first.pid
        os.kill(first.pid, signal.SIGCONT)
        first.stdin.write("one\n")
        first.stdin.flush()
        assert first.stdout.readline() == "written\n"
    assert DaemonLease.holder(db.path) is None
    DaemonLease.acquire(db, db.path, "second").release()


def test_one_whose_lock_file_was_deleted_loses_its_next_write(db: Database, child) -> None:
    with child(HOLDER, db.path) as first:
        assert first.stdout.readline() == "ready\n"
        os.kill(first.pid, signal.SIGSTOP)
        lock_path(db.path).unlink()
        second = DaemonLease.acquire(db, db.path, "second")
        db.guard_with(second.check)
        with db.transaction() as connection:
            controls.meta_set(connection, "written", "by the second")
        os.kill(first.pid, signal.SIGCONT)
        first.stdin.write("late\n")
        first.stdin.flush()
        assert first.stdout.readline() == "LeaseLost\n"
    with db.read() as connection:
        assert controls.meta_get(connection, "written") == "by the second"
    second.release()
    second.release()


def test_after_release_nothing_is_written_under_it(db: Database) -> None:
    lease = DaemonLease.acquire(db, db.path, "first")
    db.guard_with(lease.check)
    lease.release()
    with pytest.raises(LeaseLost, match="last taken by first"), db.transaction():
        pass

    assert DaemonLease.holder(db.path) is None


def test_nobody_is_told_the_holder_before(db: Database) -> None:
    DaemonLease.acquire(db, db.path, "first").release()
    with lock_path(db.path).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # whoever comes next, before its own id is noted

        assert DaemonLease.holder(db.path) == 0


def test_an_older_copy_is_noticed_and_its_plans_doubted(db: Database, fill, now) -> None:
    with db.transaction() as connection:
        (action,) = fill.decide(connection, ("comment", {"body": "hi"}))
    db.close()
    old = db.path.read_bytes()
    for _ in range(2):
        with closing(Database.open(db.path)) as again:
            lease = DaemonLease.acquire(again, db.path, "daemon")
            lease.release()
            assert not lease.restored
    db.path.write_bytes(old)
    with closing(Database.open(db.path)) as restored:
        lease = DaemonLease.acquire(restored, db.path, "daemon")
        lease.release()
        with restored.read() as connection:
            state = actions.get(connection, action.id).state

    assert lease.restored
    assert state == "sent"


def test_an_odd_lock_file_does_not_matter(db: Database) -> None:
    lock_path(db.path).write_bytes(b"\xff what \x00 is this")
    lease = DaemonLease.acquire(db, db.path, "first")

    assert DaemonLease.holder(db.path) == os.getpid()
    lease.release()
    lock_path(db.path).unlink()
    assert DaemonLease.holder(db.path) is None
    lock_path(db.path).mkdir()
    with pytest.raises(StoreError, match="cannot be made"):
        DaemonLease.acquire(db, db.path, "first")
