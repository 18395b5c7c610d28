"""Agents, model and gate without a forge: what `foreman backtest` and `foreman replay` think with.

There is no connection here and nobody who could write to a forge. Model calls are counted like any others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from foreman.agent.base import AgentRuntime
from foreman.agent.pool import AgentPool
from foreman.app import agents as agents_of
from foreman.app import models
from foreman.app.agents import AgentOffice
from foreman.app.gate_secrets import LiveSecrets
from foreman.app.rundir import run_folder, visitor
from foreman.app.workshop import utc_now
from foreman.config.load import secrets_of
from foreman.config.models import Config
from foreman.deliberation import Thinker
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store.database import Database

_STOP_SECONDS = 2.0


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
    at_work = agents_of.in_use(config)
    owner = visitor()
    with ExitStack() as stack:
        containers = any(agent.runtime == "docker" for agent in at_work.values())
        run_dir = stack.enter_context(run_folder(settings.run_dir, owner=owner, alone=False, containers=containers))
        made = models.gateway_for(
            config, db=db, directory=run_dir / "gateway", secrets=secrets, settings=settings, now=utc_now
        )
        gateway = None
        if made is not None:
            gateway, backend = made
            stack.callback(backend.close)
            gateway.start()
            stack.callback(gateway.stop)
        runtimes: dict[str, AgentRuntime] = {
            name: agents_of.runtime_for(
                name,
                agent,
                run_dir=run_dir / "agents",
                gateway_socket=gateway.socket_path if gateway else None,
                gateway_url=gateway.tcp_url if gateway else "",
                owner=owner,
            )
            for name, agent in at_work.items()
        }
        pool = AgentPool(runtimes, {name: agent.max_concurrency for name, agent in at_work.items()})
        stack.callback(pool.stop, timeout_seconds=_STOP_SECONDS)
        desk = None
        if gateway is not None:
            desk = models.ModelOffice(gateway, provider=config.llm.provider, model=config.llm.model or "")
        thinker = Thinker(
            agents=AgentOffice(pool=pool, settings=at_work, db=db, now=utc_now),
            models=desk,
            secrets=LiveSecrets(secrets),
            redact_personal=config.llm.redact_personal,
            llm_when=config.llm.when,
            now=utc_now,
        )
        yield Bench(db=db, thinker=thinker)
