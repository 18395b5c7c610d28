"""How one command looks in its help: the words of a manual, not the types of a program."""

from __future__ import annotations

import os
from typing import Any

import typer.core

from foreman.cli.options import MAX_ID
from foreman.cli.words import quick

METAVARS = {
    "since": "WHEN",
    "status": "STATE",
    "limit": "COUNT",
    "before": "ID",
    "repo": "REPO",
    "base_url": "URL",
    "user": "LOGIN",
    "app_id": "ID",
    "installation_id": "NUMBER",
    "provider": "NAME",
    "model": "NAME",
    "timeout": "SECONDS",
}
"""What options take that say no more than a kind of Python's."""


class Command(typer.core.TyperCommand):
    """A command whose arguments are shown by their names."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for parameter in self.params:
            if getattr(parameter, "max", None) == MAX_ID:
                # The bounds are those of a database; saying them helps nobody. They are still checked.
                parameter.min = parameter.max = None  # type: ignore[attr-defined]
            if isinstance(parameter, typer.core.TyperArgument):
                # Its name says what it is; the kind that Typer shows beside it is one of Python's.
                setattr(parameter, "display_type_rich", lambda ctx: None)  # noqa: ARG005, B010
            elif parameter.metavar is None:
                parameter.metavar = METAVARS.get(parameter.name or "")
            if "_FOREMAN_COMPLETE" not in os.environ:  # no shell asks
                continue
            from foreman.cli.completing import offers_for

            offers = offers_for(parameter.metavar or "")
            if offers is not None:
                setattr(parameter, "shell_complete", offers)  # noqa: B010

    def get_params(self, ctx: Any) -> list[Any]:
        """Return all parameters, that of the help among them."""
        return [quick(parameter) for parameter in super().get_params(ctx)]
