"""Which schema a file has, and bringing it forward. Alembic is imported only when there is something to migrate."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Set as AbstractSet
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from foreman.errors import StoreError
from foreman.store import lock
from foreman.store.revisions import HEAD, REVISIONS

COPIES_BEFORE = 1
"""So many copies made before earlier migrations stay beside the newest one; older ones are deleted."""

__all__ = (
    "COPIES_BEFORE",
    "HEAD",
    "REVISIONS",
    "back_up_before_migration",
    "migrate",
    "needs_migration",
    "refuse_strange",
    "revision",
)


def refuse_strange(raw: sqlite3.Connection, path: Path, tables: AbstractSet[str]) -> None:
    """Refuse a file that is somebody else's or from the future.

    Args:
        raw: A connection.
        path: The file.
        tables: Names of its tables.

    Raises:
        StoreError: It is.
    """
    if not tables:
        return
    found = raw_revision(raw) if "alembic_version" in tables else None
    if found is None:
        raise StoreError(f"{path} is a database, but not Foreman's; set `storage.path` to another file")
    if found not in REVISIONS:
        raise StoreError(
            f"{path} was written by a newer Foreman (schema {found[:60]!r}, this one knows {HEAD!r}); install that "
            f"version again, or bring back the backup made before the upgrade ({path.name}.before-*)"
        )


def needs_migration(raw: sqlite3.Connection, path: Path) -> bool:
    """Tell whether an existing database has an older schema, and that it may be migrated now.

    Args:
        raw: A connection to a file that `refuse_strange` let pass.
        path: The file.

    Returns:
        Whether to back up and migrate; False for an empty file.

    Raises:
        StoreError: It has, but a daemon is working on it.
    """
    tables = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables or raw_revision(raw) == HEAD:
        return False
    pid = lock.holder(path)
    if pid is not None:
        raise StoreError(f"{path} has an older schema and a daemon (pid {pid}) uses it; stop it, then try again")
    return True


def back_up_before_migration(raw: sqlite3.Connection, path: Path) -> Path:
    """Copy the database beside itself, readable by its owner alone.

    Args:
        raw: A connection to it.
        path: The file.

    Returns:
        The copy: `memory.db.before-REVISION`, REVISION being the one it will have.

    Raises:
        StoreError: The copy cannot be made; nothing was migrated.
    """
    copy = path.with_name(f"{path.name}.before-{HEAD}")
    part = copy.with_name(f".{copy.name}.part")
    try:
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
        with closing(sqlite3.connect(part)) as target:
            raw.backup(target)
        part.replace(copy)
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise StoreError(f"no copy can be made at {copy} before migrating ({why}); make room") from error
    finally:
        part.unlink(missing_ok=True)
    for old in REVISIONS[: -1 - COPIES_BEFORE]:
        path.with_name(f"{path.name}.before-{old}").unlink(missing_ok=True)
    return copy


def revision(connection: Connection) -> str | None:
    """Return the schema a database has, None for an empty one.

    Args:
        connection: A connection to it.

    Returns:
        Its revision.
    """
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(connection: Connection) -> None:
    """Bring the schema to `HEAD` inside the caller's transaction.

    Args:
        connection: Holding the write lock.
    """
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    command.upgrade(config, "head")


def raw_revision(raw: sqlite3.Connection) -> str | None:
    """Return the schema that a file says it has, None when it says nothing.

    Args:
        raw: A connection to a file of ours.

    Returns:
        Its revision.
    """
    row = raw.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])
