"""`foreman explain`: one decision whole. It reads the store alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from foreman.cli.context import Context
from foreman.cli.options import MAX_ID, Json, NoPager
from foreman.cli.reading import document, in_words, in_words_of_close, meaning, money, name_of, titled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from foreman.app.explanation import Change, Moment
    from foreman.store.logged import LogEntry, Opinion, StoredAction


def explain(
    context: typer.Context,
    entry_id: Annotated[int, typer.Argument(metavar="ID", min=1, max=MAX_ID, help="As `foreman log` shows it.")],
    no_pager: NoPager = False,
    as_json: Json = False,
) -> None:
    """Show one decision whole: what was seen, the rule behind every verdict, model, cost, what was sent.

    Of what was refused, held or only thought of it tells what would have changed that: a key of the configuration, an
    approval, an order, or a fact on the forge.
    """
    from foreman.app import explanation
    from foreman.app.glance import glance
    from foreman.cli.output import emit
    from foreman.errors import StoreError, UsageError
    from foreman.store import plain_issue, plain_log

    file = Context.of(context).database()
    with glance(file) as raw:
        try:
            entry = plain_log.entry(raw, entry_id)
        except StoreError as error:
            raise UsageError(f"{error}: `foreman log` shows which there are") from error
        opinions = plain_issue.opinions(raw, entry.issue)
        moments = explanation.timeline(raw, entry, opinions)
    draft = _draft(file, entry) if explanation.may_have_draft(entry) else ""
    levers = explanation.changes(entry)

    document = {**_explained(entry, opinions), "draft": draft}
    document |= {"changes": [_change_document(one) for one in levers], "timeline": moments}
    emit(document, as_json=as_json, page=not no_pager, show=lambda: _show(entry, opinions, draft, levers, moments))


def _draft(file: Path, entry: LogEntry) -> str:
    from foreman.app import redirect
    from foreman.store.database import Database

    db = Database.open(file, create=False)
    try:
        with db.read() as connection:
            return redirect.draft(connection, entry)
    finally:
        db.close()


def _change_document(one: Change) -> dict[str, Any]:
    lever = one.lever
    told = {"kind": lever.kind.value, "key": lever.key, "op": lever.op, "value": lever.value}
    return {"action": one.action, **told, "words": one.words}


def _explained(entry: LogEntry, opinions: Sequence[Opinion]) -> dict[str, Any]:
    from foreman.cli.output import plain

    told = [
        {
            "action": action.id,
            "by": one.reaction.author.login,
            "kind": one.reaction.kind.value,
            "at": plain(one.reaction.at),
            "gone_at": plain(one.gone_at),
        }
        for action in entry.actions
        for one in _opinions_on(action, opinions)
    ]
    return {**document(entry), "reactions": told}


def _opinions_on(action: StoredAction, opinions: Sequence[Opinion]) -> list[Opinion]:
    mine = action.undo.get("comment_id") if action.type == "comment" else None
    return [one for one in opinions if mine is not None and one.comment_id == mine]


_IN = 14
"""Columns before what is told."""


def _show(
    entry: LogEntry,
    opinions: Sequence[Opinion],
    draft: str,
    levers: Sequence[Change],
    moments: Sequence[Moment],
) -> None:
    from foreman.cli.output import block, line, when
    from foreman.tracing import trace_id

    where = entry.issue if entry.issue.number else entry.issue.repo  # a step of the ladder is of no issue
    line(f"decision {entry.id} on {where}: {entry.decision}", style="bold")
    run = f"{entry.duration_ms} ms, attempt {entry.attempt}, task {entry.task_id}"
    _told("when", f"{when(entry.timestamp)} UTC, {run}")
    if trace := trace_id(entry.trace):
        _told("trace", trace)
    for head, text in (*_why(entry), *_seen(entry.seen)):
        _told(head, text)
    model = f"{entry.model}, {entry.input_tokens} + {entry.output_tokens} tokens, USD {money(entry.usd)}"
    _told("model", model if entry.model else "none")
    if entry.confidence is not None:
        _told("confidence", f"{entry.confidence:.2f}")
    line("  rationale", head=_IN)
    block(in_words(entry.rationale) or "-", indent=" " * _IN)
    _show_changes(levers, None)
    if allowed := _allowed(entry):
        _told("allowed", f"{', '.join(allowed)}: no rule of the gate objected")
    if draft:
        line("  nothing is written in public; a draft of what you may tell the reporter")
        block(draft, indent="              | ")
        line(f"              `foreman seen {entry.id}` files it")
    for action in entry.actions:
        _show_action(action, opinions, levers)
    if entry.undoes:
        _told("takes back", f"decision {entry.undoes}")
    for later in entry.undone_by:
        line(f"  taken back by decision {later}")
    line("  time line", head=_IN)
    names = {action.id: f"{name_of(action)}: " for action in entry.actions}
    for moment in moments:
        line(f"              {when(moment.at)} UTC  {names.get(moment.action or 0, '')}{moment.what}", hang=_IN + 25)


def _told(head: str, text: str) -> None:
    from foreman.cli.output import line

    line(f"  {head:<{_IN - 2}}{text}", hang=_IN, head=_IN)


def _allowed(entry: LogEntry) -> list[str]:
    """Name what an agent wanted and nothing stood against: no rule, no mode, and no person had to be asked."""
    if not entry.mode:
        return []
    stopped = {"denied", "held", "shadow"}
    return [
        name_of(action)
        for action in entry.actions
        if action.state.value not in stopped and not action.approved_by and not meaning(action.reason)
    ]


def _why(entry: LogEntry) -> Iterator[tuple[str, str]]:
    """Tell what it was decided for, by whom and by which rules; of an order, whose it was and what it said."""
    orders = entry.seen.get("orders")
    if orders:
        from foreman.commands.words import Command

        yield "why", f"{entry.seen.get('by', '?')} wrote comment {entry.seen.get('comment_id', '?')} on the forge"
        for place, order in enumerate(orders):
            yield "" if place else "ordered", Command.of_json(order).in_words()
        return
    kind = f" ({entry.task_type})" if entry.task_type not in ("", entry.agent) else ""
    rules = f", mode {entry.mode}, policy {entry.policy_version}" if entry.mode else ""
    yield "why", f"{entry.event}, by {entry.agent}{kind}{rules}".removeprefix(", ")


def _seen(seen: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Tell what the agent was shown, and what it was told beside that."""
    if "title" not in seen:
        return
    yield "seen", f"{titled(seen['title'])} by {seen.get('author', '?')} ({seen.get('author_role', '?')})"
    comments = f", comments: {seen['comment_count']}" if seen.get("comment_count") else ""
    yield "", f"{seen.get('state', '?')}, labels: {', '.join(seen.get('labels', ())) or 'none'}{comments}"
    hidden = ", ".join(f"{count} {kind}" for kind, count in dict(seen.get("hidden") or {}).items())
    if hidden:
        yield "", f"hidden parts taken out or shown: {hidden}"
    if seen.get("cut"):
        yield "", "cut: the agent did not get all of a long text"
    known = dict(seen.get("known") or {})
    similar = [f"#{one['number']} ({one['score']:.2f}, {one['state']})" for one in known.get("similar", ())]
    if similar:
        yield "similar", ", ".join(similar)
    priors = [_prior(one) for one in known.get("priors", ())]
    if priors:
        yield "learned", ", ".join(priors)
    beside = [*known.get("docs", ())]
    beside += [f"the form “{known['form']}”"] if known.get("form") else []
    beside += ["what the project says of itself"] if known.get("mission") else []
    count = known.get("corrections", 0)
    beside += [f"{count} {'correction' if count == 1 else 'corrections'}"] if count else []
    if beside:
        yield "beside", ", ".join(beside)


def _prior(one: Mapping[str, Any]) -> str:
    bound = "never sure" if one["threshold"] is None else f"sure from {one['threshold']:.2f}"
    return f"{one['label']} {one['probability']:.2f} ({bound})"


def _show_action(action: StoredAction, opinions: Sequence[Opinion], levers: Sequence[Change]) -> None:
    from foreman.cli.output import block, line, when
    from foreman.cli.screen import STYLES

    reason = f", {action.reason}" if action.reason else ""
    line(f"  {name_of(action)}: {action.state.value}{reason}", style=STYLES.get(action.state, ""), hang=4)
    if told := in_words_of_close(action):
        line(f"              {told}; `foreman reject {action.id}` stops it", hang=_IN)
    if action.detail:
        line(f"              {action.detail}", hang=_IN)
    changed = any(one.action == action.id for one in levers)
    explained = meaning(action.reason, remedy=not changed)
    if explained:
        line(f"              {explained}", hang=_IN)
    _show_changes(levers, action.id)
    if action.type == "comment":
        block(str(action.payload.get("body", "")), indent="              | ")
    for one in _opinions_on(action, opinions):
        gone = f", taken back by {when(one.gone_at)}" if one.gone_at else ""
        kind = one.reaction.kind.value.replace("_", " ")
        line(f"              {one.reaction.author.login}: {kind}, {when(one.reaction.at)} UTC{gone}", hang=_IN)


def _show_changes(levers: Sequence[Change], action_id: int | None) -> None:
    from foreman.cli.output import line

    mine = [one.words for one in levers if one.action == action_id]
    if mine:
        line(f"              what would have changed that: {'; or '.join(mine)}", hang=_IN)
