"""`docs/gate.md` shows the tables the code runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreman.gate.tables import tables


@pytest.mark.parametrize(("heading", "table"), tables().items())
def test_the_page_shows_the_table_under_its_heading(heading: str, table: str, project: Path) -> None:
    page = (project / "docs" / "gate.md").read_text()

    _, _, section = page.partition(f"# {heading}\n")

    assert table in section.partition("\n#")[0] + "\n"
