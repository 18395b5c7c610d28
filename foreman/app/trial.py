"""Agents outside of work: which there are, and one of them alone for `foreman agent test`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from foreman.agent import images
from foreman.agent.base import AgentRuntime
from foreman.agent.conformance import read_plainly
from foreman.agent.engine import sockets_cross
from foreman.app import agents
from foreman.app.found import in_use
from foreman.app.rundir import run_folder, visitor
from foreman.config.models import BUNDLED_AGENTS, AgentSettings, Config
from foreman.errors import AgentReplyInvalid, ContainerError, UsageError
from foreman.gate.reply import read_reply
from foreman.protocol import Decision
from foreman.settings import Settings
from foreman.values import dataclass

_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentType:
    """One agent type.

    Attributes:
        agent: Its name.
        runtime: `docker`, `process` or `url`.
        runs: Image, command or address.
        sealed: Whether it can reach nothing but the model gateway.
        bundled: It comes with Foreman.
        repos: Where it works.
    """

    agent: str
    runtime: str
    runs: str
    sealed: bool
    bundled: bool
    repos: tuple[str, ...]


def described(config: Config) -> tuple[AgentType, ...]:
    """Return every agent type that is bundled, configured or at work."""
    names = dict.fromkeys((*in_use(config), *config.agents, *BUNDLED_AGENTS))
    return tuple(_describe(config, name) for name in names)


@contextmanager
def on_trial(name: str, *, config: Config | None) -> Iterator[AgentRuntime]:
    """Make the runtime of one agent, without a model, and end it afterwards.

    Args:
        name: Its type, or the address where somebody runs it.
        config: Says how a type is run; not needed for an address.

    Yields:
        The runtime, not started.

    Raises:
        UsageError: It is neither a known type nor an address.
    """
    settings = _settings(name, config)
    owner = visitor()
    with run_folder(Settings.read().run_dir, owner=owner, alone=False, containers=False) as folder:
        runtime = agents.runtime_for(
            "issue-triage" if "://" in name else name,
            settings,
            run_dir=folder,
            gateway_socket=None,
            gateway_url="",
            owner=owner,
        )
        try:
            yield runtime
        finally:
            runtime.stop(timeout_seconds=_STOP_SECONDS)


def read_for_author(raw: bytes, task_id: str) -> Decision:
    """Read a reply as strictly as the daemon does, and say what is wrong in words that its author can use.

    Args:
        raw: The reply.
        task_id: Of the task.

    Returns:
        The decision.

    Raises:
        AgentReplyInvalid: The daemon would refuse it.
    """
    try:
        return read_reply(raw, task_id=task_id)
    except AgentReplyInvalid:
        read_plainly(raw, task_id)  # says more, for it repeats what the agent wrote
        raise


def _settings(name: str, config: Config | None) -> AgentSettings:
    if "://" in name:
        parts = urlsplit(name)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"{name[:120]!r} is no address of an agent: http://127.0.0.1:9000")
        return AgentSettings(runtime="url", url=name)
    if config is None or name not in {one.agent for one in described(config)}:
        known = ", ".join(one.agent for one in described(config)) if config else ", ".join(BUNDLED_AGENTS)
        raise UsageError(f"there is no agent {name[:60]!r}; there is {known}")
    return config.agent(name)


def _describe(config: Config, name: str) -> AgentType:
    settings = config.agent(name)
    bundled = name in BUNDLED_AGENTS
    match settings.runtime:
        case "docker":
            runs = settings.image or (images.tag_of(name) if bundled else "")
        case "process":
            runs = (
                " ".join(settings.command)
                if settings.command
                else f"python -m agents.{images.BUNDLED.get(name, name)}"
            )
        case "url":
            runs = settings.url or ""
    return AgentType(
        agent=name,
        runtime=settings.runtime,
        runs=runs,
        sealed=settings.runtime == "docker" and _crosses(),
        bundled=bundled,
        repos=tuple(repo.key for repo in config.repos if any(agent.type == name for agent in config.agents_at(repo))),
    )


def _crosses() -> bool:
    try:
        return sockets_cross()
    except ContainerError:
        return True  # as far as the configuration goes; `foreman check` says that there is no engine
