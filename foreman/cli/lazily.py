"""A group of commands that imports and builds one of them only when it is called; for its help it reads docstrings.

Typer looks through the signature of every command it is told of, which takes longer than most commands themselves.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

import typer
import typer.core
import typer.main

from foreman.cli.words import quick

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 80}
"""Of every group and command."""


class Entry:
    """One command that is not built yet."""

    __slots__ = ("function", "group", "hidden", "module", "name")

    def __init__(self, module: str, group: str, text: str) -> None:
        """Read what the list of families says.

        Args:
            module: Under `foreman.cli`.
            group: Empty: top level.
            text: Its function; `inspect=explain` is another, unlisted name for `explain`.
        """
        self.module, self.group, self.hidden = module, group, "=" in text
        self.name, self.function = names_of(text)

    def load(self) -> Callable[..., object]:
        """Import the function."""
        found: Callable[..., object] = getattr(importlib.import_module(f"foreman.cli.{self.module}"), self.function)
        return found

    def build(self) -> Any:
        """Return Typer's command."""
        from foreman.cli import examples
        from foreman.cli.shape import Command

        function = self.load()
        text = help_of(function)
        alone = typer.Typer(
            rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, context_settings=CONTEXT
        )
        alone.command(
            self.name,
            cls=Command,
            help=text,
            short_help=text.split("\n")[0],
            epilog=examples.below(f"{self.group} {self.name}".strip()) or None,
            hidden=self.hidden,
        )(function)
        return typer.main.get_command(alone)


class Commands(MutableMapping[str, Any]):
    """The commands of a group by name; looking one up builds it."""

    def __init__(self, entries: Iterable[Entry], built: MutableMapping[str, Any]) -> None:
        """Take what there is.

        Args:
            entries: Not built yet, in the order of the help.
            built: Groups below this one, which come after them.
        """
        self.waiting = {entry.name: entry for entry in entries}
        self._order = dict.fromkeys([*self.waiting, *built])
        self._built = dict(built)

    def __getitem__(self, name: str) -> Any:
        """Return a command, built by now."""
        if name not in self._built:
            self._built[name] = self.waiting[name].build()
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        """Add one that is built."""
        self._order[name] = None
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        """Take one away."""
        del self._order[name]
        self._built.pop(name, None)
        self.waiting.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        """Give the names in the order of the help."""
        return iter(self._order)

    def __len__(self) -> int:
        """Count them."""
        return len(self._order)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a command, without building it."""
        return name in self._order


def group_of(entries: Iterable[Entry]) -> type[typer.core.TyperGroup]:
    """Return the class of a group with these commands, which Typer is told nothing of.

    Args:
        entries: In the order of the help.

    Returns:
        For `typer.Typer(cls=…)`.
    """
    waiting = tuple(entries)

    class Group(typer.core.TyperGroup):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.commands: Commands = Commands(waiting, self.commands)

        def get_params(self, ctx: Any) -> list[Any]:
            return [quick(parameter) for parameter in super().get_params(ctx)]

        def list_commands(self, ctx: Any) -> list[str]:
            del ctx
            return list(self.commands)

        def format_commands(self, ctx: Any, formatter: Any) -> None:
            rows = []
            for name in self.list_commands(ctx):
                entry = self.commands.waiting.get(name)
                if entry is None:
                    rows.append((name, self.commands[name].get_short_help_str(formatter.width)))
                elif not entry.hidden:
                    rows.append((name, help_of(entry.load()).split("\n")[0]))
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    return Group


def names_of(entry: str) -> tuple[str, str]:
    """Return the command's name and its function's.

    Args:
        entry: Of the list of families.

    Returns:
        The function's name with `_` written as `-` and one at the end left out, or the other name; the function's.
    """
    alias, _, function_name = entry.rpartition("=")
    return (alias or function_name).rstrip("_").replace("_", "-"), function_name


def help_of(function: Callable[..., object]) -> str:
    """Return what a docstring says before its sections, which are for readers of the code."""
    text = inspect.getdoc(function) or ""
    lines = text.splitlines()
    ends = [number for number, line in enumerate(lines) if line in {"Args:", "Returns:", "Raises:"}]
    return "\n".join(lines[: ends[0]] if ends else lines).strip()
