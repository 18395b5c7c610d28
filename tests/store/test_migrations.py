from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import foreman.store
from foreman.errors import StoreError
from foreman.store import schema
from foreman.store.database import Database
from foreman.store.lease import DaemonLease
from foreman.store.tables import metadata

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


def test_an_older_database_is_copied_before_it_is_migrated(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way needs a second migration; what happens before Alembic is asked is all here."""
    lease = DaemonLease.acquire(db, db.path, "test")
    monkeypatch.setattr(schema, "HEAD", "0002_next")
    with closing(sqlite3.connect(db.path)) as raw:
        with pytest.raises(StoreError, match="stop it"):
            schema.needs_migration(raw, db.path)
        lease.release()
        assert schema.needs_migration(raw, db.path)
        copy = schema.back_up_before_migration(raw, db.path)

    assert copy.name == "memory.db.before-0002_next"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001_first",)]
