"""`foreman dead`, `retry`, `drop`, `seen`, `pause`, `resume`: what needs a person, and the pause of all writing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from foreman.cli.context import Context
from foreman.cli.options import MAX_ID, Json, NoPager, Yes

if TYPE_CHECKING:
    from foreman.config.models import Config
    from foreman.store.inbox import DeadItem

Ids = Annotated[list[int], typer.Argument(metavar="ID", min=1, max=MAX_ID, help="As `foreman dead` shows it.")]
Decisions = Annotated[
    list[int], typer.Argument(metavar="ID", min=1, max=MAX_ID, help="Of the decision, as `foreman status` shows it.")
]
Where = Annotated[
    str | None, typer.Argument(metavar="REPO[#N]", help="This repository, or this issue, only; all when left out.")
]


def dead(context: typer.Context, no_pager: NoPager = False, as_json: Json = False) -> None:
    """Show the tasks that gave up, each with its story."""
    from foreman.app.opening import open_store
    from foreman.cli.output import emit, line, when
    from foreman.store import inbox

    config = Context.of(context).load()
    with open_store(config) as db, db.read() as connection:
        found = inbox.dead(connection)

    def for_people() -> None:
        if not found:
            line("no task gave up")
            return
        for one in found:
            item = one.item
            wanted = f"{item.agent}, {item.event.value}, wanted since {when(item.created_at)} UTC"
            line(f"{item.id}  {item.issue}  {wanted}", hang=4, head=len(str(item.id)))
            line(f"    {item.reason}", hang=4)
            for run in one.story:
                told = f"attempt {run.attempt}, {when(run.started_at)}: {run.outcome}, {run.reason or '-'}"
                line(f"    {told}", hang=6)
        line()
        line(f"foreman retry {found[0].item.id}    or    foreman drop {found[0].item.id} --yes")

    emit([_document(one) for one in found], as_json=as_json, page=not no_pager, show=for_people)


def retry(context: typer.Context, ids: Ids, as_json: Json = False) -> int:
    """Try tasks again that gave up, with all their attempts."""
    from foreman.app import verdicts
    from foreman.cli import exits
    from foreman.cli.output import emit
    from foreman.cli.reading import document
    from foreman.cli.running import show_handled

    own = Context.of(context)
    own.start_logging()
    done = verdicts.retry(own.load(), ids, settings=own.settings(), secrets=own.secrets, source=own.config_file())
    decisions = [document(entry) for entry in done.entries]
    answer = {"decisions": decisions, "waiting": done.waiting, "dropped": done.dropped}
    emit(answer, as_json=as_json, show=lambda: show_handled(done))
    return exits.FAILED if done.failed else exits.DONE


def drop(context: typer.Context, ids: Ids, yes: Yes = False) -> int:
    """Give tasks up for good that gave up; their story stays in the log."""
    from datetime import UTC, datetime

    from foreman.app.opening import open_store
    from foreman.app.verdicts import dead_items
    from foreman.cli import exits
    from foreman.cli.output import line
    from foreman.store import inbox

    config = Context.of(context).load()
    with open_store(config) as db:
        with db.read() as connection:
            items = dead_items(connection, ids)
        for item in items:
            line(f"{'drops' if yes else 'would drop'} {item.id}  {item.issue}  {item.agent}: {item.reason}")
        if not yes:
            line("nothing was changed yet: say --yes to do it")
            return exits.DONE
        with db.transaction() as connection:
            inbox.drop(connection, [item.id for item in items], datetime.now(UTC))
    return exits.DONE


def seen(context: typer.Context, ids: Decisions) -> None:
    """Say that issues which were left to a person have been seen; `status` does not name them any more."""
    from foreman.app.opening import open_store
    from foreman.app.verdicts import person
    from foreman.cli.output import line
    from foreman.errors import StoreError, UsageError
    from foreman.store import escalations

    config = Context.of(context).load()
    with open_store(config) as db, db.transaction() as connection:
        try:
            escalations.see(connection, ids, by=person())
        except StoreError as error:
            raise UsageError(str(error)) from error
    line(f"seen: {', '.join(map(str, ids))}")


def pause(
    context: typer.Context,
    where: Where = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="For whoever finds it paused.")] = "",
) -> None:
    """Stop writing to a repository, or to all; polling and deciding go on. Of an issue: leave it alone."""
    from datetime import UTC, datetime

    from foreman.app.opening import open_store
    from foreman.app.verdicts import person
    from foreman.cli.output import line
    from foreman.store import controls

    config = Context.of(context).load()
    scope = _scope(config, where)
    with open_store(config, create=True) as db, db.transaction() as connection:
        controls.pause(connection, scope, person(), datetime.now(UTC), reason=reason)
    what = "done about" if "#" in scope else "written to"
    line(f"paused: nothing is {what} {_name(scope)} until `foreman resume{' ' + where if where else ''}`")


def resume(
    context: typer.Context,
    where: Where = None,
    action: Annotated[
        str | None,
        typer.Option("--action", metavar="TYPE", help="Lift what `status` says of it: such actions go by their mode."),
    ] = None,
) -> None:
    """Write again to a repository, or to all that were paused together; look after an issue again.

    With --action: actions of that type wait in this repository because people reversed too many of them; let them go
    by their configured mode again. What waits already goes on waiting for `foreman approve`.
    """
    from foreman.app.opening import open_store
    from foreman.approvals import state
    from foreman.cli.output import line
    from foreman.model import RepoRef
    from foreman.store import controls

    config = Context.of(context).load()
    if action is not None:
        _lift(config, where, action)
        return
    scope = _scope(config, where, known_only=False)
    with open_store(config, create=True) as db, db.transaction() as connection:
        ended = controls.resume(connection, scope)
        still = [one.scope for one in controls.all(connection)]
        anew = scope != controls.EVERYTHING and "#" not in scope and state.open_again(connection, RepoRef.parse(scope))
    line(f"{_name(scope)}: {'resumed' if ended else 'was not paused'}")
    if anew:
        line("its dashboard was gone: a new one is opened as soon as there is something for it")
    if still:
        line(f"still paused: {', '.join(_name(one) for one in still)}")


def _lift(config: Config, where: str | None, action: str) -> None:
    from datetime import UTC, datetime

    from foreman.app.opening import open_store
    from foreman.app.verdicts import person
    from foreman.cli import parsing
    from foreman.cli.output import line
    from foreman.errors import UsageError
    from foreman.store import ladder

    if where is None:
        raise UsageError("say in which repository: foreman resume REPO --action TYPE")
    repo = parsing.repo(where)
    with open_store(config) as db, db.transaction() as connection:
        found = ladder.steps(connection)
        lifted = ladder.lift(connection, repo, action, by=person(), now=datetime.now(UTC))
    if not lifted:
        known = ", ".join(f"{step.repo} --action {step.action_type}" for step in found)
        rest = f"what does: {known}" if known else "nothing does anywhere"
        raise UsageError(f"{action[:40]!r} does not wait in {repo} because of reversals; {rest}")
    line(f"{repo}: {action} goes by its mode again; what waits already: `foreman pending {repo}`")


def _scope(config: Any, where: str | None, *, known_only: bool = True) -> str:
    from foreman.cli import parsing
    from foreman.errors import UsageError
    from foreman.model import IssueRef
    from foreman.store.controls import EVERYTHING

    if where is None:
        return EVERYTHING
    place = parsing.repo_or_issue(where, config)
    repo = place.repo if isinstance(place, IssueRef) else place
    plan = config.plan_of(repo)
    if known_only and (plan is None or plan.repo != repo):
        raise UsageError(f"{repo} is not in the configuration; there is {config.names()}")
    return str(place)


def _name(scope: str) -> str:
    from foreman.store.controls import EVERYTHING

    return "every repository" if scope == EVERYTHING else scope


def _document(one: DeadItem) -> dict[str, Any]:
    item = one.item
    return {
        "id": item.id,
        "issue": str(item.issue),
        "agent": item.agent,
        "event": item.event,
        "wanted_since": item.created_at,
        "reason": item.reason,
        "story": one.story,
    }
