"""A database that is migrated and empty: making one takes longer than most tests."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from foreman.store.database import Database


@functools.cache
def empty_database() -> bytes:
    """Return what the migrations make, made once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        Database.open(path).close()
        return path.read_bytes()


def put_empty_database(path: Path) -> None:
    """Write one where none is."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(empty_database())
