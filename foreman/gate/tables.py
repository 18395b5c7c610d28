"""The gate's tables as Markdown: `docs/gate.md` is held to them by a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from foreman.gate.admission import ADMISSION
from foreman.gate.reasons import as_table
from foreman.gate.rules import ACTION_RULES
from foreman.gate.text_checks import CHECKS
from foreman.gate.text_steps import STEPS


def tables() -> dict[str, str]:
    """Return every table under its heading in `docs/gate.md`."""
    return {
        "Before an agent is asked": _rows((rule.name, rule.objection) for rule in ADMISSION),
        "What it wants to do": _rows((rule.name, rule.objection) for rule in ACTION_RULES),
        "Neutralised": _rows((step.name, step.run) for step in STEPS),
        "Refused": _rows((check.name, check.fault) for check in CHECKS),
        "Reasons": as_table(),
    }


def _rows(rules: Iterable[tuple[str, Callable[..., Any]]]) -> str:
    lines = ["| # | rule | why |", "|---|---|---|"]
    for number, (name, function) in enumerate(rules, start=1):
        why = (function.__doc__ or "").strip().partition("\n")[0]
        lines.append(f"| {number} | {name} | {why} |")
    return "\n".join(lines) + "\n"
