"""Small tools for every module here, in words every database knows."""

from __future__ import annotations

import sqlite3
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Insert, Table, Update, bindparam, insert, update

from foreman.model import IssueRef
from foreman.store.plain import repo_of


def put(connection: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Write a row, over the one with the same key.

    Args:
        connection: In a write transaction, so that nobody comes between.
        table: Where.
        key: Columns of the primary key.
        values: The other columns.
    """
    here = {f"of_{name}": value for name, value in key.items()}
    if not connection.execute(_over(table, tuple(key)), here | values).rowcount:
        connection.execute(_new(table), key | values)


@cache
def _new(table: Table) -> Insert:
    """Build the insert of one row, once for each table."""
    return insert(table)


@cache
def _over(table: Table, key: tuple[str, ...]) -> Update:
    """Build the update of one row, once for each table: building costs several times what running it does."""
    return update(table).where(*(table.c[name] == bindparam(f"of_{name}") for name in key))


def inserted_id(result: CursorResult[Any]) -> int:
    """Return the id the database gave to the row just inserted."""
    key = result.inserted_primary_key
    return int(key[0]) if key is not None else 0


def issue_of(row: Any) -> IssueRef:
    """Return the issue a row is about."""
    return IssueRef(repo_of(row.repo), row.issue_id)


def driver(connection: Connection) -> sqlite3.Connection:
    """Return the driver's own connection, in the same transaction, for what `plain` asks."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)
