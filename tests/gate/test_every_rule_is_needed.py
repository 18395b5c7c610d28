"""Taking any single rule out must turn at least one case of the corpus red; the table is printed (`-s`)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.gate import cases

STAGES = {"standing": "judge", "admission": "admit", "actions": "judge", "steps": "text", "checks": "text"}
RULES = [(table, place) for table in STAGES for place in range(len(getattr(cases.ALL, table)))]
CASES = cases.load()


def _name(table: str, place: int) -> str:
    return f"{table}: {getattr(cases.ALL, table)[place].name}"


@pytest.mark.parametrize(("table", "place"), RULES, ids=[_name(*rule) for rule in RULES])
def test_without_it_a_case_turns_red(table: str, place: int) -> None:
    rules = getattr(cases.ALL, table)
    without = replace(cases.ALL, **{table: rules[:place] + rules[place + 1 :]})

    red = next((case["id"] for case in _likely(table) if cases.problems(case, without)), "")

    print(f"| {_name(table, place)} | {red} |")
    assert red, f"no case needs the rule {rules[place].name!r}"


def _likely(table: str) -> list[dict[str, Any]]:
    """Return the cases of the table's stage, small and telling ones first: the whole table runs in seconds."""
    refused_first = table == "checks"
    return sorted(
        (case for case in CASES if case["stage"] == STAGES[table]),
        key=lambda case: (
            "$repeat" in str(case),
            "loses" not in case,
            refused_first and not str(case["expect"]).startswith("refused"),
        ),
    )
