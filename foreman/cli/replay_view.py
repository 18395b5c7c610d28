"""What `foreman replay` prints for people: what differs, and a table of both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_ROWS = ("labels", "comments", "closes", "others", "held", "refused")


def show(facts: Sequence[Mapping[str, Any]], sums: Mapping[str, Any]) -> None:
    """Print a run.

    Args:
        facts: Each decision, as `document` made them.
        sums: As `summary` made them.
    """
    from foreman.app.replay_report import in_short
    from foreman.cli.output import line

    for one in facts:
        if one["not_replayed_because"]:
            line(f"{one['id']}  {one['issue']}  not replayed: {one['not_replayed_because']}")
        elif not one["same"]:
            line(f"{one['id']}  {one['issue']}")
            line(f"    - {in_short(one['before'])}")
            line(f"    + {in_short(one['after'])}")
        if one["text_changed"]:
            line("    the text of the issue has changed since")
    if sums["again"]:
        _table(sums)
    left_out = f", {len(facts) - sums['again']} not replayed" if sums["again"] < len(facts) else ""
    decisions = "decision" if sums["again"] == 1 else "decisions"
    line(
        f"{sums['again']} {decisions} made again: {sums['differ']} {'differs' if sums['differ'] == 1 else 'differ'}"
        f"{left_out}"
    )


def _table(sums: Mapping[str, Any]) -> None:
    from foreman.app.replay_report import SIDES
    from foreman.cli.output import line, table

    rows: list[tuple[object, ...]] = [(name, *(sums[side][name] for side in SIDES)) for name in _ROWS]
    rows = [row for row in rows if any(row[1:])]
    rows.append(("usd", *(_usd(sums[side]["usd"]) for side in SIDES)))
    standing = sums["standing"]
    if standing["issues"]:
        for name in ("precision", "recall", "coverage"):
            rows.append((f"label {name}", *(_share(standing[side][name]) for side in SIDES)))
    line()
    table(("", *SIDES), rows, right=SIDES)
    if standing["issues"]:
        issues = "1 closed issue" if standing["issues"] == 1 else f"{standing['issues']} closed issues"
        line(f"beside the labels that stand on {issues}")
    line()


def _usd(number: float | None) -> str:
    return "unknown" if number is None else f"{number:.4f}"


def _share(number: float | None) -> str:
    return "-" if number is None else f"{number:.2f}"
