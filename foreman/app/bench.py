"""Agents, model and gate without a forge: what `foreman backtest` and `foreman replay` think with.

There is no connection here and nobody who could write to a forge. Model calls are counted like any others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from foreman.app.thinking import thinking
from foreman.app.workshop import utc_now
from foreman.config.load import secrets_of
from foreman.config.models import Config
from foreman.deliberation import Thinker
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What thinks.

    Attributes:
        db: The store.
        thinker: Asks agents, which are started when they are first asked.
    """

    db: Database
    thinker: Thinker


def with_model(config: Config, model: str | None) -> Config:
    """Return the configuration with another model, or as it is for None."""
    if model is None:
        return config
    return config.model_copy(update={"llm": config.llm.model_copy(update={"model": model})})


@contextmanager
def bench(config: Config, *, db: Database, settings: Settings, secrets: KnownSecrets) -> Iterator[Bench]:
    """Put together what thinks, and end it afterwards.

    Args:
        config: As loaded; no token of a forge is needed.
        db: The store.
        settings: Of the environment.
        secrets: Filled with every secret that is there.

    Yields:
        The parts.
    """
    for reference in secrets_of(config):
        reference.make_known(secrets)
    with thinking(config, db=db, settings=settings, secrets=secrets, now=utc_now, alone=False) as parts:
        yield Bench(db=db, thinker=parts.thinker)
