"""`foreman db backup`, `restore`, `check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foreman.cli.context import Context
from foreman.cli.options import Json, Yes


def backup(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(metavar="PATH", help="The copy to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Copy the database into one file, while a daemon works on it or without one."""
    from foreman.app.opening import open_store
    from foreman.cli.output import line
    from foreman.config.paths import from_home
    from foreman.store import backup as copies

    config = Context.of(context).load()
    place = from_home(target)
    with open_store(config) as db:
        copies.backup(db, place, overwrite=overwrite)
    line(f"{target}: {place.stat().st_size} bytes; `foreman db restore {target} --yes` brings it back")


def restore(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="PATH", help="A copy made by `foreman db backup`.")],
    yes: Yes = False,
) -> int:
    """Put a copy in the place of the database; the replaced one is kept beside it.

    What the copy holds as planned may have been done since: the next run asks the forge before it does any of it.
    """
    from foreman.cli import exits
    from foreman.cli.output import line, story
    from foreman.config.paths import from_home
    from foreman.errors import UsageError
    from foreman.store import backup as copies

    config = Context.of(context).load()
    path = from_home(source)
    if not path.is_file():
        raise UsageError(f"there is no file {source}")
    if not yes:
        for problem in copies.check(path):
            story(problem)
        line(f"would put {source} in the place of {config.storage.path}: say --yes to do it")
        return exits.DONE
    replaced = copies.restore(path, config.storage.path)
    line(f"{config.storage.path} is what {source} holds" + (f"; what was there is {replaced}" if replaced else ""))
    return exits.DONE


def check(context: typer.Context, as_json: Json = False) -> int:
    """Look for everything that can be wrong with the database; exit code 1 when something is."""
    from foreman.cli import exits
    from foreman.cli.output import emit, line
    from foreman.store import backup as copies

    config = Context.of(context).load()
    path = config.storage.path
    problems = copies.check(path)

    def for_people() -> None:
        for problem in problems:
            line(problem)
        if not problems:
            line(f"{path}: sound")

    emit({"path": path, "sound": not problems, "problems": problems}, as_json=as_json, show=for_people)
    return exits.FAILED if problems else exits.DONE
