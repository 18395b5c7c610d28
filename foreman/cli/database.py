"""`foreman db backup`, `restore`, `check`, `prune`, `compact`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foreman.cli.context import Context
from foreman.cli.options import Json, Yes

if TYPE_CHECKING:
    from datetime import datetime


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


def prune(
    context: typer.Context,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Instead of `storage.keep_days`: 90d at least.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Delete what is old and nothing goes by any more; shows the plan, `--yes` carries it out.

    A running daemon does so by itself, a little at a time. Of open issues the record of what was done stays, and so
    does what people put right.
    """
    from dataclasses import fields
    from datetime import UTC, datetime

    from foreman.app.opening import open_store
    from foreman.cli import exits
    from foreman.cli.output import emit, line
    from foreman.store import retention

    config = Context.of(context).load()
    before = _before(older_than, config.storage.keep_days, datetime.now(UTC))
    with open_store(config) as db:
        if yes:
            found = retention.Pruned()
            while (gone := retention.prune(db, before=before)).rows:
                found += gone
        else:
            with db.read() as connection:
                found = retention.plan(connection, before=before)

    def for_people() -> None:
        for each in fields(found):
            if number := getattr(found, each.name):
                line(f"{number:>9} {each.name.replace('_', ' ')}")
        what = f"older than {before:%Y-%m-%d %H:%M} UTC"
        if not found.rows:
            line(f"nothing {what} is to be deleted")
        elif yes:
            line(f"{what}: deleted; new rows take their room, `foreman db compact` gives it back to the disk")
        else:
            line(f"{what}: nothing was deleted yet: say --yes to do it")

    emit({"before": before, "done": yes, "rows": found}, as_json=as_json, show=for_people)
    return exits.DONE


def compact(context: typer.Context) -> None:
    """Give the room of what was deleted back to the disk; no daemon may be running.

    Room for a second copy is needed while it is done.
    """
    from foreman.cli.output import line
    from foreman.store import backup as copies

    path = Context.of(context).load().storage.path
    before, after = copies.compact(path)
    line(f"{path}: {before} bytes before, {after} now")


def _before(older_than: str | None, keep_days: int, now: datetime) -> datetime:
    from datetime import timedelta

    from foreman.cli import parsing
    from foreman.config.fields import LEAST_DAYS
    from foreman.errors import UsageError

    if older_than is None:
        if not keep_days:
            raise UsageError("`storage.keep_days` is 0, which keeps everything: say --older-than, such as 365d")
        return now - timedelta(days=keep_days)
    before = parsing.since(older_than, now=now)
    if before > now - timedelta(days=LEAST_DAYS):
        raise UsageError(f"--older-than {older_than}: Foreman itself looks back {LEAST_DAYS} days")
    return before
