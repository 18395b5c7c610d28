"""How far the older issues of each repository were read into the mirror."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from foreman.model import RepoRef
from foreman.store import mirror
from foreman.store.plain import repo_of
from foreman.store.rows import put
from foreman.store.tables import mirror_reading
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Where reading a repository's older issues stands.

    Attributes:
        repo: Which.
        window: Which span of time is being read, from 0 for the newest; `poller.backfill` knows how long each is.
        cursor: The change up to which it was read, by the forge's clock; None at its beginning.
        end: Where it ends; None before the first request.
        done_at: When reading ended; None while it goes on.
        forgotten_at: When a person had the repository forgotten: it is not read again by itself.
        rows_read: Issues and pull requests read so far.
        requests: Sent for that.
        labels_read: Requests sent to learn who put labels on.
        labels_below: Issues of lower numbers are still to be asked for that; None for all, 0 where all is done.
        duplicates_read: Requests sent to learn which original duplicates have.
        duplicates_below: The same for them.
        facts_done_at: When both ended; None while it goes on.
    """

    repo: RepoRef
    window: int = 0
    cursor: datetime | None = None
    end: datetime | None = None
    done_at: datetime | None = None
    forgotten_at: datetime | None = None
    rows_read: int = 0
    requests: int = 0
    labels_read: int = 0
    labels_below: int | None = None
    duplicates_read: int = 0
    duplicates_below: int | None = None
    facts_done_at: datetime | None = None


_COLUMNS = tuple(column.name for column in mirror_reading.columns if column.name != "repo")


def get(connection: Connection, repo: RepoRef) -> Reading | None:
    """Return how far a repository was read, None before the first request."""
    row = connection.execute(select(mirror_reading).where(mirror_reading.c.repo == repo.key)).first()
    return None if row is None else _reading(row)


def save(connection: Connection, reading: Reading) -> None:
    """Keep how far a repository was read."""
    values = {name: getattr(reading, name) for name in _COLUMNS}
    put(connection, mirror_reading, {"repo": reading.repo.key}, values)


def all(connection: Connection) -> tuple[Reading, ...]:  # noqa: A001 - read as `mirror_reading.all(...)`
    """Return how far every repository was read, by name."""
    return tuple(_reading(row) for row in connection.execute(select(mirror_reading).order_by(mirror_reading.c.repo)))


def forget(connection: Connection, repo: RepoRef, *, now: datetime) -> int:
    """Forget a repository's issues for good: what does not change any more is not read again.

    Args:
        connection: In a transaction.
        repo: Which.
        now: Current time, aware UTC.

    Returns:
        How many issues went.
    """
    if get(connection, repo) is not None or mirror.count(connection, repo):
        save(connection, Reading(repo=repo, done_at=now, forgotten_at=now))
    return mirror.forget(connection, repo)


def switch_off(connection: Connection, repo: RepoRef) -> int:
    """Drop a repository's issues since nobody wants them kept; switched on again, they are read from the beginning."""
    connection.execute(delete(mirror_reading).where(mirror_reading.c.repo == repo.key))
    return mirror.forget(connection, repo)


def _reading(row: Row[Any]) -> Reading:
    return Reading(repo=repo_of(row.repo), **{name: getattr(row, name) for name in _COLUMNS})
