"""What a reload brings that nobody has worked with yet: a forge without an account, an agent without a runtime.

They are set up as the start would have done it, before the new configuration holds. What cannot be set up keeps the
old one in force.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from foreman.app import forges
from foreman.app.connection import Connection
from foreman.app.found import in_use
from foreman.config.load import secrets_of
from foreman.config.models import AgentSettings, Config
from foreman.daemon import Daemon
from foreman.model import ForgeKind
from foreman.places import Places
from foreman.secrets import KnownSecrets
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomers:
    """Brings them into a daemon that runs.

    Attributes:
        connections: Those there are; new ones are put there.
        agents: Agent types there are.
        secrets: Filled with every secret that is used.
        connect: Connects to forges and makes sure who we are there.
        employ: Puts the account of a connection together and adds it to the others.
        hire: Takes an agent.
        places: Gives it room.
        daemon: Goes on meanwhile.
    """

    connections: Mapping[ForgeKind, Connection]
    agents: Sequence[str]
    secrets: KnownSecrets
    connect: Callable[[Config, Sequence[ForgeKind]], Mapping[ForgeKind, Connection]]
    employ: Callable[[Connection], None]
    hire: Callable[[str, AgentSettings], None]
    places: Places
    daemon: Daemon

    def welcome(self, config: Config) -> None:
        """Set up what a configuration needs and is not there.

        Args:
            config: As loaded; does not hold yet.

        Raises:
            ConfigError: A token is missing, wrong, or somebody else's.
            ForgeError: A forge cannot be reached.
            ContainerError: There is no engine for an agent that needs one.
        """
        for reference in secrets_of(config):
            reference.make_known(self.secrets)
        kinds = [kind for kind in forges.kinds(config) if kind not in self.connections]
        found = [self.connect(config, [kind])[kind] for kind in kinds]
        hired = {name: agent for name, agent in in_use(config).items() if name not in self.agents}
        room = 0
        for name, agent in hired.items():
            room = self.places.add(name, agent.max_concurrency)
            self.hire(name, agent)
        for connection in found:
            self.employ(connection)
        if hired:
            slowest = max(agent.timeout_seconds for agent in hired.values())
            self.daemon.expect_agents(workers=room, task_seconds=slowest)
