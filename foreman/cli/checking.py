"""`foreman check`: is everything in place?"""

from __future__ import annotations

from typing import Annotated

import typer

from foreman.cli.context import Context
from foreman.cli.options import Json


def check(
    context: typer.Context,
    model: Annotated[bool, typer.Option("--model", help="Ask the model a word, which may cost a little.")] = False,
    as_json: Json = False,
) -> int:
    """Look whether everything is in place; one line each, why it matters and what mends it; exit 1 when it is not.

    Configuration, secrets, the token and its owner, what it may do on each repository, labels, the model, agents,
    disk, database, clock. Writes nothing to the forge.
    """
    from foreman.app.doctor import examine
    from foreman.cli import exits
    from foreman.cli.output import emit, line

    own = Context.of(context)
    own.start_logging("error")
    source = own.config_file()
    findings = []
    for finding in examine(own.load(), source=source, settings=own.settings(), secrets=own.secrets, ask_model=model):
        findings.append(finding)
        if not as_json:
            rest = f"; {finding.why} — {finding.remedy}" if finding.result != "ok" else ""
            line(f"{finding.result:<5} {finding.what}: {finding.text}{rest}", hang=6, head=5)
    failed = any(finding.result == "fail" for finding in findings)
    if as_json:
        emit({"source": source, "ok": not failed, "findings": findings}, as_json=True, show=line)
    return exits.FAILED if failed else exits.DONE
