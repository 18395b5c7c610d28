"""`foreman digest`: a page for a person about what happened lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from foreman.cli.context import Context
from foreman.cli.options import Json, NoPager

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foreman.config.effective import RepoPlan
    from foreman.config.models import Config

Repos = Annotated[list[str] | None, typer.Argument(metavar="REPO", help="Of these repositories only.")]


def digest(
    context: typer.Context,
    repos: Repos = None,
    since: Annotated[str, typer.Option(help="From when on: 2h, 7d, 2026-01-31.")] = "7d",
    no_pager: NoPager = False,
    as_json: Json = False,
) -> None:
    """Write a page about what happened: Markdown for a person.

    What came in, what was done, what waits for whom, what people put right, what it cost and what that saved; before
    all that what needs a person, also what failed without a sound: a repository where nothing is done any more. Reads
    the database alone, beside a running daemon or without one.
    """
    from datetime import UTC, datetime

    from foreman.app import digest as app
    from foreman.app.digest_page import page
    from foreman.app.found import plans_of
    from foreman.app.opening import open_store
    from foreman.cli import parsing
    from foreman.cli.output import emit

    config = Context.of(context).load()
    now = datetime.now(UTC)
    moment = parsing.since(since, now=now)
    with open_store(config) as db:
        with db.read() as connection:
            plans = plans_of(config, connection)
        found = app.digest(db, _asked_for(plans, repos or [], config), since=moment, now=now)
    emit(found, as_json=as_json, page=not no_pager, show=lambda: _show(page(found)))


def _show(text: str) -> None:
    """Print the page as it is: each line of it fits, and everything from outside is escaped in it already."""
    from foreman.cli.output import line

    for part in text.split("\n"):
        line(part)


def _asked_for(plans: Sequence[RepoPlan], names: Sequence[str], config: Config) -> Sequence[RepoPlan]:
    from foreman.cli import parsing
    from foreman.errors import UsageError

    if not names:
        return plans
    wanted = {parsing.repo(name).key.lower() for name in names}
    found = [plan for plan in plans if plan.repo.key.lower() in wanted]
    missing = wanted - {plan.repo.key.lower() for plan in found}
    if missing:
        raise UsageError(f"{min(missing)} is not in the configuration; there is {config.names()}")
    return found
