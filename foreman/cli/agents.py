"""`foreman agent list`, `build`, `test`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from foreman.cli.context import Context
from foreman.cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foreman.agent.conformance import Check


def list_(context: typer.Context, as_json: Json = False) -> None:
    """Show the agent types: how each is run, whether it is sealed, where it works."""
    from foreman.app.trial import described
    from foreman.cli.output import emit, table

    config = Context.of(context).load()
    found = described(config)
    rows = [
        (one.agent, one.runtime, one.runs, "sealed" if one.sealed else "not sealed", ", ".join(one.repos) or "-")
        for one in found
    ]
    emit(found, as_json=as_json, show=lambda: table(("agent", "runtime", "runs", "seal", "works on"), rows))


def build(
    agent: Annotated[str, typer.Argument(metavar="TYPE", help="A bundled agent, such as issue-triage.")],
    force: Annotated[bool, typer.Option("--force", help="Build even when it is up to date.")] = False,
    as_json: Json = False,
) -> None:
    """Build the image of a bundled agent out of the installed package; does nothing when it is up to date."""
    from foreman.agent import images
    from foreman.cli.output import emit, line, story

    image = images.build(agent, force=force, tell=story)

    def for_people() -> None:
        done = f"built in {image.seconds:.0f} s" if image.built else "up to date"
        line(f"{image.tag}: {done}, {image.size_bytes / 1e6:.0f} MB, {image.id}")

    emit(image, as_json=as_json, show=for_people)


def test(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(metavar="TYPE-OR-URL", help="A type, or where an agent listens.")],
    timeout: Annotated[float, typer.Option(min=1, max=3600, help="Seconds for each task.")] = 30.0,
    as_json: Json = False,
) -> int:
    """Ask an agent everything the protocol says, in tasks made up for it; exit code 1 when an answer is wrong."""
    from foreman.agent.conformance import examine
    from foreman.app.trial import on_trial, read_for_author
    from foreman.cli import exits
    from foreman.cli.output import emit, story

    own = Context.of(context)
    own.start_logging()
    checks: list[Check] = []
    with on_trial(agent, config=None if "://" in agent else own.load()) as runtime:
        for check in examine(runtime, timeout_seconds=timeout, read=read_for_author):
            checks.append(check)
            if not check.passed:
                story(f"{check.name}: {check.detail}")
    good = all(check.passed for check in checks)
    document = {"agent": agent, "passed": good, "checks": checks}
    emit(document, as_json=as_json, show=lambda: _show(agent, checks))
    return exits.DONE if good else exits.FAILED


def _show(agent: str, checks: Sequence[Check]) -> None:
    from foreman.cli.output import line, table

    rows: list[Sequence[Any]] = [
        ("ok" if check.passed else "FAIL", check.name, check.detail, f"{check.seconds:.2f}") for check in checks
    ]
    table(("result", "question", "answer", "s"), rows, right=("s",))
    line()
    passed = sum(check.passed for check in checks)
    line(f"{agent}: {passed} of {len(checks)} passed")
