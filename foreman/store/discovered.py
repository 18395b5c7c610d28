"""Which repositories the configured patterns stand for, as the forge last listed them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from foreman.model import RepoRef
from foreman.store.polls import baseline_key
from foreman.store.rows import put
from foreman.store.tables import discovered, issues, meta, patterns, polls, reactions
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternState:
    """When a pattern was last looked up, and what came of it.

    Attributes:
        pattern: As it is named.
        next_at: When to look it up again; None for at once.
        last_ok_at: When that last went well.
        last_error: Why it did not, one line; empty when it did.
        failures: Tries in a row that did not go well.
        cut: The forge has more repositories than are taken.
    """

    pattern: str
    next_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_error: str = ""
    failures: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A repository that a pattern stands for.

    Attributes:
        pattern: As it is named.
        repo: Which.
        forge_id: The forge's numeric id of it, which a new name does not change.
        skipped: Why it is not polled, in a word or two; empty when it is.
        seen_at: When it was first listed.
        gone_at: Since when it is not there any more; None while it is.
    """

    pattern: str
    repo: RepoRef
    forge_id: int
    skipped: str
    seen_at: datetime
    gone_at: datetime | None = None

    @property
    def polled(self) -> bool:
        """Whether it is looked after."""
        return not self.skipped and self.gone_at is None


_STATE = tuple(column.name for column in patterns.columns)
_ROW = tuple(column.name for column in discovered.columns if column.name not in ("pattern", "repo"))


def state(connection: Connection, pattern: str) -> PatternState:
    """Return how a pattern stands; one that was never looked up stands at the beginning."""
    row = connection.execute(select(patterns).where(patterns.c.pattern == pattern)).first()
    if row is None:
        return PatternState(pattern=pattern)
    return PatternState(**{name: getattr(row, name) for name in _STATE})


def save_state(connection: Connection, new: PatternState) -> None:
    """Keep how a pattern stands."""
    values = {name: getattr(new, name) for name in _STATE if name != "pattern"}
    put(connection, patterns, {"pattern": new.pattern}, values)


def of_pattern(connection: Connection, pattern: str) -> tuple[Found, ...]:
    """Return everything a pattern ever found, oldest repository first."""
    where = discovered.c.pattern == pattern
    rows = connection.execute(select(discovered).where(where).order_by(discovered.c.forge_id))
    return tuple(_found(row) for row in rows)


def save(connection: Connection, found: Found) -> None:
    """Keep a repository that a pattern found."""
    key = {"pattern": found.pattern, "repo": found.repo.key}
    put(connection, discovered, key, {name: getattr(found, name) for name in _ROW})


def drop(connection: Connection, found: Found) -> None:
    """Forget a repository that the pattern does not stand for any more."""
    where = (discovered.c.pattern == found.pattern, discovered.c.repo == found.repo.key)
    connection.execute(delete(discovered).where(*where))


def polled(connection: Connection, names: Collection[str]) -> dict[str, tuple[RepoRef, ...]]:
    """Return the repositories to look after, by pattern.

    Args:
        connection: To read from.
        names: The patterns that are configured.

    Returns:
        Each pattern's, oldest first; a pattern that found none is in it too.
    """
    return {name: tuple(one.repo for one in of_pattern(connection, name) if one.polled) for name in names}


def knows(connection: Connection, repo: RepoRef) -> bool:
    """Return whether any pattern ever found a repository."""
    return connection.execute(select(discovered.c.repo).where(discovered.c.repo == repo.key)).first() is not None


def spelled(connection: Connection, repo: RepoRef) -> RepoRef | None:
    """Return how the forge writes the name of a repository that a pattern found, whatever its capitals here."""
    same = func.lower(discovered.c.repo) == repo.key.lower()
    found = connection.execute(select(discovered.c.repo).where(same, discovered.c.gone_at.is_(None))).scalars().first()
    return None if found is None else RepoRef.parse(found)


def rename(connection: Connection, found: Found, new: RepoRef) -> bool:
    """Carry what was known of a repository over to its new name, so that it is not looked at for the first time again.

    What was decided and done stays in the log under the name it had then.

    Args:
        connection: In a write transaction.
        found: Under its old name.
        new: Its new one.

    Returns:
        Whether it was carried over; not where the new name has been polled already.
    """
    drop(connection, found)
    old_key, new_key = found.repo.key, new.key
    known = select(polls.c.forge_id).where(polls.c.repo == old_key)
    if connection.execute(known).scalar() != found.forge_id:
        return False
    if connection.execute(select(polls.c.repo).where(polls.c.repo == new_key)).first() is not None:
        return False
    for table in (polls, issues, reactions):
        connection.execute(update(table).where(table.c.repo == old_key).values(repo=new_key))
    connection.execute(update(meta).where(meta.c.key == baseline_key(found.repo)).values(key=baseline_key(new)))
    return True


def _found(row: Row[Any]) -> Found:
    values = {name: getattr(row, name) for name in _ROW}
    return Found(pattern=row.pattern, repo=RepoRef.parse(row.repo), **values)
