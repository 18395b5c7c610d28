"""What a forge last told each account about its limits, so that a command beside the daemon can tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from foreman.store.rows import put
from foreman.store.tables import quotas
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaState:
    """How much an account has left.

    Attributes:
        scope: Which account, as for its breaker.
        limit: Requests in one window.
        remaining: What was left of them.
        reset_at: When the quota is filled again, by our clock.
        told_at: When the forge said so.
        stretch: How much less often everything is looked at for that; 1 for as usual.
    """

    scope: str
    limit: int
    remaining: int
    reset_at: datetime
    told_at: datetime
    stretch: float


_COLUMNS = tuple(column.name for column in quotas.columns if column.name != "scope")


def _state(row: Row[Any]) -> QuotaState:
    return QuotaState(scope=row.scope, **{name: getattr(row, name) for name in _COLUMNS})


def save(connection: Connection, state: QuotaState) -> None:
    """Keep what an account was told."""
    put(connection, quotas, {"scope": state.scope}, {name: getattr(state, name) for name in _COLUMNS})


def all(connection: Connection) -> tuple[QuotaState, ...]:  # noqa: A001 - read as `quotas.all(...)`
    """Return what every account was told, by name."""
    return tuple(_state(row) for row in connection.execute(select(quotas).order_by(quotas.c.scope)))
