"""How far each repository was read. The cursor is saved in the transaction that stores what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from foreman.model import RepoRef
from foreman.store.rows import put
from foreman.store.tables import polls
from foreman.values import dataclass

LATE_INTERVALS = 3
"""So many intervals without a good poll, and a person is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollState:
    """Where polling a repository stands.

    Attributes:
        repo: Which.
        forge_id: The forge's numeric id of it, None before the first poll.
        cursor: Newest `updated_at` stored, by the forge's clock; None before the first.
        etag: Of the last probe; empty when none.
        next_poll_at: When to poll again; None for at once.
        last_poll_at: When it was last tried.
        last_ok_at: When it last went well.
        last_error: Why it did not, one line; empty when it did.
        failures: Tries in a row that did not go well.
        first_done: The first poll is over.
        swept_at: When the last daily sweep ended.
        news_at: When a look last found something new.
        interval_seconds: Until the next poll, as decided at the last one; None before the first.
    """

    repo: RepoRef
    forge_id: int | None = None
    cursor: datetime | None = None
    etag: str = ""
    next_poll_at: datetime | None = None
    last_poll_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_error: str = ""
    failures: int = 0
    first_done: bool = False
    swept_at: datetime | None = None
    news_at: datetime | None = None
    interval_seconds: float | None = None


_COLUMNS = tuple(column.name for column in polls.columns if column.name != "repo")


def _state(row: Row[Any]) -> PollState:
    return PollState(repo=RepoRef.parse(row.repo), **{name: getattr(row, name) for name in _COLUMNS})


def baseline_key(repo: RepoRef) -> str:
    """Return the key of `meta` under which stands how far a repository was at the first look."""
    return f"first-look:{repo.key}"


_POLL = select(polls).where(polls.c.repo == bindparam("repo"))


def get(connection: Connection, repo: RepoRef) -> PollState | None:
    """Return a repository's state, None when it was never polled."""
    row = connection.execute(_POLL, {"repo": repo.key}).first()
    return None if row is None else _state(row)


def save(connection: Connection, state: PollState) -> None:
    """Keep a repository's state."""
    put(connection, polls, {"repo": state.repo.key}, {name: getattr(state, name) for name in _COLUMNS})


_WHEN = select(polls.c.repo, polls.c.next_poll_at)


def due(connection: Connection, repos: Sequence[RepoRef], now: datetime) -> tuple[RepoRef, ...]:
    """Return those that should be polled now, the longest due first, in turns with those that were never polled.

    Args:
        connection: To read from.
        repos: Those that are configured.
        now: Current time, aware UTC.

    Returns:
        The due ones. A hundred new repositories take no more than every other turn from the old ones.
    """
    planned = {row.repo: row.next_poll_at for row in connection.execute(_WHEN) if row.next_poll_at is not None}
    late = {repo: at for repo, at in planned.items() if at <= now}
    known = sorted((repo for repo in repos if repo.key in late), key=lambda repo: late[repo.key])
    fresh = [repo for repo in repos if repo.key not in planned]
    turns = zip_longest(known, fresh)
    return tuple(repo for turn in turns for repo in turn if repo is not None)


def next_at(connection: Connection, repos: Sequence[RepoRef]) -> datetime | None:
    """Return when the first of these repositories should be polled; None for at once, and where there are none.

    Args:
        connection: To read from.
        repos: Those that are configured.

    Returns:
        The earliest time, which may be over.
    """
    known = {row.repo: row.next_poll_at for row in connection.execute(_WHEN)}
    times = [known.get(repo.key) for repo in repos]
    return None if None in times else min((time for time in times if time is not None), default=None)


def hasten(connection: Connection, latest: Mapping[RepoRef, datetime]) -> None:
    """Bring looks forward that were put off for longer than holds now; what failed keeps its pause.

    Args:
        connection: In a write transaction.
        latest: When the next look is due at the latest, by repository.
    """
    when = polls.c.next_poll_at
    for repo, at in latest.items():
        put_off = (polls.c.repo == repo.key, polls.c.failures == 0, when > at)
        connection.execute(update(polls).where(*put_off).values(next_poll_at=at))


def all(connection: Connection) -> tuple[PollState, ...]:  # noqa: A001 - read as `polls.all(...)`
    """Return every repository's state, by name."""
    return tuple(_state(row) for row in connection.execute(select(polls).order_by(polls.c.repo)))
