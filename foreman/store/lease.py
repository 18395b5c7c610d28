"""One daemon per database: a lock on a file beside it, and a number inside it that every write checks.

A suspended daemon keeps the lock, a killed one loses it. The number catches what the lock cannot, such as a lock file
that was deleted: whoever starts later raises it, and the earlier one's next write is refused. A database whose number
is behind the one noted in the lock file is an old copy; what it holds as planned may have been done since.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select

from foreman.errors import LeaseLost
from foreman.store import actions, controls, lock
from foreman.store.database import Database
from foreman.store.rows import put
from foreman.store.tables import daemon_lease

COPY = "copied_at"
"""Key of `meta` that `backup` writes into its copies, and the next daemon takes out."""


_TAKEN_BY = select(daemon_lease.c.holder, daemon_lease.c.fence)


class DaemonLease:
    """The right to write to one database until `release` or the end of the process.

    Attributes:
        restored: The database turned out to be an older copy; its open actions will be looked up on the forge.
    """

    def __init__(self, path: Path, descriptor: int, fence: int, *, restored: bool) -> None:
        """Keep what `acquire` got.

        Args:
            path: The database.
            descriptor: The open, locked file.
            fence: Our number.
            restored: Whether it is an older copy.
        """
        self._path = path
        self._descriptor: int | None = descriptor
        self._fence = fence
        self.restored = restored

    @classmethod
    def acquire(cls, db: Database, path: Path, holder: str) -> DaemonLease:
        """Take the lease, or say who has it.

        Args:
            db: The open database.
            path: Its file.
            holder: Who we are, for people.

        Returns:
            The lease; pass its `check` to `db.guard_with`.

        Raises:
            StoreError: Another daemon works on this database.
        """
        descriptor = lock.take(path)
        try:
            _, noted = lock.written(descriptor)
            with db.transaction() as connection:
                found = connection.execute(select(daemon_lease.c.fence)).scalar() or 0
                restored = found < noted or controls.meta_get(connection, COPY) is not None
                if restored:
                    actions.doubt_planned(connection, now=datetime.now(UTC))
                    controls.meta_delete(connection, COPY)
                fence = max(found, noted) + 1
                put(connection, daemon_lease, {"id": 1}, {"holder": holder, "fence": fence})
            lock.write(descriptor, fence=fence)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor, fence, restored=restored)

    def check(self, connection: Connection) -> None:
        """Refuse a write when the lease is not ours any more; for `Database.guard_with`.

        Args:
            connection: In the write transaction.

        Raises:
            LeaseLost: Another daemon has taken over, or we released it.
        """
        row = connection.execute(_TAKEN_BY).first()
        if self._descriptor is None or row is None or row.fence != self._fence:
            who = "nobody" if row is None else row.holder
            raise LeaseLost(f"{self._path} is not ours any more (last taken by {who}); this daemon stops")

    def release(self) -> None:
        """Give the lease back; may be called twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            lock.give_back(descriptor)

    @staticmethod
    def holder(path: Path) -> int | None:
        """Return the process that works on a database, 0 when its id is not known, None when there is none."""
        return lock.holder(path)
