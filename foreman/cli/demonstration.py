"""`foreman demo`: runs it and shows what came of it, in lines that fit a terminal of 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from foreman.cli.context import Context
from foreman.cli.options import ForgeName, Json

if TYPE_CHECKING:
    from foreman.app.demo import DemoReport
    from foreman.store.actions import LogEntry

_INDENT = 5
_REFUSED = frozenset({"denied", "held", "failed", "unknown"})


def demo(
    context: typer.Context,
    forge: Annotated[ForgeName, typer.Option(help="Which forge it is shown on.")] = "github",
    as_json: Json = False,
) -> int:
    """Show the whole main job on this machine alone: no token, no key, no network, no Docker."""
    from foreman.app.demo import run_demo
    from foreman.cli import exits
    from foreman.cli.output import emit, story
    from foreman.cli.reading import document
    from foreman.model import ForgeKind

    own = Context.of(context)
    own.start_logging()
    report = run_demo(own.settings(), own.secrets, tell=story, kind=ForgeKind(forge))
    facts = {
        "folder": report.folder,
        "config": report.config,
        "forge": report.kind,
        "writes": report.writes,
        "log_agrees_with_forge": report.agrees,
        "decisions": [document(entry) for entry in report.entries],
    }
    emit(facts, as_json=as_json, show=lambda: _show(report))
    return exits.DONE if report.agrees and not report.drained.failed_polls else exits.FAILED


def _show(report: DemoReport) -> None:
    from foreman.cli.output import line, terminal_columns

    width = min(terminal_columns(), 110)
    changes = {entry.id: _changed(entry) for entry in report.entries}
    right = max(len("CHANGED"), *map(len, changes.values()))
    titles = width - _INDENT - 2 - right
    line(f"{'ISSUE':<{_INDENT + titles + 2}}CHANGED")
    line(f"{'':{_INDENT}}DECISION: WHY, AND WHAT WAS REFUSED")
    for entry in report.entries:
        number, title = f"#{entry.issue.number}", report.titles[entry.issue.number]
        line(f"{number:<{_INDENT}}{_cut(title, titles)}  {changes[entry.id]}")
        for text in (_why(entry), *_refusals(entry)):
            _paragraph(text, width)
    line()
    _sum_up(report)
    line()
    _name_next(report)


def _sum_up(report: DemoReport) -> None:
    from foreman.cli.output import line

    refused = sum(1 for entry in report.entries for action in entry.actions if action.state in _REFUSED)
    # GitHub alone lists pull requests among the issues, and there is one among the samples.
    others = "; pull requests were left alone" if report.kind == "github" else ""
    line(f"{len(report.entries)} issues, {report.writes} writes, {refused} refused{others}")
    verdict = "agree" if report.agrees else "DO NOT AGREE"
    line(f"the forge's own ledger and the action log {verdict}:")
    line(f"{report.writes} writes sent, {report.done} actions done")


def _name_next(report: DemoReport) -> None:
    """Name a decision with something to read, an issue with a refusal, and a decision to take back."""
    from foreman.cli.calling import program as called
    from foreman.cli.calling import short
    from foreman.cli.output import line, typed

    done = [entry for entry in report.entries if _changes(entry)] or list(report.entries)
    told = next((entry for entry in done if any(action.type == "comment" for action in entry.actions)), done[0])
    barred = next((entry for entry in report.entries if _refusals(entry)), told)
    program = f"{called()} --config {short(report.config)}"
    line("Try next:")
    typed(f"{program} explain {told.id}")
    typed(f"{program} triage '{barred.issue}' --dry-run")
    typed(f"{program} undo {told.id}")


def _changes(entry: LogEntry) -> list[str]:
    from foreman.cli.reading import name_of

    return [name_of(action) for action in entry.actions if action.state == "done"]


def _changed(entry: LogEntry) -> str:
    return ", ".join(_changes(entry)) or "-"


def _why(entry: LogEntry) -> str:
    from foreman.cli.reading import reason_of

    hidden = sum(dict(entry.seen.get("hidden") or {}).values())
    note = f" ({hidden} hidden {'part' if hidden == 1 else 'parts'} kept from the agent)" if hidden else ""
    return f"{entry.decision}: {reason_of(entry).removeprefix('No model was asked; ')}{note}"


def _refusals(entry: LogEntry) -> list[str]:
    from foreman.cli.reading import meaning, name_of

    return [
        f"REFUSED {name_of(action)}: {meaning(action.reason) or action.detail or action.reason} ({action.reason})"
        for action in entry.actions
        if action.state in _REFUSED
    ]


def _paragraph(text: str, width: int) -> None:
    import textwrap

    from foreman.cli.output import line
    from foreman.printable import printable

    for part in textwrap.wrap(printable(text), width - _INDENT, break_on_hyphens=False):
        line(" " * _INDENT + part)


def _cut(title: str, width: int) -> str:
    from foreman.cli.output import fitted
    from foreman.printable import printable

    return fitted(printable(title), width)
