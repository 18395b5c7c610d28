"""`foreman undo`: taking back what the bot did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from foreman.cli.context import Context
from foreman.cli.options import MAX_ID, Json, Yes
from foreman.cli.people import action_document, show_done

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foreman.undo import UndoPlan


def undo(
    context: typer.Context,
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="ID", min=1, max=MAX_ID, help="Decisions, as in `foreman log`.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Everything since: 30m, 2h, 7d, 2026-01-31.")] = None,
    repo: Annotated[str | None, typer.Option(metavar="REPO", help="Of this repository only.")] = None,
    delete_comments: Annotated[
        bool, typer.Option("--delete-comments", help="Delete comments instead of leaving a note of one line.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Take back what the bot did; shows the plan, `--yes` carries it out.

    Labels go back, comments become a note of one line, issues are reopened. What a person changed since is left alone.
    """
    from datetime import UTC, datetime

    from foreman.app import verdicts
    from foreman.app.desk import desk
    from foreman.cli import exits, parsing
    from foreman.cli.output import emit, line
    from foreman.errors import UsageError

    if bool(ids) == (since is not None):
        raise UsageError("say what to take back: decisions by ID, or --since (`foreman log` shows them)")
    own = Context.of(context)
    own.start_logging()
    moment = parsing.since(since, now=datetime.now(UTC)) if since else None
    where = parsing.repo(repo) if repo else None
    with desk(own.load(), secrets=own.secrets, source=own.config_file()) as place:
        plans = verdicts.plan_undo(place, log_ids=ids or (), since=moment, repo=where, delete_comments=delete_comments)
        done = verdicts.take_back(place, plans, by=verdicts.person()) if yes else ()
    document = {**plan_document(plans), "carried_out": [action_document(action) for action in done] if yes else None}

    def for_people() -> None:
        _show_plan(plans)
        if yes:
            show_done(done)
        elif any(plan.steps or plan.stopped for plan in plans):
            line("nothing was changed yet: say --yes to do it")

    emit(document, as_json=as_json, show=for_people)
    return exits.DONE if all(action.state == "done" for action in done) else exits.FAILED


def plan_document(plans: Sequence[UndoPlan]) -> dict[str, Any]:
    """Return what would be taken back as a JSON document."""
    steps = [
        {"issue": str(step.origin.issue), "decision_id": step.origin.log_id, "action_id": step.origin.id,
         "undoes": step.origin.type, "type": step.inverse.type, "payload": step.inverse.payload, "text": step.text}
        for plan in plans for step in plan.steps
    ]  # fmt: skip
    left = [
        {"issue": str(one.origin.issue), "decision_id": one.origin.log_id, "action_id": one.origin.id,
         "type": one.origin.type, "why": one.why}
        for plan in plans for one in plan.left
    ]  # fmt: skip
    stopped = [
        {"issue": str(one.issue), "decision_id": one.log_id, "action_id": one.id, "type": one.type}
        for plan in plans for one in plan.stopped
    ]  # fmt: skip
    return {"steps": steps, "left": left, "stopped": stopped}


def _show_plan(plans: Sequence[UndoPlan]) -> None:
    from foreman.cli.output import line
    from foreman.cli.reading import name_of

    for plan in plans:
        for step in plan.steps:
            line(f"{step.origin.issue}: {step.text}   (decision {step.origin.log_id}: {name_of(step.origin)})")
        for left in plan.left:
            line(f"{left.origin.issue}: {name_of(left.origin)} stays: {left.why}   (decision {left.origin.log_id})")
        for one in plan.stopped:
            line(f"{one.issue}: {name_of(one)} is not done yet and will not be   (decision {one.log_id})")
    if not any(plan.steps or plan.stopped for plan in plans):
        line("there is nothing to take back")
