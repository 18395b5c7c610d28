from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

import foreman.store
from foreman.errors import StoreError
from foreman.model import IssueRef, RepoRef
from foreman.store import controls, events, inbox, issues, memory, polls, schema
from foreman.store.database import Database
from foreman.store.lease import DaemonLease
from foreman.store.tables import metadata
from tests.store.conftest import NOW

PUBLIC = {
    "action_log": [
        ("id", "INTEGER"),
        ("repo", "TEXT"),
        ("issue_id", "INTEGER"),
        ("task_type", "TEXT"),
        ("decision", "TEXT"),
        ("rationale", "TEXT"),
        ("actions", "TEXT"),
        ("timestamp", "DATETIME"),
    ],
    "memory_summary": [("repo", "TEXT"), ("issue_id", "INTEGER"), ("summary", "TEXT"), ("updated_at", "DATETIME")],
}


def _shape(raw: sqlite3.Connection) -> dict[str, Any]:
    """Everything that makes a schema, spelled the same however it was made."""
    shape: dict[str, Any] = {}
    for kind, name, sql in raw.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall():
        if name == "alembic_version" or name.startswith("sqlite_autoindex_alembic"):
            continue
        if kind == "table":
            shape[name] = (
                sorted(raw.execute(f"PRAGMA table_xinfo('{name}')").fetchall()),
                sorted(row[2:] for row in raw.execute(f"PRAGMA foreign_key_list('{name}')")),
                sorted(row[2:] for row in raw.execute(f"PRAGMA index_list('{name}')")),
            )
        else:
            where = (sql or "").partition(" WHERE ")[2]
            shape[name] = (raw.execute(f"PRAGMA index_xinfo('{name}')").fetchall(), where)
    return shape


def test_migrations_lead_to_the_declared_tables(db: Database, tmp_path: Path) -> None:
    declared = tmp_path / "declared.db"
    engine = create_engine(f"sqlite:///{declared}")
    metadata.create_all(engine)
    engine.dispose()
    with closing(sqlite3.connect(declared)) as wanted, closing(sqlite3.connect(db.path)) as made:
        assert _shape(made) == _shape(wanted)


@pytest.mark.parametrize("table", PUBLIC)
def test_public_tables_begin_with_their_public_columns(db: Database, table: str) -> None:
    with closing(sqlite3.connect(db.path)) as raw:
        columns = [(row[1], row[2]) for row in raw.execute(f"PRAGMA table_info('{table}')")]

    assert columns[: len(PUBLIC[table])] == PUBLIC[table]


def test_every_migration_is_known_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(foreman.store.__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)

    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == schema.REVISIONS
    assert all(not hasattr(script.module, "downgrade") for script in scripts.walk_revisions())


def test_a_newer_schema_is_refused(db: Database) -> None:
    db.close()
    with closing(sqlite3.connect(db.path)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '0999_future'")
        raw.commit()
    with pytest.raises(StoreError, match=r"newer Foreman.*0999_future.*before-"):
        Database.open(db.path)


def _first_release(path: Path) -> None:
    """Make a database as the first release left it, with a row in each table whose shape has changed since."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(foreman.store.__file__).parent / "migrations"))
        command.upgrade(config, schema.REVISIONS[0])
    engine.dispose()
    with closing(sqlite3.connect(path)) as raw:
        at = "2026-11-01 12:00:00.250000"
        raw.execute("INSERT INTO meta VALUES ('marker_secret', 'ab')")
        raw.execute(f"INSERT INTO polls VALUES ('o/r', 7, '{at}', 'W/1', '{at}', '{at}', '{at}', '', 0, 1, '{at}')")
        raw.execute(f"INSERT INTO issues VALUES ('o/r', 12, 9, '{at}', 'd1', '[\"bug\"]', 'open', 3, 2, 44)")
        raw.execute(f"INSERT INTO events VALUES ('k', 'o/r', 12, 'opened', '{at}', 3, '{at}')")
        raw.execute(
            "INSERT INTO inbox (repo, issue_id, agent, task_type, event, event_key, requested, reruns, state, reason,"
            " attempt, fence, task_id, worker, created_at, not_before) VALUES"
            f" ('o/r', 12, 'issue-triage', 'triage', 'opened', 'k', 0, 0, 'ready', '', 0, 0, '', '', '{at}', '{at}')"
        )
        raw.execute("INSERT INTO memory_summary VALUES ('o/r', 12, 'facts', '2026-11-01 12:00:00')")
        raw.commit()


def test_a_database_of_the_first_release_is_copied_then_brought_forward_with_all_it_holds(
    tmp_path: Path, db: Database
) -> None:
    path = tmp_path / "memory.db"
    _first_release(path)

    moved = Database.open(path)

    with moved.read() as connection:
        issue = issues.get(connection, IssueRef.parse("o/r#12"))
        poll = polls.get(connection, RepoRef.parse("o/r"))
        assert memory.summary(connection, IssueRef.parse("o/r#12")) == "facts"
        assert [event.key for event in events.of_issue(connection, IssueRef.parse("o/r#12"))] == ["k"]
        assert controls.meta_get(connection, "marker_secret") == "ab"
        assert [(item.event_key, item.agent) for item in inbox.waiting(connection)] == [("k", "issue-triage")]
        assert connection.execute(text("SELECT trace FROM inbox")).scalars().all() == [""]
    moved.close()
    assert issue is not None and issue.labels == ("bug",) and issue.content_digest == "d1"
    assert (issue.confidential, issue.settled, issue.heard_from, issue.heard) == (False, True, NOW, ())
    assert poll is not None and poll.cursor == NOW and poll.etag == "W/1" and poll.news_at is None
    with closing(sqlite3.connect(path)) as raw, closing(sqlite3.connect(db.path)) as new:
        assert _shape(raw) == _shape(new)
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(schema.HEAD,)]
    copy = tmp_path / f"memory.db.before-{schema.HEAD}"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(schema.REVISIONS[0],)]
        assert raw.execute("SELECT issue_id FROM issues").fetchall() == [(12,)]


def test_an_older_database_is_not_migrated_under_a_daemon_that_uses_it(
    monkeypatch: pytest.MonkeyPatch, db: Database
) -> None:
    lease = DaemonLease.acquire(db, db.path, "test")
    monkeypatch.setattr(schema, "HEAD", "0999_next")
    with closing(sqlite3.connect(db.path)) as raw:
        with pytest.raises(StoreError, match="stop it"):
            schema.needs_migration(raw, db.path)
        lease.release()
        assert schema.needs_migration(raw, db.path)
