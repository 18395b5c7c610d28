"""`foreman check` at the model and the agents: whether they answer, and whether agents are sealed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from foreman.agent import images
from foreman.agent.engine import engine_version, ignored_limits, sockets_cross
from foreman.agent.remote import UrlRuntime
from foreman.app import agents, models
from foreman.app.checkup import Finding, fail, fine, warn
from foreman.app.rundir import is_bounded
from foreman.app.workshop import utc_now
from foreman.config.models import AgentSettings, Config
from foreman.errors import ConfigError, ContainerError, ModelError
from foreman.secrets import KnownSecrets
from foreman.settings import Settings

QUESTION = {"messages": [{"role": "user", "content": "Answer with the one word: ready"}], "max_tokens": 16}
"""What a model is asked on demand: as little as shows that it answers."""


def look_at_model(config: Config, *, settings: Settings, secrets: KnownSecrets, ask: bool) -> Iterator[Finding]:
    """Look whether there is a model, and on demand whether it answers.

    Args:
        config: As loaded.
        settings: Of the environment.
        secrets: Filled with the keys.
        ask: Send it a word.

    Yields:
        What was found.
    """
    llm = config.llm
    if llm.provider == "none":
        yield fine("model", "none: keywords and learned labels only")
        return
    name = f"{llm.provider} {llm.model or ''}".strip()
    try:
        backend = models.backend_for(config, secrets=secrets, settings=settings, now=utc_now)
    except ConfigError as error:
        for problem in error.problems:
            yield fail("model", problem.path, problem.message)
        return
    if backend is None:
        return
    try:
        if not ask:
            yield fine("model", f"{name}, not asked (`foreman check --model` asks it)")
            return
        answer = backend.complete(dict(QUESTION), timeout_seconds=llm.timeout_seconds)
        tokens = f"{answer.input_tokens} + {answer.output_tokens} tokens"
        yield fine("model", f"{name} answers as {answer.model}, {tokens}")
    except ModelError as error:
        yield fail("model", f"{name}: {error}", "check `llm` in the configuration and the provider's own status")
    finally:
        backend.close()


def look_at_agents(config: Config, *, settings: Settings) -> Iterator[Finding]:
    """Look how each agent type at work is run, and whether it can be.

    Args:
        config: As loaded.
        settings: Of the environment.

    Yields:
        A finding for each.
    """
    for name, agent in agents.in_use(config).items():
        match agent.runtime:
            case "docker":
                yield _container(name, agent, settings.run_dir)
            case "process":
                remedy = "use `runtime: docker` for text from strangers"
                yield warn(f"agent {name}", "runs as a process of this user and is not sealed", remedy)
            case "url":
                yield _url(name, agent.url or "")


def _container(name: str, settings: AgentSettings, run_dir: Path) -> Finding:
    what = f"agent {name}"
    try:
        version = engine_version()
        image = settings.image or images.tag_of(name)
        there = images.exists(image)
        sealed = sockets_cross()
        ignored = ignored_limits()
    except ContainerError as error:
        return fail(what, str(error), f"or set `agents.{name}.runtime: process`, which is not sealed")
    if not there and settings.image:
        return fail(what, f"{version} has no image {image}", f"pull or build it, or correct `agents.{name}.image`")
    if not sealed:
        how = "sockets do not cross into its machine: the agent is reached over loopback TCP with a token"
        return warn(what, f"not sealed, {version}; {how}, and has a network", "use an engine of this machine")
    if not there:
        return warn(what, f"{version}; the image {image} is built at the first task", f"`foreman agent build {name}`")
    if ignored:
        how = f"but the engine holds no limit on {', '.join(ignored)}"
        return warn(what, f"sealed, image {image}, {version}; {how}", "give the engine cgroups that it may use")
    if os.geteuid() != 0 and not is_bounded(run_dir):
        how = f"its socket lies in {run_dir}, where it can make files without end"
        return warn(
            what, f"sealed, image {image}, {version}; {how}", "set FOREMAN_RUN_DIR to a small tmpfs of its own"
        )
    return fine(what, f"sealed, image {image}, {version}")


def _url(name: str, url: str) -> Finding:
    if UrlRuntime(name, url=url, gateway_url="").healthy():
        return fine(f"agent {name}", f"answers at {url}; Foreman cannot know what it can reach")
    return fail(f"agent {name}", f"does not answer GET {url.rstrip('/')}/health with 200", "start it")
