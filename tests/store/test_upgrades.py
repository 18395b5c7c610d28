"""Files that each released schema left, with a row in every table: what becomes of them when this version opens them.

`tests/fixtures/schema/` was written by the code of those days: a demonstration, something taken back, and a row made
up in each table that was still empty.
"""

from __future__ import annotations

import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from foreman.errors import StoreError
from foreman.model import ActionState
from foreman.store import actions, memory, schema
from foreman.store.backup import backup, check, restore
from foreman.store.database import Database

RELEASED = schema.REVISIONS[:-1]


def released(project: Path, path: Path, revision: str) -> Path:
    """Make a database as a release with that schema left it."""
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript((project / f"tests/fixtures/schema/{revision}.sql").read_text(encoding="utf-8"))
    return path


def rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table, its columns by name."""
    with closing(sqlite3.connect(path)) as raw:
        raw.row_factory = sqlite3.Row
        tables = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: [dict(row) for row in raw.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]
            for table in tables
            if not table.startswith(("mirror_te", "sqlite_", "alembic", "daemon_lease", "meta"))
        }


@pytest.mark.parametrize("revision", RELEASED)
def test_every_released_schema_is_brought_forward_with_every_row(project: Path, tmp_path: Path, revision: str) -> None:
    path = released(project, tmp_path / "memory.db", revision)
    before = rows(path)
    assert all(before.values()), "a row in every table"

    with closing(Database.open(path)) as db, db.read() as connection:
        entries = actions.entries(connection)
        assert len(entries) == len(before["action_log"])
        assert any(action.state is ActionState.UNDONE for entry in entries for action in entry.actions)
        assert all(memory.summary(connection, entry.issue) for entry in entries)

    after = rows(path)
    for table, kept in before.items():
        found = [
            {name: row[name] for name in first if name in row} for first, row in zip(kept, after[table], strict=True)
        ]
        assert found == [{name: row[name] for name in found[0]} for row in kept], table
    assert check(path) == []
    copy = tmp_path / f"memory.db.before-{schema.HEAD}"
    assert rows(copy) == before
    assert copy.stat().st_mode & 0o777 == 0o600


def test_every_released_schema_has_a_file(project: Path) -> None:
    assert {path.stem for path in (project / "tests/fixtures/schema").glob("*.sql")} == set(RELEASED)


@pytest.mark.parametrize("revision", [RELEASED[0], RELEASED[-1]])
def test_a_kill_in_the_midst_leaves_the_old_schema_whole(project: Path, tmp_path: Path, revision: str) -> None:
    path = released(project, tmp_path / "memory.db", revision)
    before = rows(path)
    code = """
        import os, signal, sys
        from pathlib import Path
        from foreman.store import controls
        from foreman.store.database import Database
        # Called when every step was taken, in the same transaction.
        controls.ensure_marker_secret = lambda connection: os.kill(os.getpid(), signal.SIGKILL)
        Database.open(Path(sys.argv[1]))
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(path)], check=False, timeout=60)

    assert killed.returncode == -signal.SIGKILL
    assert rows(path) == before
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(revision,)]
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    Database.open(path).close()
    assert check(path) == []


def test_where_there_is_no_room_for_the_copy_nothing_is_migrated(project: Path, tmp_path: Path) -> None:
    path = released(project, tmp_path / "memory.db", RELEASED[0])
    before = path.read_bytes()
    room = len(before) // 2
    code = """
        import sys
        from pathlib import Path
        from foreman.errors import StoreError
        from foreman.store.database import Database
        try:
            Database.open(Path(sys.argv[1]))
        except StoreError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-B", "-c", textwrap.dedent(code), str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )

    assert "no copy can be made" in done.stdout and "make room" in done.stdout, done
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["memory.db"]


def test_the_copies_made_before_do_not_become_more_and_more(project: Path, tmp_path: Path) -> None:
    for revision in RELEASED:
        (tmp_path / f"memory.db.before-{revision}").touch()

    Database.open(released(project, tmp_path / "memory.db", RELEASED[-1])).close()

    kept = {path.name.partition("before-")[2] for path in tmp_path.glob("*.before-*")}
    assert kept == set(schema.REVISIONS[-1 - schema.COPIES_BEFORE :])


def test_the_way_back_is_the_copy_made_before_and_the_way_forward_again_the_same_file(
    project: Path, tmp_path: Path
) -> None:
    """What an older version reads is the copy: a file of its own schema, with nothing of the newer one in it."""
    path = released(project, tmp_path / "memory.db", RELEASED[-1])
    before = rows(path)
    Database.open(path).close()

    replaced = restore(tmp_path / f"memory.db.before-{schema.HEAD}", path)

    assert replaced is not None
    assert rows(path) == before
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(RELEASED[-1],)]
    Database.open(path).close()
    assert check(path) == []


def test_a_copy_of_a_newer_schema_is_not_brought_back(project: Path, tmp_path: Path) -> None:
    path, copy = released(project, tmp_path / "memory.db", RELEASED[0]), tmp_path / "copy.db"
    with closing(Database.open(path)) as db:
        backup(db, copy)
    with closing(sqlite3.connect(copy)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '0999_future'")
        raw.commit()
    before = path.read_bytes()

    with pytest.raises(StoreError, match="newer Foreman"):
        restore(copy, path)
    assert path.read_bytes() == before
