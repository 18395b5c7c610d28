"""Circuit breakers that survive a restart.

One per forge account (`account:…`), host (`forge:…`) and agent (`agent:…`), one for the rate of all writes
(`flood`).
Closed, it lets everything pass. Open, nothing until `open_until`; then one probe (`allow`), whose success closes it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from foreman.store import flood
from foreman.store.rows import put
from foreman.store.tables import breakers
from foreman.values import dataclass

THRESHOLD = 5
"""Failures in a row that open a breaker."""

COOLDOWN = timedelta(seconds=30)
"""How long it stays open the first time; each further time twice as long."""

LONGEST_COOLDOWN = timedelta(minutes=30)
"""It never stays open for longer before a probe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerState:
    """How something is doing.

    Attributes:
        scope: What.
        failures: In a row.
        trips: How often it was opened since it last went well.
        open_until: When a probe may be tried; None when closed or until a person acts.
        quarantined: Kept out until it is released, whatever the time.
        reason: Why it is open.
        changed_at: When that was last written, aware UTC.
    """

    scope: str
    failures: int
    trips: int
    open_until: datetime | None
    quarantined: bool
    reason: str
    changed_at: datetime

    @property
    def open(self) -> bool:
        """Whether it has not gone well since it was opened; a probe may be due all the same."""
        return self.quarantined or self.open_until is not None


_BREAKER = select(breakers).where(breakers.c.scope == bindparam("scope"))


def get(connection: Connection, scope: str) -> BreakerState | None:
    """Return a breaker, None when nothing ever went wrong."""
    row = connection.execute(_BREAKER, {"scope": scope}).first()
    return None if row is None else _state(row)


_ALL = select(breakers).order_by(breakers.c.scope)


def all(connection: Connection) -> tuple[BreakerState, ...]:  # noqa: A001 - read as `breakers.all(...)`
    """Return every breaker that has a story, by scope."""
    return tuple(_state(row) for row in connection.execute(_ALL))


_SOME = select(breakers).where(breakers.c.scope.in_(bindparam("scopes", expanding=True)))


def any_open(connection: Connection, scopes: Collection[str]) -> bool:
    """Tell whether one of them is open, as cheaply as it must be for what asks before every step."""
    return any(_state(row).open for row in connection.execute(_SOME, {"scopes": list(scopes)}))


def record_failure(
    connection: Connection,
    scope: str,
    *,
    now: datetime,
    reason: str = "",
    threshold: int = THRESHOLD,
    cooldown: timedelta = COOLDOWN,
) -> BreakerState:
    """Count a failure; opens the breaker at the threshold, and again at once when a probe fails.

    Args:
        connection: In a transaction.
        scope: What failed.
        now: Current time, aware UTC.
        reason: Why, one line.
        threshold: Failures in a row that open it.
        cooldown: How long it stays open the first time.

    Returns:
        How it stands now.
    """
    before = get(connection, scope)
    failures = (before.failures if before else 0) + 1
    trips = before.trips if before else 0
    until = before.open_until if before else None
    if failures >= threshold and (until is None or until <= now):
        trips += 1
        until = now + min(cooldown * 2 ** min(trips - 1, 20), LONGEST_COOLDOWN)
    return _write(
        connection,
        BreakerState(
            scope=scope,
            failures=failures,
            trips=trips,
            open_until=until,
            quarantined=before.quarantined if before else False,
            reason=reason or (before.reason if before else ""),
            changed_at=now,
        ),
    )


def record_success(connection: Connection, scope: str, *, now: datetime) -> None:
    """Close the breaker; writes nothing when it was well anyway. A quarantine stays until `release`."""
    before = get(connection, scope)
    if before is None or (not before.failures and not before.trips and before.open_until is None):
        return
    _write(
        connection,
        BreakerState(
            scope=scope,
            failures=0,
            trips=0,
            open_until=None,
            quarantined=before.quarantined,
            reason=before.reason if before.quarantined else "",
            changed_at=now,
        ),
    )


def open_until(connection: Connection, scope: str, *, until: datetime, reason: str, now: datetime) -> None:
    """Open a breaker until a time, whatever was counted."""
    before = get(connection, scope)
    _write(
        connection,
        BreakerState(
            scope=scope,
            failures=before.failures if before else 0,
            trips=(before.trips if before else 0) + 1,
            open_until=until,
            quarantined=before.quarantined if before else False,
            reason=reason,
            changed_at=now,
        ),
    )


def allow(connection: Connection, scope: str, *, now: datetime, probe: timedelta) -> bool:
    """Return whether something may be tried now; when a probe is due, exactly one caller hears yes.

    Args:
        connection: In a transaction.
        scope: What.
        now: Current time, aware UTC.
        probe: How long the probe may take before another is let through.

    Returns:
        Whether to go on.
    """
    state = get(connection, scope)
    if state is None or not state.open:
        return True
    if state.quarantined or state.open_until is None or state.open_until > now:
        return False
    put(connection, breakers, {"scope": scope}, {"open_until": now + probe, "changed_at": now})
    return True


def quarantine(connection: Connection, scope: str, *, reason: str, now: datetime) -> None:
    """Keep something out until it is released; `inbox.hold_agent` sets its tasks aside."""
    before = get(connection, scope)
    _write(
        connection,
        BreakerState(
            scope=scope,
            failures=before.failures if before else 0,
            trips=before.trips if before else 0,
            open_until=before.open_until if before else None,
            quarantined=True,
            reason=reason,
            changed_at=now,
        ),
    )


def release(connection: Connection, scope: str, *, now: datetime) -> bool:
    """End a quarantine and close the breaker; returns whether it was open."""
    before = get(connection, scope)
    if before is None or not before.open:
        return False
    blank = BreakerState(
        scope=scope, failures=0, trips=0, open_until=None, quarantined=False, reason="", changed_at=now
    )
    _write(connection, blank)
    return True


def watch_flood(
    connection: Connection, *, now: datetime, floor: int = flood.FLOOR, factor: int = flood.FACTOR
) -> bool:
    """Open the breaker of all writes while the last hour's are far above what is usual, and close it after.

    Args:
        connection: In a transaction.
        now: Current time, aware UTC.
        floor: Writes an hour that are never a flood.
        factor: How far above a busy hour is far above.

    Returns:
        Whether it is open.
    """
    reason = flood.excess(connection, now=now, floor=floor, factor=factor)
    if reason is not None:
        open_until(connection, flood.SCOPE, until=now + flood.PAUSE, reason=reason, now=now)
    elif not flood_open(connection, now=now):
        record_success(connection, flood.SCOPE, now=now)
    return flood_open(connection, now=now)


def flood_open(connection: Connection, *, now: datetime) -> bool:
    """Return whether the breaker of all writes stops writing now."""
    state = get(connection, flood.SCOPE)
    return state is not None and state.open_until is not None and state.open_until > now


def _state(row: Row[Any]) -> BreakerState:
    return BreakerState(
        scope=row.scope,
        failures=row.failures,
        trips=row.trips,
        open_until=row.open_until,
        quarantined=row.quarantined,
        reason=row.reason,
        changed_at=row.changed_at,
    )


def _write(connection: Connection, state: BreakerState) -> BreakerState:
    values = {
        "failures": state.failures,
        "trips": state.trips,
        "open_until": state.open_until,
        "quarantined": state.quarantined,
        "reason": state.reason,
        "changed_at": state.changed_at,
    }
    put(connection, breakers, {"scope": state.scope}, values)
    return state
