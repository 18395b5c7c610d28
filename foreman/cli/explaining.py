"""`foreman explain`: one decision whole. It reads the store alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from foreman.cli.context import Context
from foreman.cli.options import MAX_ID, Json
from foreman.cli.reading import document, in_words, in_words_of_close, meaning, money, name_of, titled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foreman.store.actions import LogEntry, StoredAction
    from foreman.store.reactions import Opinion


def explain(
    context: typer.Context,
    entry_id: Annotated[int, typer.Argument(metavar="ID", min=1, max=MAX_ID, help="As `foreman log` shows it.")],
    as_json: Json = False,
) -> None:
    """Show one decision whole: what was seen, the rule behind every verdict, model, cost, what was sent."""
    from foreman.app import redirect
    from foreman.app.opening import open_store
    from foreman.cli.output import emit
    from foreman.errors import StoreError, UsageError
    from foreman.store import actions, reactions

    config = Context.of(context).load()
    with open_store(config) as db, db.read() as connection:
        try:
            entry = actions.entry(connection, entry_id)
        except StoreError as error:
            raise UsageError(f"{error}: `foreman log` shows which there are") from error
        opinions = reactions.of_issue(connection, entry.issue)
        draft = redirect.draft(connection, entry)

    document = {**_explained(entry, opinions), "draft": draft}
    emit(document, as_json=as_json, show=lambda: _show(entry, opinions, draft))


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


def _show(entry: LogEntry, opinions: Sequence[Opinion], draft: str) -> None:
    from foreman.cli.output import block, line, when

    seen = entry.seen
    line(f"decision {entry.id} on {entry.issue}: {entry.decision}")
    run = f"{entry.duration_ms} ms, attempt {entry.attempt}, task {entry.task_id}"
    line(f"  when        {when(entry.timestamp)} UTC, {run}")
    rules = f"mode {entry.mode}, policy {entry.policy_version}"
    line(f"  why         {entry.event}, by {entry.agent} ({entry.task_type}), {rules}")
    if "title" in seen:
        line(f"  seen        {titled(seen['title'])} by {seen.get('author', '?')} ({seen.get('author_role', '?')})")
        line(f"              {seen.get('state', '?')}, labels: {', '.join(seen.get('labels', ())) or 'none'}")
        hidden = ", ".join(f"{count} {kind}" for kind, count in dict(seen.get("hidden") or {}).items())
        if hidden:
            line(f"              hidden parts taken out or shown: {hidden}")
    model = f"{entry.model}, {entry.input_tokens} + {entry.output_tokens} tokens, USD {money(entry.usd)}"
    line(f"  model       {model if entry.model else 'none'}")
    if entry.confidence is not None:
        line(f"  confidence  {entry.confidence:.2f}")
    line("  rationale")
    block(in_words(entry.rationale) or "-", indent="              ")
    if draft:
        line("  nothing is written in public; a draft of what you may tell the reporter")
        block(draft, indent="              | ")
        line(f"              `foreman seen {entry.id}` files it")
    for action in entry.actions:
        line(f"  {name_of(action)}: {action.state.value}" + (f", {action.reason}" if action.reason else ""))
        if told := in_words_of_close(action):
            line(f"              {told}; `foreman reject {action.id}` stops it")
        if action.detail:
            line(f"              {action.detail}")
        explained = meaning(action.reason)
        if explained:
            line(f"              {explained}")
        if action.type == "comment":
            block(str(action.payload.get("body", "")), indent="              | ")
        for one in _opinions_on(action, opinions):
            gone = f", taken back by {when(one.gone_at)}" if one.gone_at else ""
            kind = one.reaction.kind.value.replace("_", " ")
            line(f"              {one.reaction.author.login}: {kind}, {when(one.reaction.at)} UTC{gone}")
    if entry.undoes:
        line(f"  takes back  decision {entry.undoes}")
    for later in entry.undone_by:
        line(f"  taken back by decision {later}")
