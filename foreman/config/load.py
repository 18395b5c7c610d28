"""Load the configuration: read, fill in, check, and say everything that is wrong at once.

Nothing is connected to and no secret is read: that happens where a secret is used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from foreman.config import checks, document, extends, reader
from foreman.config.explain import UNKNOWN_KEY, problems_of
from foreman.config.interpolate import interpolate
from foreman.config.models import Config
from foreman.config.paths import find
from foreman.config.policy import AgentConfig
from foreman.errors import ConfigError, Problem
from foreman.model import ForgeKind
from foreman.printable import printable
from foreman.secrets import SecretRef, mask_tokens

__all__ = ["build", "find", "load", "parse", "secrets_of", "unset_secrets"]

MAX_PROBLEMS = 100
"""Most problems that are listed."""


def load(path: Path, *, environ: Mapping[str, str] | None = None) -> Config:
    """Load a file.

    Args:
        path: The file; `find` finds it.
        environ: Instead of the process's environment.

    Returns:
        The configuration; secrets in it are references.

    Raises:
        ConfigError: With every problem found.
    """
    environ = os.environ if environ is None else environ
    return build(extends.read(path, environ), str(path), environ)


def parse(raw: bytes, *, source: str = "", environ: Mapping[str, str] | None = None) -> Config:
    """Load from text instead of a file.

    Args:
        raw: YAML in UTF-8.
        source: Name for messages.
        environ: Instead of the process's environment.

    Returns:
        The configuration.

    Raises:
        ConfigError: With every problem found.
    """
    return build(reader.parse(raw, source=source), source, os.environ if environ is None else environ)


def secrets_of(config: Config) -> tuple[SecretRef, ...]:
    """Return the references to every secret that this configuration will use."""
    forges = {repo.forge for repo in config.repos if repo.enabled}
    refs = [
        config.identity.github_token if ForgeKind.GITHUB in forges else None,
        config.identity.github_app.private_key if config.identity.github_app and ForgeKind.GITHUB in forges else None,
        config.identity.gitlab_token if ForgeKind.GITLAB in forges else None,
        config.llm.api_key,
        *(fallback.api_key for fallback in config.llm.fallbacks),
        config.server.operator_token if config.server.enabled else None,
    ]
    return tuple(ref for ref in refs if ref is not None)


def unset_secrets(config: Config, *, environ: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
    """Try every secret.

    Args:
        config: As loaded.
        environ: Instead of the process's environment.

    Returns:
        A problem for each that cannot be resolved.
    """
    problems: list[Problem] = []
    for ref in secrets_of(config):
        try:
            ref.resolve(environ=environ)
        except ConfigError as error:
            problems.extend(error.problems)
    return tuple(problems)


def build(read: document.Document, source: str, environ: Mapping[str, str]) -> Config:
    """Make the configuration of what was read.

    Args:
        read: One file, or several as one.
        source: Name of the file that the person named.
        environ: The environment.

    Returns:
        The configuration.

    Raises:
        ConfigError: With every problem found.
    """
    problems = list(read.problems)
    data, unfilled = interpolate(read, environ)
    problems += unfilled
    if isinstance(data, dict) and "extends" in data:
        problems.append(read.problem(("extends",), "needs a file to be in, so that it is known where the others are"))
    if not isinstance(data, dict):
        what = "is empty" if data is None else "needs keys with values, such as `repos:`"
        raise ConfigError([*problems, Problem(path="", message=what)], source=source)
    config: Config | None = None
    later: list[Problem] = []
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        later += problems_of(error, Config, read)
    later += _agent_configs(data, read)
    later += [read.problem(path, message) for path, message in checks.check(data, read.name)]
    # What could not be filled in fails its other checks too; once is enough. A wrong name is another matter.
    already = {(problem.path, _order(problem)[0]) for problem in problems}
    problems += [
        found
        for found in later
        if (found.path, _order(found)[0]) not in already or found.message.startswith(UNKNOWN_KEY)
    ]
    if config is None or problems:
        raise ConfigError(_presentable(problems), source=source)
    return config


def _agent_configs(data: dict[str, Any], read: document.Document) -> list[Problem]:
    problems: list[Problem] = []
    repos, defaults = data.get("repos"), data.get("defaults")
    lists = [(("repos", index, "agents"), _agents(repo)) for index, repo in enumerate(_list(repos))]
    for where, agents in [(("defaults", "agents"), _agents(defaults)), *lists]:
        for place, agent in enumerate(agents):
            own = agent.get("config") if isinstance(agent, dict) else None
            if not isinstance(own, dict):
                continue
            try:
                AgentConfig.read(own)
            except ValidationError as error:
                problems += problems_of(error, AgentConfig, read, (*where, place, "config"))
    return problems


def _agents(entry: Any) -> list[Any]:
    return _list(entry.get("agents")) if isinstance(entry, dict) else []


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _order(problem: Problem) -> tuple[str, int]:
    match = re.search(r"\(line ([0-9]+)(?: of (.+))?\)$", problem.message)
    return (match[2] or "", int(match[1])) if match else ("", 0)


def _safe(text: str) -> str:
    return printable(mask_tokens(text))


def _presentable(problems: list[Problem]) -> list[Problem]:
    unique = sorted(dict.fromkeys(problems), key=_order)
    shown = [Problem(path=_safe(one.path), message=_safe(one.message)) for one in unique]
    if len(shown) > MAX_PROBLEMS:
        rest = len(shown) - MAX_PROBLEMS
        shown = [*shown[:MAX_PROBLEMS], Problem(path="", message=f"and {rest} more problems")]
    return shown
