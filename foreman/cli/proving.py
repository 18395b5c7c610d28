"""`foreman backtest`, `replay`: how an agent would have done on closed issues, and would do today."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from foreman.cli.context import Context
from foreman.cli.options import MAX_ID, Json

MOST_ISSUES = 5_000


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
    as_json: Json = False,
) -> int:
    """Try an agent on closed issues, and compare with what people did. Writes nothing to a forge or the action log.

    Issues are shown as they were when they were opened. An interrupted run goes on where it was.
    """
    from datetime import UTC, datetime

    from foreman.app import backtest as backtests
    from foreman.app.backtest_report import document
    from foreman.app.demo_forge import sandboxed
    from foreman.cli import exits, parsing
    from foreman.cli.output import emit

    own = Context.of(context)
    own.start_logging()
    where = parsing.repo(repo)
    begin = parsing.since(since, now=datetime.now(UTC)) if since else None
    with sandboxed(own.load()) as config, _progress("issues") as progress:
        found = backtests.run(
            config,
            where,
            limit=limit,
            since=begin,
            agent=agent,
            model=model,
            settings=own.settings(),
            secrets=own.secrets,
            progress=progress,
        )
    facts = document(found)
    emit(facts, as_json=as_json, show=lambda: _show(facts))
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
) -> int:
    """Make logged decisions again with today's agent, model and configuration; show what differs, write nothing."""
    from datetime import UTC, datetime

    from foreman.app import replay as replays
    from foreman.cli import exits, parsing
    from foreman.cli.output import emit
    from foreman.errors import UsageError

    if bool(ids) == bool(since):
        raise UsageError("say which decisions: their numbers, or --since 30d")
    own = Context.of(context)
    own.start_logging()
    begin = parsing.since(since, now=datetime.now(UTC)) if since else None
    with _progress("decisions") as progress:
        done = replays.run(
            own.load(),
            ids=ids or (),
            since=begin,
            model=model,
            settings=own.settings(),
            secrets=own.secrets,
            progress=progress,
        )
    facts = [
        {
            "id": one.entry.id,
            "issue": str(one.entry.issue),
            "agent": one.entry.agent,
            "before": one.before,
            "after": one.after,
            "same": one.before == one.after,
            "text_changed": one.text_changed,
            "not_replayed_because": one.why_not,
        }
        for one in done
    ]
    emit(facts, as_json=as_json, show=lambda: _show_replay(facts))
    return exits.DONE


def _show_replay(facts: list[dict[str, Any]]) -> None:
    from foreman.cli.output import line

    for one in facts:
        if one["not_replayed_because"]:
            line(f"{one['id']}  {one['issue']}  not replayed: {one['not_replayed_because']}")
        elif not one["same"]:
            line(f"{one['id']}  {one['issue']}")
            line(f"    - {_in_short(one['before'])}")
            line(f"    + {_in_short(one['after'])}")
        if one["text_changed"]:
            line("    the text of the issue has changed since")
    replayed = [one for one in facts if not one["not_replayed_because"]]
    line(f"{len(replayed)} decisions made again: {sum(not one['same'] for one in replayed)} differ")


def _in_short(made: dict[str, Any]) -> str:
    parts = [f"+{label}" for label in made["labels"]] + [kind for kind in ("comment", "close") if made[kind]]
    return f"{made['decision']}: {', '.join(parts) or 'nothing'}"


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, all_of_them: bar.update(task, completed=done, total=all_of_them)


def _show(facts: dict[str, Any]) -> None:
    from foreman.cli.output import line, table

    labels, same, stale = facts["labels"], facts["duplicates"], facts["stale"]
    asked_with = facts["model"] or "no model"
    line(f"{facts['repo']}: {facts['agent']} on {facts['issues']} closed issues, {asked_with}")
    if facts["read_from_forge"]:
        line(f"{facts['read_from_forge']} issues and pull requests were read from the forge first")
    if facts["not_read_because"]:
        line(f"older issues may be missing: {facts['not_read_because']}")
    if facts["reused"]:
        line(f"{facts['reused']} answers are from an earlier run")
    for reason, count in facts["left_alone"].items():
        line(f"{count} left alone: {reason}")
    if facts["failed"]:
        line(f"{facts['failed']} failed: {'; '.join(facts['failures'])}")
    if facts["stopped"]:
        line(f"ended early: {facts['stopped']}; the same command goes on from here")
    line()
    rows = [
        (name, score["hits"], score["wrong"], score["missed"], *map(_share, _rates(score)))
        for name, score in labels["per_label"].items()
    ]
    rows.append(("all", labels["hits"], labels["wrong"], labels["missed"], *map(_share, _rates(labels))))
    heads = ("label", "right", "wrong", "missed", "precision", "recall", "f1")
    table(heads, rows, right=heads[1:])
    line(
        f"macro F1 {_share(labels['macro_f1'])}, coverage {_share(labels['coverage'])},"
        f" calibration error {_share(labels['calibration_error'])}"
    )
    line(
        f"on {labels['issues_people_labelled']} issues that bear one of these labels;"
        f" who labelled {labels['who_labelled_not_known']} of them is not known"
    )
    mixed = [
        f"{right} -> {said}: {count}"
        for right, row in labels["confusion"].items()
        for said, count in row.items()
        if said != right
    ]
    if mixed:
        line(f"people -> agent: {', '.join(mixed)}")
    line()
    depths = ", ".join(f"{_share(share)} at {depth}" for depth, share in same["found_at"].items())
    line(f"duplicates: {same['closed_as_duplicate']} closed as such, original known of {same['original_known']}")
    if same["original_known"]:
        line(f"  original found: {depths}")
    line(f"  suggested for {same['suggested']}, rightly for {same['suggested_right']}")
    if stale["comments_known"]:
        line(
            f"stale: {stale['would_be_stale']} of {stale['comments_known']} whose comments are known,"
            f" a person would have reversed {stale['person_would_have_reversed']}"
        )
    else:
        line("stale: cannot be told, no comments of these issues were read")
    usd = "unknown" if facts["usd"] is None else f"{facts['usd']:.4f}"
    line(
        f"{facts['comments']} comments, {facts['closes']} closes; {facts['model_calls']} model calls,"
        f" {facts['input_tokens']} + {facts['output_tokens']} tokens, USD {usd}"
    )
    line()
    if not facts["annoying"]:
        line("nothing here would have annoyed anybody")
        return
    line("these would have annoyed you:" if len(facts["annoying"]) != 10 else "these ten would have annoyed you:")
    for bad in facts["annoying"]:
        line(f"  #{bad.number} {bad.title[:100]}")
        line(f"    {bad.what}")
        line(f"    {bad.url}")


def _rates(score: dict[str, Any]) -> tuple[float | None, ...]:
    return score["precision"], score["recall"], score["f1"]


def _share(number: float | None) -> str:
    return "-" if number is None else f"{number:.2f}"
