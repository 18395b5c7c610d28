"""What was learned from the labels of a pool of repositories: one model each, which this module does not read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from foreman.store.rows import put
from foreman.store.tables import priors


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A model that is kept.

    Attributes:
        pool: Of which repositories.
        facts: What is known about its training, for people and for the next training.
        trained_at: When, aware UTC.
    """

    pool: str
    facts: Mapping[str, Any]
    trained_at: datetime


def save(connection: Connection, pool: str, model_bytes: bytes, facts: Mapping[str, Any], now: datetime) -> None:
    """Keep a pool's model, over the one before.

    Args:
        connection: In a transaction.
        pool: Of which repositories.
        model_bytes: The model.
        facts: What JSON can say about its training.
        now: Current time, aware UTC.
    """
    put(connection, priors, {"pool": pool}, {"model": model_bytes, "facts": dict(facts), "trained_at": now})


def load(connection: Connection, pool: str) -> bytes | None:
    """Return a pool's model, None when there is none."""
    found = connection.execute(select(priors.c.model).where(priors.c.pool == pool)).scalar()
    return None if found is None else bytes(found)


def learned(connection: Connection, pool: str) -> Learned | None:
    """Return what is known about a pool's model, None when there is none."""
    wanted = select(priors.c.pool, priors.c.facts, priors.c.trained_at)
    row = connection.execute(wanted.where(priors.c.pool == pool)).first()
    return None if row is None else Learned(pool=row.pool, facts=row.facts, trained_at=row.trained_at)


def forget(connection: Connection, pool: str) -> int:
    """Drop a pool's model; returns how many went."""
    return connection.execute(delete(priors).where(priors.c.pool == pool)).rowcount
