"""`foreman config show REPOSITORY`: every value that holds there, with the place that says it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foreman.config.document import Document
    from foreman.config.models import Config
    from foreman.config.origins import RepoTrace, Setting

_FROM = {
    "default": "built in",
    "global": "top of the file",
    "defaults": "defaults",
    "pattern": "pattern",
    "repo": "repository",
    "agent": "agent",
}


def traced(config: Config, written: Document, source: str, where: str) -> RepoTrace:
    """Find what holds for a repository.

    Args:
        config: As loaded.
        written: What it was loaded from.
        source: Name of the file.
        where: What the person typed.

    Returns:
        Every value.

    Raises:
        UsageError: It is no repository, or no entry is for it.
    """
    from foreman.cli import parsing
    from foreman.config.origins import trace
    from foreman.errors import UsageError

    repo = parsing.repo(where)
    found = trace(config, written, source, repo)
    if found is None:
        raise UsageError(f"{repo} is not in the configuration; there is {config.names()}")
    return found


def show_trace(found: RepoTrace) -> None:
    """Print it for people."""
    from foreman.cli.output import line

    as_what = "" if found.level == "repo" else f" by the pattern {found.entry}"
    line(f"{found.repo}{as_what}: {found.path} ({found.file}:{found.line})")
    line()
    _table(found.settings)
    for agent in found.agents:
        line()
        line(f"{agent.agent}:")
        line()
        _table(agent.settings)


def _table(settings: Sequence[Setting]) -> None:
    from foreman.cli.output import table

    table(("key", "value", "from", "where"), [(one.key, _value(one.value), *_origin(one)) for one in settings])


def _origin(one: Setting) -> tuple[str, str]:
    variables = "".join(f", ${{{name}}}" for name in one.variables)
    return f"{_FROM[one.level]}{variables}", f"{one.file}:{one.line}" if one.file else ""


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
