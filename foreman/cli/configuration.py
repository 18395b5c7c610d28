"""`foreman config …`: what holds, whether it is right, and its schema."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from foreman.cli.context import Context
from foreman.cli.options import Json

if TYPE_CHECKING:
    from pathlib import Path

    from foreman.config.models import Config
    from foreman.errors import Problem

_Which = Literal["config", "task", "decision"]


_Where = Annotated[
    str | None,
    typer.Argument(
        metavar="REPO", help="One repository, and where each value is from: owner/repo, gitlab:group/project."
    ),
]


def show(context: typer.Context, where: _Where = None, as_json: Json = False) -> None:
    """Print the effective configuration, or what holds for one repository and where each value is written down.

    Defaults are filled in; secrets are the variables they come from.
    """
    from foreman.cli.output import emit, plain
    from foreman.config import extends, load
    from foreman.config.show import masked, shown

    path = Context.of(context).config_file()
    written = extends.read(path, os.environ)
    config = load.build(written, str(path), os.environ)
    document: dict[str, Any] = {"source": str(path), "extends": extends.files(written)}
    if where is not None:
        from foreman.cli.tracing import show_trace, traced

        found = traced(config, written, str(path), where)
        emit({**document, **plain(found)}, as_json=as_json, show=lambda: show_trace(found))
        return
    data = shown(config, written.data)
    patterns = [repo for repo in config.repos if repo.pattern is not None]
    effective = masked(plain(config.plans()), written.data, os.environ)
    document |= {"config": data, "effective": effective, "patterns": [pattern.key for pattern in patterns]}
    emit(document, as_json=as_json, show=lambda: _show_all(path, config, data))


def _show_all(path: Path, config: Config, data: dict[str, Any]) -> None:
    import yaml

    from foreman.cli.output import block, line
    from foreman.config.plan import of_entry
    from foreman.model import RepoRef

    line(f"# {path}")
    block(yaml.safe_dump(data, sort_keys=False, allow_unicode=False, width=110))
    line()
    line("# What holds where:")
    for entry in config.repos:
        pattern = entry.pattern
        plan = of_entry(
            config, entry, entry.ref if pattern is None else RepoRef(pattern.forge, f"{pattern.owner}/any")
        )
        line(f"# {entry.key}{'' if plan.enabled else ' (disabled)'}, every {plan.interval_seconds:g} s")
        for agent in plan.agents:
            modes = "".join(f", {kind}: {mode}" for kind, mode in agent.policy.modes.items())
            line(f"#   {agent.agent}: {agent.policy.mode}{modes}; closing {_allowed(agent.policy.allow_close)}")
            line(f"#     labels: {', '.join(agent.policy.labels_add) or 'none'}")


def validate(context: typer.Context, as_json: Json = False) -> int:
    """Check the configuration and that every secret it names can be found; print every problem at once."""
    from foreman.cli import exits
    from foreman.cli.output import line, print_json
    from foreman.config.load import load
    from foreman.errors import ConfigError

    own = Context.of(context)
    source = ""
    named = ""
    try:
        path = own.config_file()
        source = str(path)
        config = load(path)
        named = _named(config)
        unset = _unset(config)
        if unset:
            raise ConfigError(unset, source=source)
    except ConfigError as error:
        if not as_json:
            raise
        problems = [{"path": problem.path, "message": problem.message} for problem in error.problems]
        print_json({"source": error.source or source, "valid": False, "problems": problems})
        return exits.WRONG_USAGE
    if as_json:
        print_json({"source": source, "valid": True, "problems": []})
    else:
        line(f"{source}: valid, {named}")
    return exits.DONE


def schema(which: Annotated[_Which, typer.Argument(help="Which schema.")] = "config", as_json: Json = True) -> None:
    """Print a JSON Schema: of the configuration (for editors), of a task or of a decision."""
    from foreman.cli.output import print_json
    from foreman.config.reference import SCHEMAS

    del as_json  # there is no other form
    print_json(SCHEMAS[which]())


def _unset(config: Config) -> tuple[Problem, ...]:
    """Return the secrets that cannot be found; the demonstration's is there only while its forge runs."""
    from foreman.config.load import unset_secrets

    if config.state_path is None:
        return unset_secrets(config)
    from foreman.app.demo_forge import sandboxed

    with sandboxed(config) as reachable:
        return unset_secrets(reachable)


def _named(config: Config) -> str:
    patterns = sum(repo.pattern is not None for repo in config.repos)
    own = len(config.repos) - patterns
    parts = [f"{own} {'repository' if own == 1 else 'repositories'}"] if own else []
    parts += [f"{patterns} {'pattern' if patterns == 1 else 'patterns'}"] if patterns else []
    return " and ".join(parts) or "no repository"


def _allowed(value: bool) -> str:
    return "allowed" if value else "not allowed"
