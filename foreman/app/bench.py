"""Agents, model and gate without a forge: what `foreman backtest` and `foreman replay` think with.

There is no connection here and nobody who could write to a forge. Model calls are counted like any others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from uuid import uuid4

from foreman.app.thinking import thinking
from foreman.app.workshop import utc_now
from foreman.config.effective import AgentPlan
from foreman.config.load import secrets_of
from foreman.config.models import Config
from foreman.deliberation import Deliberation, Thinker
from foreman.errors import AgentUnavailable
from foreman.precedents import Known
from foreman.recall import Look
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store import usage
from foreman.store.database import Database
from foreman.store.usage import UsageStore
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What thinks.

    Attributes:
        db: The store.
        thinker: Asks agents, which are started when they are first asked.
    """

    db: Database
    thinker: Thinker

    def ask(
        self, look: Look, plan: AgentPlan, known: Callable[[], Known], *, memory_summary: str = ""
    ) -> Deliberation:
        """Ask an agent about what was found on one issue.

        Args:
            look: At it.
            plan: The agent and what it may do.
            known: Tells what bears on the issue beside itself, where an agent is asked at all.
            memory_summary: Facts of earlier decisions on it.

        Returns:
            The judged decision.

        Raises:
            AgentError: The agent did not do its job, or its model did not answer: what it then says for want of one
                is no answer of this model.
            BudgetExceeded: The model's budget is spent.
        """
        task_id = str(uuid4())
        thought = self.thinker.think(
            look,
            plan,
            task_id=task_id,
            attempt=1,
            memory_summary=memory_summary,
            known=lambda _look, _plan: known(),
        )
        with self.db.read() as connection:
            failure = usage.failure_of(connection, task_id)
        if failure:
            raise AgentUnavailable(f"the model failed: {failure}")
        return thought


def with_model(config: Config, model: str | None) -> Config:
    """Return the configuration with another model, or as it is for None."""
    if model is None:
        return config
    return config.model_copy(update={"llm": config.llm.model_copy(update={"model": model})})


def with_budget(config: Config, usd: Decimal | None, *, db: Database) -> Config:
    """Return the configuration with so much to spend from now on, whatever was spent today; as it is for None.

    Args:
        config: As loaded.
        usd: US dollars.
        db: Where today's calls are counted.

    Returns:
        One whose only bound is the money, since a person named it for this run.
    """
    if usd is None:
        return config
    spent = UsageStore(db).usd_of_day(utc_now())
    budget = config.llm.budget
    bounds = {
        "usd_per_day": spent + usd,
        "usd_per_task": min(budget.usd_per_task, usd),
        "calls_per_repo_per_day": sys.maxsize,
    }
    llm = config.llm.model_copy(update={"budget": budget.model_copy(update=bounds)})
    return config.model_copy(update={"llm": llm})


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
