"""Reading without SQLAlchemy, whose import alone takes longer than a command may that only shows something.

What is asked here is asked in SQL itself, over the driver's own connection; the modules that have SQLAlchemy's hand
theirs down (`rows.driver`), so that each question is written once. Nothing here writes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from foreman.model import IssueRef, RepoRef
from foreman.store.revisions import HEAD

BUSY_TIMEOUT_SECONDS = 5.0
"""How long a writer waits for another; one of ours holds the lock for milliseconds."""

_NANO = Decimal(1_000_000_000)


def connect(path: Path) -> sqlite3.Connection | None:
    """Open a database that can be read as it is.

    Args:
        path: An existing file.

    Returns:
        A connection that refuses to write and holds one unchanging view; None where there is something to be done
        first: another schema, a file that others may read.
    """
    if path.stat().st_mode & 0o077:
        return None
    raw = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
    try:
        raw.execute("PRAGMA query_only=ON")
        raw.execute("PRAGMA cell_size_check=ON")
        raw.execute("BEGIN")
        if raw.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()[0]:
            found = raw.execute("SELECT version_num FROM alembic_version").fetchone()
            if found is not None and found[0] == HEAD:
                return raw
    except BaseException:
        raw.close()
        raise
    raw.close()
    return None


def rows(raw: sqlite3.Connection, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
    """Ask.

    Args:
        raw: The driver's connection.
        query: SQL.
        values: For its question marks.

    Returns:
        All rows, whose columns have names.
    """
    with closing(raw.cursor()) as cursor:
        cursor.row_factory = sqlite3.Row
        return cursor.execute(query, values).fetchall()


def one(raw: sqlite3.Connection, query: str, values: Sequence[object] = ()) -> Any:
    """Return the first column of the first row, None for none."""
    found = rows(raw, query, values)
    return found[0][0] if found else None


def marks(values: Sequence[object]) -> str:
    """Return as many question marks as there are values."""
    return ", ".join("?" * len(values))


@lru_cache(maxsize=4096)
def repo_of(key: str) -> RepoRef:
    """Return the repository a row names; remembered, for a list names the same few again and again."""
    return RepoRef.parse(key)


def issue_of(row: Any) -> IssueRef:
    """Return the issue a row is about."""
    return IssueRef(repo_of(row["repo"]), row["issue_id"])


def moment(text: str | None) -> datetime | None:
    """Return a time of a row, aware UTC."""
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def at(text: str) -> datetime:
    """Return a time of a row that always has one, aware UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def seconds(when: datetime) -> str:
    """Return a time as the public columns have it."""
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "seconds")


def micros(when: datetime) -> str:
    """Return a time as the other columns have it."""
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def loaded(text: str | None) -> Any:
    """Return what a column of JSON holds."""
    return None if text is None else json.loads(text)


def dollars(nano: int | None) -> Decimal | None:
    """Return money, which is kept in billionths."""
    return None if nano is None else Decimal(nano) / _NANO
