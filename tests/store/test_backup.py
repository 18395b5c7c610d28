from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from foreman import changes
from foreman.errors import StoreError
from foreman.model import ActionState
from foreman.store import actions, inbox, issues, mirror, mirror_text
from foreman.store.backup import backup, check, restore
from foreman.store.database import Database
from foreman.store.lease import DaemonLease
from tests.store.issues_written import written


def test_a_copy_made_in_use_is_whole_and_comes_back(db: Database, tmp_path: Path, fill, now) -> None:
    """What the copy plans is looked up on the forge before it is done: it may have been done since."""
    copy = tmp_path / "copy.db"
    with db.transaction() as connection:
        (action,) = fill.decide(connection, ("comment", {"body": "hi"}))
    lease = DaemonLease.acquire(db, db.path, "daemon")
    backup(db, copy)
    with pytest.raises(StoreError, match="exists"):
        backup(db, copy)
    backup(db, copy, overwrite=True)
    with db.transaction() as connection:
        fill.want(connection)
    with pytest.raises(StoreError, match="another daemon"):
        restore(copy, db.path)
    lease.release()
    db.close()
    replaced = restore(copy, db.path)
    with closing(Database.open(db.path)) as back:
        again = DaemonLease.acquire(back, db.path, "daemon")
        again.release()
        with back.read() as connection:
            assert inbox.waiting_count(connection) == 0
            assert actions.get(connection, action.id).state is ActionState.SENT
    assert again.restored
    assert copy.stat().st_mode & 0o777 == 0o600
    assert replaced is not None
    with closing(Database.open(replaced)) as old, old.read() as connection:
        assert inbox.waiting_count(connection) == 1
    assert not list(tmp_path.rglob("*.part"))


def test_restoring_where_nothing_was(db: Database, tmp_path: Path) -> None:
    copy, target = tmp_path / "copy.db", tmp_path / "deep" / "memory.db"
    backup(db, copy)

    assert restore(copy, target) is None
    assert check(target) == []


def test_a_sound_database_has_no_problems(db: Database, fill) -> None:
    with db.transaction() as connection:
        fill.want(connection)
        fill.decide(connection, ("comment", {"body": "hi"}))

    assert check(db.path) == []


def test_problems_are_told_and_never_brought_back(db: Database, tmp_path: Path, fill) -> None:
    with db.transaction() as connection:
        fill.want(connection)
        fill.decide(connection, ("comment", {"body": "hi"}))
    bad = tmp_path / "bad.db"
    backup(db, bad)
    with closing(sqlite3.connect(bad)) as raw:
        raw.execute("UPDATE action_counts SET number = 7")
        raw.execute("UPDATE actions SET log_id = 99")
        raw.commit()
    bad.chmod(0o644)
    problems = check(bad)
    before = db.path.read_bytes()

    assert len(problems) == 4
    assert "chmod 600" in problems[0]
    assert "row 1 of actions belongs to a row of action_log that is not there" in problems
    assert any("action_counts" in problem for problem in problems)
    with pytest.raises(StoreError, match="cannot be brought back"):
        restore(bad, db.path)
    assert db.path.read_bytes() == before


@pytest.mark.parametrize("content", [b"junk" * 2000, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_file_is_told_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "memory.db"
    path.write_bytes(content)

    assert any("foreman db restore" in problem for problem in check(path))
    assert check(tmp_path / "none.db") == [f"there is no file {tmp_path / 'none.db'}"]


def test_a_copy_that_cannot_be_written_leaves_nothing(db: Database, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        backup(db, tmp_path / "no" / "such" / "copy.db")


DAMAGE = [
    ("UPDATE actions SET state = 'dreamt'", "row 1 of actions is in a state that there is not"),
    ("UPDATE actions SET state = 'sent'", "row 1 of actions is sent, and nothing says when"),
    ("UPDATE actions SET state = 'done'", "row 1 of actions is settled, and nothing says when"),
    ("UPDATE actions SET settled_at = created_at", "row 1 of actions is open and settled"),
    ("UPDATE actions SET payload = '{'", "row 1 of actions cannot be read"),
    ("UPDATE actions SET key = 'ab'", "row 1 of actions has a key that is not its own"),
    ("DELETE FROM actions", "row 1 of action_log has another number of actions than it was logged with"),
    ("UPDATE action_log SET seen = ''", "row 1 of action_log cannot be read"),
    ("DELETE FROM action_log", "row 1 of actions belongs to a row of action_log that is not there"),
    ("UPDATE inbox SET state = 'claimed'", "row 1 of inbox is claimed by nobody"),
    ("UPDATE inbox SET state = 'done'", "row 1 of inbox has ended, and nothing says when"),
    ("UPDATE inbox SET finished_at = created_at", "row 1 of inbox has ended and goes on"),
    ("UPDATE inbox SET state = 'ready', lease_until = NULL", "row 1 of inbox_attempts goes on at work that nobody"),
    ("DELETE FROM inbox", "row 1 of inbox_attempts belongs to a row of inbox that is not there"),
    ("UPDATE issues SET labels = 'bug'", "row 1 of issues cannot be read"),
    ("DROP INDEX inbox_one_running", "the index inbox_one_running of inbox is not there"),
    ("DELETE FROM meta", "the secret by which Foreman knows its own comments is not there"),
    ("DELETE FROM mirror_text", "of mirror cannot be found by its words, and 0 more"),
    ("DELETE FROM mirror", "of mirror is still found, and 0 more"),
    ("UPDATE mirror_text_content SET c0 = 'other words'", "the full-text index is not of the texts that it holds"),
]


@pytest.mark.parametrize(("damage", "trouble"), DAMAGE, ids=[damage for damage, _ in DAMAGE])
def test_rows_that_nothing_of_ours_leaves_behind_are_told(
    fresh: bytes, tmp_path: Path, fill, now, damage: str, trouble: str
) -> None:
    path = tmp_path / "memory.db"
    path.write_bytes(fresh)
    path.chmod(0o600)
    with closing(Database.open(path)) as db, db.transaction() as connection:
        fill.want(connection)
        if "attempts" in trouble:
            fill.claimed(connection)
        fill.decide(connection, ("comment", {"body": "hi"}))
        issue = written(1, "Export drops rows", "Cells with a double quote")
        issues.save(connection, changes.snapshot(issue, None))
        mirror.save(connection, mirror_text.clean(issue, str), now=now)
    assert check(path) == []

    with closing(sqlite3.connect(path)) as raw:
        raw.execute(damage)
        raw.commit()

    assert [line for line in check(path) if trouble in line]
