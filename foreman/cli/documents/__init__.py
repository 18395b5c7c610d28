"""What each command prints with `--json`: its type, from which `docs/schema/output/` is made.

Keys are added, never taken away or given another meaning. Tests hold what is printed to these types; the command line
itself does not import them.
"""

from __future__ import annotations

from typing import Any

from foreman.agent.images import BuiltImage
from foreman.app.digest import Digest
from foreman.app.standing import Overview
from foreman.app.trial import AgentType
from foreman.cli.documents import keeping, reports, work
from foreman.cli.documents.schema import schema_of

OUTPUTS: dict[str, Any] = {
    "demo": work.Demo,
    "init": keeping.Init,
    "check": keeping.Checked,
    "triage": work.Triage | work.DryRun,
    "status": Overview,
    "log": list[work.Decision],
    "explain": work.Explanation,
    "digest": Digest,
    "pending": list[work.Waiting],
    "approve": list[work.Held],
    "reject": list[work.Held],
    "undo": work.Undo,
    "dead": list[work.Dead],
    "retry": work.Retry,
    "backtest": reports.Backtest,
    "replay": list[reports.Replayed],
    "version": keeping.Version,
    "memory show": keeping.Memories,
    "memory export": list[keeping.Summary | keeping.Correction],
    "agent list": list[AgentType],
    "agent build": BuiltImage,
    "agent test": keeping.Conformance,
    "config show": keeping.Whole | keeping.Traced,
    "config validate": keeping.Validation,
    "db check": keeping.Soundness,
    "db prune": keeping.Pruning,
}
"""By command. `config schema` prints a schema, which has its own."""


def output_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each command's document, by the name of its file in `docs/schema/output/`."""
    return {
        command.replace(" ", "-"): schema_of(
            what, title=f"foreman {command} --json", description=f"What `foreman {command} --json` prints."
        )
        for command, what in OUTPUTS.items()
    }
