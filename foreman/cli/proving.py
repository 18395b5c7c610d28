"""`foreman backtest`, `replay`: how an agent would have done on closed issues, and would do today."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from foreman.cli.context import Context
from foreman.cli.options import MAX_ID, Json
from foreman.cli.streams import is_quiet

MOST_ISSUES = 5_000

Csv = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Also write a row for each, for a spreadsheet.")
]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with plots; one file, no network.")
]


def backtest(
    context: typer.Context,
    repo: Annotated[str, typer.Argument(metavar="REPO", help="owner/repo or gitlab:group/project.")],
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=MOST_ISSUES, help="So many closed issues at the most, the newest.")
    ] = 200,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Opened since: 30d, or a date such as 2026-01-31.")
    ] = None,
    agent: Annotated[str | None, typer.Option("--agent", metavar="TYPE", help="This agent only.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="Instead of the configured one.")
    ] = None,
    max_usd: Annotated[
        float | None,
        typer.Option("--max-usd", min=0, metavar="USD", help="What this run may cost, instead of the day's budget."),
    ] = None,
    as_json: Json = False,
    csv: Csv = None,
    html: Html = None,
) -> int:
    """Try an agent on closed issues, and compare with what people did. Writes nothing to a forge or the action log.

    Issues are shown as they were when they were opened. An interrupted run goes on where it was.
    """
    from datetime import UTC, datetime
    from decimal import Decimal

    from foreman.app import backtest as backtests
    from foreman.app.backtest_report import document
    from foreman.app.demo_forge import sandboxed
    from foreman.app.report import rows, target
    from foreman.app.report.of_backtest import backtest_page
    from foreman.cli import backtest_view, exits, parsing
    from foreman.cli.output import emit

    own = Context.of(context)
    target.writable(csv, html)
    own.start_logging()
    where = parsing.repo(repo)
    begin = parsing.since(since, now=datetime.now(UTC)) if since else None
    with sandboxed(own.load()) as config, _progress("issues") as progress, _resumable():
        found = backtests.run(
            config,
            where,
            limit=limit,
            since=begin,
            agent=agent,
            model=model,
            max_usd=None if max_usd is None else Decimal(str(max_usd)),
            settings=own.settings(),
            secrets=own.secrets,
            progress=progress,
        )
    facts = document(found)
    made = datetime.now(UTC)
    with _left(csv, lambda: rows.of_backtest(found)), _left(html, lambda: backtest_page(found, now=made)):
        emit(facts, as_json=as_json, show=lambda: backtest_view.show(facts))
    return exits.FAILED if found.stopped or any(one.failure for one in found.tried) else exits.DONE


def replay(
    context: typer.Context,
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="ID", min=1, max=MAX_ID, help="As `foreman log` shows it.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="All since: 30d, or a date such as 2026-01-31.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="Instead of the configured one.")
    ] = None,
    as_json: Json = False,
    csv: Csv = None,
    html: Html = None,
) -> int:
    """Make logged decisions again with today's agent, model and configuration; show what differs, write nothing."""
    from datetime import UTC, datetime

    from foreman.app import replay as replays
    from foreman.app.replay_report import document, summary
    from foreman.app.report import rows, target
    from foreman.app.report.of_replay import replay_page
    from foreman.cli import exits, parsing, replay_view
    from foreman.cli.output import emit
    from foreman.errors import UsageError

    if bool(ids) == bool(since):
        raise UsageError("say which decisions: their numbers, or --since 30d")
    own = Context.of(context)
    own.start_logging()
    target.writable(csv, html)
    begin = parsing.since(since, now=datetime.now(UTC)) if since else None
    config = own.load()
    today = "" if config.llm.provider == "none" else model or config.llm.model or ""
    with _progress("decisions") as progress:
        done = replays.run(
            config,
            ids=ids or (),
            since=begin,
            model=model,
            settings=own.settings(),
            secrets=own.secrets,
            progress=progress,
        )
    facts = document(done)
    made = datetime.now(UTC)
    with _left(csv, lambda: rows.of_replay(done)), _left(html, lambda: replay_page(done, model=today, now=made)):
        emit(facts, as_json=as_json, show=lambda: replay_view.show(facts, summary(done)))
    return exits.FAILED if any(one.failed for one in done) else exits.DONE


@contextmanager
def _left(place: Path | None, content: Callable[[], str]) -> Iterator[None]:
    """Write a file that was asked for before the answer, which nobody may read to its end, and say so after it."""
    from foreman.app.report import target
    from foreman.cli.output import story

    if place is not None:
        target.write(place, content())
    yield
    if place is not None:
        story(f"written: {place}")


@contextmanager
def _resumable() -> Iterator[None]:
    """Say how to go on when a person ends a run."""
    from foreman.cli.output import story

    try:
        yield
    except KeyboardInterrupt:
        story("what was answered is kept: the same command goes on from here")
        raise


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal, and nothing elsewhere."""
    if is_quiet() or not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def told(done: int, of_all: int) -> None:
            bar.update(task, completed=done, total=of_all or None, description=what if of_all else f"{what} read")

        yield told
