"""`foreman check` at the model and the agents: whether they answer, and whether agents are sealed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from foreman.agent import images
from foreman.agent.engine import WHAT_TO_DO, engine_version, ignored_limits, sockets_cross
from foreman.agent.remote import UrlRuntime
from foreman.app import models
from foreman.app.checkup import Finding, fail, fine, told, warn
from foreman.app.found import in_use
from foreman.app.rundir import is_bounded
from foreman.app.workshop import utc_now
from foreman.config.models import AgentSettings, Config
from foreman.errors import ConfigError, ContainerError, ModelError
from foreman.secrets import KnownSecrets
from foreman.settings import Settings

QUESTION = {"messages": [{"role": "user", "content": "Answer with the one word: ready"}], "max_tokens": 16}
"""What a model is asked on demand: as little as shows that it answers."""

_NO_MODEL = "what keywords are not sure of stays undecided"
_NO_AGENT = "no issue can be decided"
_UNSEALED = "an agent that a text took over can reach what this user can"


def look_at_model(
    config: Config, *, settings: Settings, secrets: KnownSecrets, ask: bool, told_already: Collection[str] = ()
) -> Iterator[Finding]:
    """Look whether there is a model, and on demand whether it answers.

    Args:
        config: As loaded.
        settings: Of the environment.
        secrets: Filled with the keys.
        ask: Send it a word.
        told_already: Keys whose problems were told before.

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
            if problem.path not in told_already:
                yield told("model", problem, _NO_MODEL)
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
        remedy = (
            "mend `llm` in the configuration, look at the provider's own status, and `foreman check --model` again"
        )
        yield fail("model", f"{name}: {error}", _NO_MODEL, remedy)
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
    for name, agent in in_use(config).items():
        match agent.runtime:
            case "docker":
                yield _container(name, agent, settings.run_dir)
            case "process":
                text = "runs as a process of this user and is not sealed"
                remedy = f"set `agents.{name}.runtime: docker` for text from strangers"
                yield warn(f"agent {name}", text, _UNSEALED, remedy)
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
        remedy = (
            "start Docker or Podman until `docker info` answers, set `DOCKER_HOST`, or set "
            f"`agents.{name}.runtime: process`, which is not sealed"
        )
        return fail(what, str(error).removesuffix(f"; {WHAT_TO_DO}"), _NO_AGENT, remedy)
    if not there and settings.image:
        remedy = f"`docker pull {image}`, or correct `agents.{name}.image`"
        return fail(what, f"{version} has no image {image}", _NO_AGENT, remedy)
    if not sealed:
        how = "sockets do not cross into its machine: the agent is reached over loopback TCP with a token"
        remedy = "point `DOCKER_HOST` to an engine of this machine"
        return warn(what, f"not sealed, {version}; {how}, and has a network", _UNSEALED, remedy)
    if not there:
        text, why = f"{version}; the image {image} is built at the first task", "that task waits for it some minutes"
        return warn(what, text, why, f"`foreman agent build {name}`")
    if ignored:
        how = f"but the engine holds no limit on {', '.join(ignored)}"
        why = "an agent may take all of this machine"
        remedy = "give the engine cgroups that it may use: `docker info` tells what it has"
        return warn(what, f"sealed, image {image}, {version}; {how}", why, remedy)
    if os.geteuid() != 0 and not is_bounded(run_dir):
        how = f"its socket lies in {run_dir}, where it can make files without end"
        why, remedy = "an agent may fill this disk", "set `FOREMAN_RUN_DIR` to a small tmpfs of its own"
        return warn(what, f"sealed, image {image}, {version}; {how}", why, remedy)
    return fine(what, f"sealed, image {image}, {version}")


def _url(name: str, url: str) -> Finding:
    if UrlRuntime(name, url=url, gateway_url="").healthy():
        return fine(f"agent {name}", f"answers at {url}; Foreman cannot know what it can reach")
    text = f"does not answer GET {url.rstrip('/')}/health with 200"
    return fail(f"agent {name}", text, _NO_AGENT, f"start it, then `foreman agent test {url}`")
