"""Copies of the database: made while it is in use, checked, and brought back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from foreman.errors import StoreError
from foreman.store import controls, lock, schema
from foreman.store.database import Database
from foreman.store.failures import translated
from foreman.store.lease import COPY
from foreman.store.soundness import check

__all__ = ("backup", "check", "compact", "last", "restore")

_SIDES = ("-wal", "-shm")

_LAST = "last_backup"


def backup(db: Database, target: Path, *, overwrite: bool = False) -> None:
    """Copy a database while it is in use: one moment of it, whole, in one file of mode 0600.

    Args:
        db: The open database.
        target: The copy.
        overwrite: Replace an existing file.

    Raises:
        StoreError: The target exists, or the copy cannot be made; nothing is left behind then.
    """
    if target.exists() and not overwrite:
        raise StoreError(f"{target} exists already; name another file")
    part = _new_file_beside(target)
    try:
        with closing(sqlite3.connect(db.path)) as source, translated(target), closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            copy.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (COPY, datetime.now(UTC).isoformat()))
            copy.commit()
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    with suppress(StoreError), db.transaction() as connection:  # there is a copy, whether or not that can be noted
        controls.meta_set(connection, _LAST, datetime.now(UTC).isoformat())


def last(connection: Connection) -> datetime | None:
    """Return when the newest copy was made by `backup`; None for never."""
    told = controls.meta_get(connection, _LAST)
    return datetime.fromisoformat(told) if told else None


def restore(source: Path, target: Path) -> Path | None:
    """Bring a copy back; the next daemon asks the forge about everything the copy holds as planned.

    Args:
        source: A copy made by `backup`, or any sound database file.
        target: The database to replace.

    Returns:
        Where the replaced database lies now, None when there was none.

    Raises:
        StoreError: A daemon works on the target, the source is not sound, or there is no room; nothing changed then.
    """
    problems = [line for line in check(source) if "chmod" not in line]
    if problems:
        raise StoreError(f"{source} cannot be brought back: {problems[0]}")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = lock.take(target)
    part = _new_file_beside(target)
    try:
        with closing(sqlite3.connect(source)) as old, translated(target), closing(sqlite3.connect(part)) as copy:
            old.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            copy.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (COPY, datetime.now(UTC).isoformat()))
            copy.commit()
        return _swap(part, target)
    finally:
        part.unlink(missing_ok=True)
        lock.give_back(descriptor)


def compact(path: Path) -> tuple[int, int]:
    """Write a database anew without the room of what was deleted.

    Args:
        path: The file.

    Returns:
        Its size in bytes before and after.

    Raises:
        StoreError: There is none, a daemon works on it, or there is no room for a copy; nothing changed then.
    """
    if not path.is_file():
        raise StoreError(f"there is no database at {path}")
    descriptor = lock.take(path)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as raw, translated(path):
            tables = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            schema.refuse_strange(raw, path, tables)
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            before = path.stat().st_size
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        lock.give_back(descriptor)
    return before, path.stat().st_size


def _swap(part: Path, target: Path) -> Path | None:
    replaced = None
    if target.exists():
        replaced = target.with_name(f"{target.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
        for side in ("", *_SIDES):
            beside = target.with_name(target.name + side)
            if beside.exists():
                beside.rename(replaced.with_name(replaced.name + side))
    part.replace(target)
    return replaced


def _new_file_beside(target: Path) -> Path:
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    except OSError as error:
        raise StoreError(f"{target} cannot be written ({error.strerror}); check its folder") from error
    return part
