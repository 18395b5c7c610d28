"""When the rate of all writes is far above what is usual. What follows from it: `breakers.watch_flood`."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from foreman.store.action_facts import writes_per_hour_history, writes_since

SCOPE = "flood"
"""Scope of the breaker for the rate of all writes."""

FLOOR = 200
"""Writes an hour that are never a flood; GitHub itself allows 500 an hour that create content."""

FACTOR = 3
"""How far above a busy hour of the past two weeks is far above."""

PAUSE = timedelta(minutes=15)
"""How long writing stops at least."""

_BUSY_HOUR = 4  # the fourth busiest: one earlier flood does not make the next one usual


def excess(connection: Connection, *, now: datetime, floor: int = FLOOR, factor: int = FACTOR) -> str | None:
    """Say how far the writes of the last hour are above what is usual.

    Args:
        connection: To read from.
        now: Current time, aware UTC.
        floor: Writes an hour that are never a flood.
        factor: How far above a busy hour is far above.

    Returns:
        One line, None when the rate is usual.
    """
    last_hour = writes_since(connection, None, now - timedelta(hours=1))
    if last_hour <= floor:
        return None
    usual = sorted(writes_per_hour_history(connection, now - timedelta(hours=1)))[-_BUSY_HOUR]
    limit = max(floor, factor * usual)
    return f"{last_hour} writes in the last hour, far above the usual (limit {limit})" if last_hour > limit else None
