"""Open a configuration's database, for commands that need nothing else: the daemon's parts take a second to import."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from foreman.config.models import Config
from foreman.errors import StoreError
from foreman.store.database import Database


@contextmanager
def open_store(config: Config, *, create: bool = False) -> Iterator[Database]:
    """Open the database of a configuration for reading or for queueing work.

    Args:
        config: As loaded.
        create: Make it when there is none.

    Yields:
        The store.

    Raises:
        StoreError: There is none yet, or it cannot be used.
    """
    path = config.storage.path
    if not create and not path.exists():
        raise StoreError(f"there is no database at {path} yet: `foreman run` or `foreman triage` makes it")
    db = Database.open(path, create=create)
    try:
        yield db
    finally:
        db.close()
