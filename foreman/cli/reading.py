"""`foreman log`, `memory …`: what was decided and what is remembered. They read the store alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from foreman.cli.context import Context
from foreman.cli.options import MAX_ID, Json, NoPager, Yes

if TYPE_CHECKING:
    from datetime import datetime

    from foreman.model import IssueRef, RepoRef
    from foreman.store.logged import LogEntry, StoredAction


def log(
    context: typer.Context,
    where: Annotated[str | None, typer.Argument(metavar="REPO[#N]", help="Of this place only.")] = None,
    since: Annotated[str | None, typer.Option(help="Not older than: 2h, 7d, 2026-01-31.")] = None,
    status: Annotated[str | None, typer.Option(help="With an action that is done, held, denied, failed …")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    before: Annotated[
        int | None, typer.Option(min=1, max=MAX_ID, help="Older than this entry: the next page.")
    ] = None,
    cost: Annotated[bool, typer.Option("--cost", help="Tokens and money instead of actions.")] = False,
    no_pager: NoPager = False,
    as_json: Json = False,
) -> None:
    """Show the action log, newest first."""
    from datetime import UTC, datetime

    from foreman.app.glance import glance
    from foreman.cli import parsing
    from foreman.cli.output import emit, line, table
    from foreman.cli.screen import on_terminal
    from foreman.errors import UsageError
    from foreman.model import ActionState, IssueRef
    from foreman.store import plain_log

    own = Context.of(context)
    file = own.database()
    place = own.place(where) if where else None
    moment = parsing.since(since, now=datetime.now(UTC)) if since else None
    if status is not None and status not in set(ActionState):
        raise UsageError(f"{status[:40]!r} is no state: {', '.join(ActionState)}")
    with glance(file) as raw:
        found = plain_log.entries(
            raw,
            repo=place if not isinstance(place, IssueRef) else None,
            issue=place if isinstance(place, IssueRef) else None,
            since=moment,
            status=ActionState(status) if status else None,
            limit=limit,
            before_id=before,
        )
    totals = _spent(own, place, moment) if cost else []

    def for_people() -> None:
        if not found:
            line("nothing is in the log" + (" for that" if place or moment or status else " yet"))
        elif cost:
            rows = [
                (e.id, e.timestamp, where_of(e), e.model or "-", e.input_tokens, e.output_tokens, money(e.usd))
                for e in found
            ]
            table(("id", "when", "issue", "model", "in", "out", "usd"), rows, right=("id", "in", "out", "usd"))
        elif on_terminal():
            for entry in found:
                _show_entry(entry)
        else:
            rows_ = [(e.id, e.timestamp, where_of(e), e.decision, summary_of(e)) for e in found]
            table(("id", "when", "issue", "decision", "actions"), rows_, right=("id",))
        if len(found) == limit:
            line(f"older ones: --before {found[-1].id}")
        for text in totals:
            line(text)

    emit([document(entry) for entry in found], as_json=as_json, page=not no_pager, show=for_people)


def _spent(own: Context, place: RepoRef | IssueRef | None, since: datetime | None) -> list[str]:
    from foreman.app.opening import open_store
    from foreman.cli import spending

    with open_store(own.load()) as db, db.read() as connection:
        return spending.lines(connection, place, since)


def _show_entry(entry: LogEntry) -> None:
    """Print a decision as two lines of a terminal or more: which it is, and what came of it."""
    from foreman.cli.output import line, when
    from foreman.cli.screen import STYLES

    head = f"{entry.id:>6}  {when(entry.timestamp)}"
    line(f"{head}  {where_of(entry)}  {entry.decision}", hang=8, head=len(head))
    states = {action.state for action in entry.actions}
    style = STYLES.get(next(iter(states)), "") if len(states) == 1 else ""
    line(f"        {summary_of(entry)}", hang=8, style=style)


def where_of(entry: LogEntry) -> str:
    """Return what a decision is about: an issue, or a repository as a whole."""
    return str(entry.issue if entry.issue.number else entry.issue.repo)


def show(
    context: typer.Context,
    where: Annotated[str, typer.Argument(metavar="REPO#N", help="An issue, or a repository.")],
    as_json: Json = False,
) -> None:
    """Show what is remembered of an issue or a repository."""
    from foreman.app.glance import glance
    from foreman.cli.output import block, emit, line
    from foreman.model import IssueRef
    from foreman.store import plain_issue

    own = Context.of(context)
    file = own.database()
    place = own.place(where)
    with glance(file) as raw:
        if isinstance(place, IssueRef):
            text = plain_issue.summary(raw, place)
            kept: tuple[tuple[IssueRef, str], ...] = ((place, text),) if text else ()
        else:
            kept = plain_issue.summaries(raw, place)
    rows = [{"issue": str(issue), "summary": text} for issue, text in kept]

    def for_people() -> None:
        if not rows:
            line(f"nothing is remembered of {place}")
        for row in rows:
            line(row["issue"])
            block(row["summary"], indent="  ")

    emit({"where": str(place), "memories": rows}, as_json=as_json, show=for_people)


def forget(
    context: typer.Context,
    where: Annotated[str, typer.Argument(metavar="REPO[#N]", help="An issue, or a repository.")],
    yes: Yes = False,
) -> int:
    """Forget what is remembered of an issue or a repository; the action log stays."""
    from datetime import UTC, datetime

    from foreman.app.opening import open_store
    from foreman.cli import exits, parsing
    from foreman.cli.output import line
    from foreman.store import memory, mirror

    config = Context.of(context).load()
    place = parsing.repo_or_issue(where, config)
    with open_store(config) as db:
        if not yes:
            line(f"would forget what is remembered of {place}: say --yes to do it")
            return exits.DONE
        with db.transaction() as connection:
            kept = mirror.count(connection, place)
            count = memory.forget(connection, place, now=datetime.now(UTC))
    line(f"forgot {count} {'memory' if count == 1 else 'memories'} of {place}")
    if kept:
        line(f"and the text of {kept} {'issue' if kept == 1 else 'issues'}")
    return exits.DONE


def export(context: typer.Context, as_json: Json = True) -> None:
    """Print everything that is remembered, as one JSON document."""
    from foreman.app.opening import open_store
    from foreman.cli.output import print_json
    from foreman.store import memory

    del as_json  # there is no other form
    config = Context.of(context).load()
    with open_store(config) as db, db.read() as connection:
        print_json(list(memory.export(connection)))


def summary_of(entry: LogEntry) -> str:
    """Return a decision's actions as one short text: `+bug done, comment held (comment_cap)`."""
    if not entry.actions:
        return reason_of(entry)[:100]
    return ", ".join(f"{name_of(action)} {_state(action)}" for action in entry.actions)


def reason_of(entry: LogEntry) -> str:
    """Return why a decision was made, in one line; without the words that only announce the next one."""
    first = in_words(entry.rationale).split("\n")[0]
    said, _, rest = first.rpartition(". ")
    return f"{said}." if said and rest.endswith(":") else first


def in_words(rationale: str) -> str:
    """Return a rationale as people read it: a reason of the gate is told in words, its name behind."""
    reason, _, detail = rationale.partition(": ")
    told = meaning(reason, remedy=False)
    return f"{told} ({reason}{': ' + detail if detail else ''})" if told else rationale


def titled(title: object) -> str:
    """Return the title of an issue as it is shown; that of a confidential one is not kept."""
    return f"“{title}”" if title else "an issue whose title is not kept"


def name_of(action: StoredAction) -> str:
    """Return an action in a word or two."""
    match action.type:
        case "add_label":
            return f"+{action.payload.get('label', '')}"
        case "remove_label":
            return f"-{action.payload.get('label', '')}"
        case "assign" | "unassign":
            return f"{action.type} {action.payload.get('user', '')}"
        case "react":
            return f"react ({action.payload.get('sign', '')})"
        case _:
            return action.type


def document(entry: LogEntry) -> dict[str, Any]:
    """Return a decision as its JSON document: stable names, reasons explained."""
    from foreman.cli.output import plain
    from foreman.tracing import trace_id

    whole: dict[str, Any] = plain(entry)
    for action, stored in zip(whole["actions"], entry.actions, strict=True):
        action["explanation"] = in_words_of_close(stored) or meaning(stored.reason)
    return {**whole, "trace": trace_id(entry.trace)}


def in_words_of_close(action: StoredAction) -> str:
    """Return what was announced, and when it will be done; empty for what was not."""
    from datetime import UTC, datetime

    from foreman.app.announced import in_words

    return in_words(action, now=datetime.now(UTC))


def _state(action: StoredAction) -> str:
    if told := in_words_of_close(action):
        return told.removeprefix("closes ")
    return (
        f"{action.state.value} ({action.reason})" if action.reason and action.state != "done" else action.state.value
    )


def meaning(reason: str, *, remedy: bool = True) -> str:
    """Return what a reason means and what to do about it; empty for one that is not of the gate's list."""
    from foreman.gate.reasons import Reason, explain

    if reason not in set(Reason):
        return ""
    told = explain(reason)
    return f"{told.meaning} {told.remedy}" if remedy else told.meaning


def money(usd: object) -> str:
    """Return US dollars as they are shown; `?` where the price is not known."""
    return "?" if usd is None else f"{usd:.4f}"
