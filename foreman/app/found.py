"""What holds for every repository, those included that patterns found, and who works on any of them."""

from __future__ import annotations

from sqlalchemy import Connection

from foreman.config.effective import RepoPlan
from foreman.config.models import AgentSettings, Config
from foreman.store import discovered


def plans_of(config: Config, connection: Connection) -> tuple[RepoPlan, ...]:
    """Return a plan for each repository that is named, and for each that a pattern stands for.

    Args:
        config: As loaded.
        connection: To the store, where the last lookup is kept; nothing is asked of a forge.

    Returns:
        In the order of the file.
    """
    patterns = config.patterns()
    found = discovered.polled(connection, {pattern.key for pattern in patterns})
    return config.plans({pattern: found[pattern.key] for pattern in patterns})


def in_use(config: Config) -> dict[str, AgentSettings]:
    """Return the settings of every agent type that works on any repository."""
    names = dict.fromkeys(agent.type for repo in config.repos for agent in config.agents_at(repo))
    return {name: config.agent(name) for name in names}
