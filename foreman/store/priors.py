"""What was learned from the labels of a pool of repositories: one model each, which this module does not read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from foreman.model import RepoRef
from foreman.store.rows import put
from foreman.store.tables import priors
from foreman.values import dataclass


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


def pool_of(repo: RepoRef, *, private: bool) -> str:
    """Return the pool of a repository: public ones learn with all of their owner's, a private one by itself."""
    return f"only {repo.key}" if private else f"all {repo.forge.value}:{repo.path.split('/')[0].casefold()}"


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


_LEARNED = select(priors.c.pool, priors.c.facts, priors.c.trained_at).where(priors.c.pool == bindparam("pool"))


def learned(connection: Connection, pool: str) -> Learned | None:
    """Return what is known about a pool's model, None when there is none."""
    row = connection.execute(_LEARNED, {"pool": pool}).first()
    return None if row is None else Learned(pool=row.pool, facts=row.facts, trained_at=row.trained_at)


def forget(connection: Connection, repo: RepoRef) -> int:
    """Drop every model that a repository had a part in; what is left is learned again from. Returns how many went."""
    pools = [pool_of(repo, private=private) for private in (False, True)]
    return connection.execute(delete(priors).where(priors.c.pool.in_(pools))).rowcount
