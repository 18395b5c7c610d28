"""A person's switches, which survive a restart, and the few single values a database keeps about itself."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, or_, select

from foreman.model import IssueRef, RepoRef
from foreman.store.rows import put
from foreman.store.tables import controls, meta
from foreman.values import dataclass

EVERYTHING = "all"
"""Scope of a pause that concerns every repository."""

MARKER_SECRET = "marker_secret"  # noqa: S105 - the name under which it is kept
"""Key of the secret that signs the markers of our comments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A person said stop.

    Attributes:
        scope: `all`, a repository key, or an issue that is to be left alone.
        by: Who.
        at: When, aware UTC.
        reason: Why, in the person's words; empty when none.
    """

    scope: str
    by: str
    at: datetime
    reason: str


_SAME = func.lower(controls.c.scope) == bindparam("same")

_END = delete(controls).where(_SAME)

_PAUSED = select(controls.c.scope).where(or_(controls.c.scope == EVERYTHING, _SAME))

_KEPT_OFF = select(controls.c.scope).where(_SAME)


def pause(connection: Connection, scope: str, by: str, now: datetime, *, reason: str = "") -> None:
    """Stop writing to a repository, or (`all`) to every one."""
    put(connection, controls, {"scope": scope}, {"paused_by": by, "paused_at": now, "reason": reason})


def resume(connection: Connection, scope: str) -> bool:
    """End a pause; returns whether there was one."""
    return bool(connection.execute(_END, {"same": scope.lower()}).rowcount)


def paused(connection: Connection, repo: RepoRef) -> bool:
    """Return whether nothing may be written to a repository now, however its name was spelled for that."""
    return connection.execute(_PAUSED, {"same": repo.key.lower()}).first() is not None


def keep_off(connection: Connection, issue: IssueRef, by: str, now: datetime) -> None:
    """Leave one issue alone from now on."""
    pause(connection, str(issue), by, now)


def kept_off(connection: Connection, issue: IssueRef) -> bool:
    """Return whether a person ordered to leave an issue alone."""
    return connection.execute(_KEPT_OFF, {"same": str(issue).lower()}).first() is not None


def all(connection: Connection) -> tuple[Pause, ...]:  # noqa: A001 - read as `controls.all(...)`
    """Return every pause."""
    rows = connection.execute(select(controls).order_by(controls.c.scope))
    return tuple(Pause(scope=row.scope, by=row.paused_by, at=row.paused_at, reason=row.reason) for row in rows)


_VALUE = select(meta.c.value).where(meta.c.key == bindparam("key"))


def meta_get(connection: Connection, key: str) -> str | None:
    """Return a kept value, None when there is none."""
    return connection.execute(_VALUE, {"key": key}).scalar()


def meta_set(connection: Connection, key: str, value: str) -> None:
    """Keep a value."""
    put(connection, meta, {"key": key}, {"value": value})


def meta_delete(connection: Connection, key: str) -> None:
    """Forget a value."""
    connection.execute(delete(meta).where(meta.c.key == key))


def ensure_marker_secret(connection: Connection) -> None:
    """Make the marker secret when there is none: 32 random bytes, made once for the life of the database."""
    if meta_get(connection, MARKER_SECRET) is None:
        meta_set(connection, MARKER_SECRET, secrets.token_hex(32))


def marker_secret(connection: Connection) -> str:
    """Return the secret that signs the markers of our comments, 64 hex digits."""
    return str(connection.execute(_VALUE, {"key": MARKER_SECRET}).scalar_one())
