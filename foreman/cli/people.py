"""`foreman pending`, `approve`, `reject`: what a person says about single actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from foreman.cli.context import Context
from foreman.cli.options import Json, NoPager

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foreman.store.actions import StoredAction

Ids = Annotated[list[str], typer.Argument(metavar="ID", help="As `foreman pending` shows it: 12, or 12:1a2b3c4d.")]


BY_MODE = "mode_approve"
"""Why an action waits that the gate let pass: its mode asks for a person's word."""

_ASKED = "The mode `approve` holds every action until a person lets it pass."


def pending(
    context: typer.Context,
    where: Annotated[str | None, typer.Argument(metavar="REPO", help="Of this repository only.")] = None,
    no_pager: NoPager = False,
    as_json: Json = False,
) -> None:
    """Show the actions that wait for a person, exactly as they would be sent, and closes that were announced."""
    from foreman.app.glance import glance
    from foreman.cli import parsing
    from foreman.cli.output import emit
    from foreman.store import plain_log

    file = Context.of(context).database()
    repo = parsing.repo(where) if where else None
    with glance(file) as raw:
        held = plain_log.held(raw, repo)
        announced = plain_log.announced(raw, repo=repo)
    document = [waiting_document(action) for action in (*held, *announced)]
    emit(document, as_json=as_json, page=not no_pager, show=lambda: _show_pending(held, announced))


def approve(context: typer.Context, ids: Ids, as_json: Json = False) -> int:
    """Let held actions pass, exactly as `foreman pending` shows them, and have them done.

    With the hash (`foreman approve 12:1a2b3c4d`) the id must still stand for what was shown.
    """
    from foreman.app import verdicts
    from foreman.app.desk import desk

    own = Context.of(context)
    own.start_logging()
    with desk(own.load(), secrets=own.secrets, source=own.config_file()) as place:
        found = verdicts.approve(place, ids, by=verdicts.person())
    return _report(found, as_json=as_json)


def reject(
    context: typer.Context,
    ids: Ids,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why; remembered as a correction.")] = "",
    as_json: Json = False,
) -> int:
    """Refuse held actions for good, or a close that was announced."""
    from foreman.app import verdicts
    from foreman.app.desk import desk
    from foreman.cli import exits

    own = Context.of(context)
    own.start_logging()
    with desk(own.load(), secrets=own.secrets, source=own.config_file()) as place:
        found = verdicts.reject(place, ids, by=verdicts.person(), because=because)
    _report(found, as_json=as_json)
    return exits.DONE


def action_document(action: StoredAction) -> dict[str, Any]:
    """Return an action as its JSON document."""
    return {
        "id": action.id,
        "decision_id": action.log_id,
        "issue": str(action.issue),
        "agent": action.agent,
        "type": action.type,
        "payload": action.payload,
        "hash": action.payload_hash,
        "state": action.state,
        "reason": action.reason,
        "detail": action.detail,
        "approved_by": action.approved_by,
        "decided_at": action.created_at,
        "not_before": action.not_before,
    }


def waiting_document(action: StoredAction) -> dict[str, Any]:
    """Return an action that waits as its JSON document: with why, explained."""
    from datetime import UTC, datetime

    from foreman.app.announced import in_words
    from foreman.cli.reading import meaning

    if told := in_words(action, now=datetime.now(UTC)):
        return {**action_document(action), "explanation": told}
    reason = action.reason or BY_MODE
    return {**action_document(action), "reason": reason, "explanation": meaning(reason) or _ASKED}


def _show_pending(held: Sequence[StoredAction], announced: Sequence[StoredAction]) -> None:
    from foreman.cli.output import block, line, when
    from foreman.cli.reading import name_of
    from foreman.store.logged import HASH_CHARS

    if not held and not announced:
        line("nothing waits for a person")
    for action in held:
        name = f"{action.id}:{action.payload_hash[:HASH_CHARS]}"
        line(f"{name}  {action.issue}  {name_of(action)}", hang=4, head=len(name))
        told = waiting_document(action)
        why = told["reason"] + (f": {action.detail}" if action.detail else "")
        line(f"    since {when(action.created_at)} UTC, by {action.agent}, {why}", hang=4)
        line(f"    {told['explanation']}", hang=4)
        for name, value in action.payload.items():
            if name == "body":
                line("    text:")
                block(_as_posted(str(value)), indent="    | ")
            elif value not in (None, ""):
                line(f"    {name}: {value}", hang=6)
    for action in announced:
        told = waiting_document(action)
        name = f"{action.id}:{action.payload_hash[:HASH_CHARS]}"
        line(f"{name}  {action.issue}  {told['explanation']}", hang=4, head=len(name))
        line(f"    announced by {action.agent} in decision {action.log_id}")
    if held:
        line()
        line(f"foreman approve {held[0].id}    or    foreman reject {held[0].id} --because TEXT")
    elif announced:
        line()
        line(f"foreman reject {announced[0].id} --because TEXT    lets the issue stay open")


def _as_posted(text: str) -> str:
    """Return a comment as people will see it: with the line that says who wrote it."""
    from foreman.gate.posted import CleanText, compose

    return compose(CleanText(text=text), marker_line="").removeprefix("\n")


def _report(found: Sequence[StoredAction], *, as_json: bool) -> int:
    from foreman.cli import exits
    from foreman.cli.output import emit

    emit([action_document(action) for action in found], as_json=as_json, show=lambda: show_done(found))
    return exits.DONE if all(action.state == "done" for action in found) else exits.FAILED


def show_done(found: Sequence[StoredAction]) -> None:
    """Print what became of actions."""
    from foreman.cli.output import line, when
    from foreman.cli.reading import name_of

    for action in found:
        why = f", {action.reason}" if action.reason else ""
        later = (
            f", not before {when(action.not_before)} UTC" if action.state == "planned" and action.not_before else ""
        )
        line(f"{action.issue}: {name_of(action)}: {action.state.value}{why}{later}")
    if any(action.state in {"planned", "sent"} for action in found):
        line("what is not done yet is done by the next `foreman run`")
