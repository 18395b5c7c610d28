"""The agents from the configuration: how each type is run, and which of them are kept away from work.

Quarantine: an agent that failed several tasks in a row gets none until it answers its health check again. Its tasks
wait unclaimed, so that they lose no attempt; the state is in the store and survives a restart.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from foreman.agent.base import AgentRuntime
from foreman.agent.pool import AgentPool
from foreman.config.models import AgentSettings
from foreman.counting import AGENT_SECONDS, observe
from foreman.errors import AgentError, ContainerError, ForemanError
from foreman.log import get_logger
from foreman.store import breakers
from foreman.store.database import Database
from foreman.store.scopes import scope_of

log = get_logger(__name__)


class AgentOffice:
    """What the daemon and the deliberation see of the agents.

    Attributes:
        types: Agent types at work; those that a reload brings come to it.
    """

    def __init__(
        self, *, pool: AgentPool, settings: Mapping[str, AgentSettings], db: Database, now: Callable[[], datetime]
    ) -> None:
        """Keep the parts.

        Args:
            pool: The runtimes.
            settings: Of each type at work.
            db: Where quarantine is kept.
            now: Current time, aware UTC.
        """
        self.types = list(settings)
        self._told = False
        self._pool = pool
        self._settings = dict(settings)
        self._db = db
        self._now = now

    def add(self, agent: str, settings: AgentSettings, runtime: AgentRuntime) -> None:
        """Take one more agent, which is started when it is first asked.

        Args:
            agent: Its type.
            settings: How it is run.
            runtime: What runs it.
        """
        self._settings = {**self._settings, agent: settings}
        self._pool.add(agent, runtime, settings.max_concurrency)
        self.types.append(agent)
        if not runtime.sealed:
            log.warning("agent_not_sealed", agent=agent, runtime=settings.runtime)

    def ask(self, agent: str, task: bytes, *, timeout_seconds: float) -> bytes:
        """Send a task to an agent and return its raw reply."""
        started = time.monotonic()
        try:
            return self._pool.ask(agent, task, timeout_seconds=timeout_seconds)
        finally:
            observe(AGENT_SECONDS, time.monotonic() - started, agent=agent)

    def gateway_url(self, agent: str) -> str:
        """Return where this agent finds the gateway."""
        return self._pool.runtime(agent).gateway_url

    def timeout_seconds(self, agent: str) -> float:
        """Return how long this agent may take for one task."""
        return self._of(agent).timeout_seconds

    def max_retries(self, agent: str) -> int:
        """Return how many runs a task gets after the first."""
        return self._of(agent).max_retries

    def _of(self, agent: str) -> AgentSettings:
        # One that a reload brought has no runtime until the next start: asking it fails with these words.
        return self._settings.get(agent) or AgentSettings()

    def busy(self) -> frozenset[str]:
        """Return the agent types that can take no task now: full, or in quarantine."""
        return self._pool.busy() | self.quarantined()

    def quarantined(self) -> frozenset[str]:
        """Return the agent types that are kept away from work."""
        with self._db.read() as connection:
            return frozenset(
                agent
                for agent in self._settings
                if (state := breakers.get(connection, scope_of(agent))) is not None and state.open
            )

    def warm(self) -> None:
        """Start every agent now; one that does not start is told of, and tried again with its first task."""
        self._side_by_side(self._pool.agents, self._start)
        if not self._told:
            self._told = True
            self.tell_unsealed()

    def tell_unsealed(self) -> None:
        """Say in the log which agents are not sealed."""
        for agent in self._pool.agents:
            if not self._pool.runtime(agent).sealed:
                log.warning("agent_not_sealed", agent=agent, runtime=self._settings[agent].runtime)

    def tend(self) -> None:
        """Look whether quarantined agents, whose time is up, are well again; a slow one keeps no other waiting."""
        now = self._now()
        due = []
        for agent in sorted(self.quarantined()):
            with self._db.read() as connection:
                state = breakers.get(connection, scope_of(agent))
            if state is not None and (state.open_until is None or now >= state.open_until):
                due.append(agent)
        self._side_by_side(due, self._look_at)

    def _start(self, agent: str) -> None:
        try:
            self._pool.runtime(agent).start()
        except (AgentError, ContainerError) as error:
            log.warning("agent_not_ready", agent=agent, reason=str(error))

    def _look_at(self, agent: str) -> None:
        well = _is_well(self._pool.runtime(agent))
        now = self._now()
        with self._db.transaction() as connection:
            if well:
                breakers.record_success(connection, scope_of(agent), now=now)
            else:
                breakers.record_failure(connection, scope_of(agent), now=now)
        log.info("agent_released" if well else "agent_still_ill", agent=agent)

    @staticmethod
    def _side_by_side(agents: Sequence[str], work: Callable[[str], None]) -> None:
        failures: list[ForemanError] = []

        def run(agent: str) -> None:
            try:
                work(agent)
            except ForemanError as error:
                failures.append(error)

        # Daemon threads: an image that is being built must not keep the process from ending.
        threads = [threading.Thread(target=run, args=(agent,), name=f"look:{agent}", daemon=True) for agent in agents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def stop(self, *, timeout_seconds: float) -> None:
        """End them all, and everything they started."""
        self._pool.stop(timeout_seconds=timeout_seconds)


def _is_well(runtime: AgentRuntime) -> bool:
    try:
        runtime.start()
    except (AgentError, ContainerError):
        return False
    return runtime.healthy()


def runtime_for(
    agent: str, settings: AgentSettings, *, run_dir: Path, gateway_socket: Path | None, gateway_url: str, owner: str
) -> AgentRuntime:
    """Make the runtime of one agent type; starts nothing.

    Args:
        agent: Its type.
        settings: How it is run.
        run_dir: Private folder for sockets and scratch.
        gateway_socket: Where the model gateway listens; None without a model.
        gateway_url: The gateway over loopback TCP; empty without a model.
        owner: Marks our containers, so that a later start finds what a crash left.

    Returns:
        The runtime.
    """
    match settings.runtime:
        case "process":
            from foreman.agent.processes import process_runtime
            from foreman.agent.resources import Resources

            return process_runtime(
                agent,
                command=settings.command,
                work_dir=run_dir,
                gateway_url=gateway_url,
                resources=Resources(memory=settings.resources.memory, pids=settings.resources.pids),
            )
        case "url":
            from foreman.agent.remote import UrlRuntime

            return UrlRuntime(agent, url=settings.url or "", gateway_url=gateway_url)
        case "docker":
            from foreman.agent.containers import docker_runtime

            return docker_runtime(
                agent,
                image=settings.image,
                work_dir=run_dir,
                gateway_socket=gateway_socket,
                gateway_url=gateway_url,
                owner=owner,
                memory=settings.resources.memory,
                cpus=settings.resources.cpus,
                pids=settings.resources.pids,
            )
