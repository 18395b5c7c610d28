"""The table of requests in the docs is what the ledger of the sandbox says."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreman.model import ForgeKind
from tests.poller.measuring import measured

PAGE = Path(__file__).parents[2] / "docs" / "polling.md"
NOTHING_TO_COUNT = "-"
"""GitLab's merge requests are no issues."""


def documented() -> dict[str, dict[ForgeKind, str]]:
    """Read the table."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index("| what happened | requests on GitHub | requests on GitLab |") + 2
    rows = {}
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        what, github, gitlab = (cell.strip() for cell in line.strip("|").split(" | "))
        rows[what] = {ForgeKind.GITHUB: github, ForgeKind.GITLAB: gitlab}
    return rows


@pytest.mark.parametrize("kind", list(ForgeKind))
def test_the_table_of_requests_is_measured(kind: ForgeKind, tmp_path: Path) -> None:
    found = measured(tmp_path, kind)
    table = documented()

    assert {what: str(cost) for what, cost in found.found.items() if table[what][kind] != NOTHING_TO_COUNT} == {
        what: cells[kind] for what, cells in table.items() if cells[kind] != NOTHING_TO_COUNT
    }
    news = {what for what, count in found.events.items() if count}
    assert {"a comment", "one more new issue", "a label put on by a person", "an edited issue"} <= news
    assert "a comment of our own" not in news
