"""The entry point: read the options before the command, call it, turn what comes out into an exit code.

`foreman --help` imports Typer and nothing else that is not in the standard library; a family's module does all
further imports inside its functions.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from foreman import __version__, heap
from foreman.cli import exits, lazily, streams
from foreman.cli.context import Context
from foreman.secrets import KnownSecrets

FAMILIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("demonstration", "", ("demo",)),
    ("starting", "", ("init",)),
    ("checking", "", ("check",)),
    ("running", "", ("run", "triage")),
    ("status", "", ("status",)),
    ("reading", "", ("log",)),
    ("explaining", "", ("explain", "inspect=explain")),
    ("digest", "", ("digest",)),
    ("people", "", ("pending", "approve", "reject")),
    ("undoing", "", ("undo",)),
    ("work", "", ("dead", "retry", "drop", "seen", "pause", "resume")),
    ("reading", "memory", ("show", "forget", "export")),
    ("proving", "", ("backtest", "replay")),
    ("agents", "agent", ("list_", "build", "test")),
    ("configuration", "config", ("show", "validate", "schema")),
    ("database", "db", ("backup", "restore", "check", "prune", "compact")),
    ("about", "", ("version",)),
)
"""Module under `foreman.cli`, group (empty: top level), functions in the order of the help.

A command is called as its function, `_` written as `-` and one at the end left out; `inspect=explain` is another,
unlisted name for `explain`. Its docstring is its help. What it returns is the exit code, None for 0.
"""

GROUPS = {
    "config": "The configuration: what holds, whether it is right, its schema.",
    "agent": "Agents: which there are, building and testing them.",
    "memory": "What Foreman remembers.",
    "db": "The database: backup, restore, check, what is old.",
}
"""What each group is for."""

_Level = Literal["debug", "info", "warning", "error"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Instead of the process's own.

    Returns:
        The exit code: 0 done, 1 failed or something needs attention, 2 wrong usage or configuration, 3 a bug in
        Foreman, 130 interrupted.
    """
    secrets = KnownSecrets()
    streams.prepare()
    streams.be_quiet(False)
    if "_FOREMAN_COMPLETE" in os.environ:  # a shell asks
        from foreman.cli import completing

        completing.prepare(os.environ)
    with heap.loading():
        return streams.finish(_called(arguments, secrets), exits.say)


def _called(arguments: Sequence[str] | None, secrets: KnownSecrets) -> int:
    try:
        result = build(secrets)(args=arguments, prog_name="foreman", standalone_mode=False)
    except typer.Abort:
        return exits.report(KeyboardInterrupt(), secrets)
    except typer.TyperException as error:
        return _misused(error)
    except SystemExit as error:  # Typer's own end when nobody reads any more
        if isinstance(error.__context__, BrokenPipeError):
            return exits.DONE
        raise
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, OSError) and streams.is_of_output(error):
            if isinstance(error, BrokenPipeError):
                return exits.DONE
            exits.say(f"{streams.UNWRITTEN}: {error.strerror}")
            return exits.FAILED
        return exits.report(error, secrets)
    return result if isinstance(result, int) else exits.DONE


def build(secrets: KnownSecrets) -> typer.Typer:
    """Put the whole command line together.

    Args:
        secrets: Handed to every command.

    Returns:
        The application.
    """
    app = _group("An always-on AI co-maintainer for open-source repositories.", _entries(""))
    app.callback(invoke_without_command=False)(_options(secrets))
    for name in dict.fromkeys(group for _, group, _ in FAMILIES if group):
        app.add_typer(_group(GROUPS[name], _entries(name)), name=name)
    return app


def _entries(group: str) -> list[lazily.Entry]:
    return [lazily.Entry(module, group, text) for module, of, texts in FAMILIES if of == group for text in texts]


def command_names() -> frozenset[str]:
    """Return what can be typed after `foreman`: commands, groups, and commands with their group before them."""
    named = {f"{group} {lazily.names_of(entry)[0]}".strip() for _, group, entries in FAMILIES for entry in entries}
    return frozenset(named | {group for _, group, _ in FAMILIES if group})


def _group(text: str, entries: list[lazily.Entry]) -> typer.Typer:
    return typer.Typer(
        cls=lazily.group_of(entries),
        help=text,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=lazily.CONTEXT,
    )


def _options(secrets: KnownSecrets) -> Callable[..., None]:
    def options(
        context: typer.Context,
        config: Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.")] = None,
        log_level: Annotated[_Level | None, typer.Option("--log-level", help="Least level that is logged.")] = None,
        quiet: Annotated[
            bool, typer.Option("--quiet", "-q", help="Print the answer and errors, nothing else.")
        ] = False,
        version: Annotated[
            bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
        ] = False,
    ) -> None:
        """An always-on AI co-maintainer for open-source repositories."""
        del version
        streams.be_quiet(quiet)
        level = log_level or ("error" if quiet else None)
        context.obj = Context(config_path=config, log_level=level, secrets=secrets)

    return options


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"foreman {__version__}")
        raise typer.Exit


def _misused(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    usage = f"{context.get_usage()}\nTry '{context.command_path} --help'." if context is not None else ""
    message = error.format_message()
    if message.startswith("Usage:"):  # a group called without a command: the help is the message
        typer.echo(message, err=True)
        return exits.WRONG_USAGE
    return exits.wrong_usage(message, usage)


if __name__ == "__main__":
    sys.exit(main())
