"""Turning what SQLite and SQLAlchemy raise into our own errors, each with what to do about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from foreman.errors import StoreBusy, StoreError, StoreFull

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_NOT_WRITABLE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH})


def damaged(path: Path, what: str) -> StoreError:
    """Describe a damaged file in one line.

    Args:
        path: The database.
        what: What was found.

    Returns:
        The error to raise.
    """
    return StoreError(
        f"{path} is damaged or is no database ({what}); keep a copy of it and bring a backup back with "
        f"`foreman db restore BACKUP`"
    )


def translate(error: BaseException, path: Path) -> StoreError:
    """Say what a database error means for a person.

    Args:
        error: What the driver raised.
        path: The database.

    Returns:
        The error to raise from it.
    """
    text = " ".join(str(error).split())[:300]
    full_code = getattr(error, "sqlite_errorcode", None)
    code = None if full_code is None else full_code & 0xFF
    if code in _BUSY:
        return StoreBusy(f"{path} is being written by somebody else for more than 5 s; try again")
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"no space left for {path}; free some disk space, work goes on by itself then")
    if code in _DAMAGED:
        return damaged(path, text)
    if code in _NOT_WRITABLE:
        return StoreError(f"{path} cannot be opened or written ({text}); check its owner, mode and folder")
    if code == sqlite3.SQLITE_IOERR:
        return StoreError(f"reading or writing {path} failed ({text}); check the disk, then run `foreman db check`")
    if isinstance(error, sqlite3.IntegrityError):
        return StoreError(f"{path} refused a row ({text}); this is a bug in Foreman")
    return StoreError(f"{path} cannot be used ({text}); run `foreman db check`")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise `StoreError`s instead of the driver's own; everything else passes.

    Args:
        path: The database, for the message.

    Yields:
        Nothing.

    Raises:
        StoreError: Or one of its kinds, from the driver's error.
    """
    try:
        yield
    except DBAPIError as error:
        raise translate(error.orig or error, path) from error
    except (sqlite3.Error, SQLAlchemyError) as error:
        raise translate(error, path) from error
