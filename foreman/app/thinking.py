"""Agents, their model and what asks them, put together: the half of Foreman that needs no forge.

The daemon, a dry run, a backtest and a replay think with the same parts; only the first has somebody to write for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from foreman.agent.base import AgentRuntime
from foreman.agent.pool import AgentPool
from foreman.app import agents as agents_of
from foreman.app import models
from foreman.app.agents import AgentOffice
from foreman.app.found import in_use
from foreman.app.gate_secrets import LiveSecrets
from foreman.app.rundir import expect_containers, owner_of, run_folder, visitor
from foreman.config.models import AgentSettings, Config
from foreman.deliberation import Thinker
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store.database import Database
from foreman.values import dataclass

_STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """What thinks.

    Attributes:
        agents: The agents, each started when it is first asked.
        thinker: Asks them, with a model where there is one.
        hire: Takes one more agent.
    """

    agents: AgentOffice
    thinker: Thinker
    hire: Callable[[str, AgentSettings], None]


@contextmanager
def thinking(
    config: Config,
    *,
    db: Database,
    settings: Settings,
    secrets: KnownSecrets,
    now: Callable[[], datetime],
    alone: bool,
) -> Iterator[Thinking]:
    """Put together what thinks, with the gateway started, and end it afterwards.

    Args:
        config: As loaded.
        db: Where model calls are counted.
        settings: Of the environment.
        secrets: Filled with every secret that is used.
        now: Current time, aware UTC.
        alone: This is the daemon: it removes what an earlier one of the same name left behind.

    Yields:
        The parts.
    """
    at_work = in_use(config)
    # A command beside the daemon has a name of its own, or it would remove the daemon's containers.
    owner = owner_of(config.storage.path) if alone else visitor()
    containers = any(agent.runtime == "docker" for agent in at_work.values())
    with ExitStack() as stack:
        run_dir = stack.enter_context(
            run_folder(settings.run_dir, owner=owner, alone=alone, containers=containers and alone)
        )
        made = models.gateway_for(
            config, db=db, directory=run_dir / "gateway", secrets=secrets, settings=settings, now=now
        )
        gateway = desk = None
        if made is not None:
            gateway, backend = made
            stack.callback(backend.close)
            gateway.start()
            stack.callback(gateway.stop)
            desk = models.ModelOffice(gateway, provider=config.llm.provider, model=config.llm.model or "")

        def made_for(name: str, agent: AgentSettings) -> AgentRuntime:
            return agents_of.runtime_for(
                name,
                agent,
                run_dir=run_dir / "agents",
                gateway_socket=gateway.socket_path if gateway else None,
                gateway_url=gateway.tcp_url if gateway else "",
                owner=owner,
            )

        def hire(name: str, agent: AgentSettings) -> None:
            if agent.runtime == "docker" and alone:
                expect_containers(run_dir)
            office.add(name, agent, made_for(name, agent))

        runtimes = {name: made_for(name, agent) for name, agent in at_work.items()}
        pool = AgentPool(runtimes, {name: agent.max_concurrency for name, agent in at_work.items()})
        stack.callback(pool.stop, timeout_seconds=_STOP_SECONDS)
        office = AgentOffice(pool=pool, settings=at_work, db=db, now=now)
        thinker = Thinker(
            agents=office,
            models=desk,
            secrets=LiveSecrets(secrets),
            redact_personal=config.llm.redact_personal,
            llm_when=config.llm.when,
            now=now,
        )
        yield Thinking(agents=office, thinker=thinker, hire=hire)
