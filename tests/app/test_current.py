from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from foreman.app.current import CurrentConfig
from foreman.config.load import load
from foreman.store.database import Database

BASE = """
identity: {github_token: "${GITHUB_TOKEN}", github_user: bot}
defaults: {agents: [{type: issue-triage}]}
mode: %s
"""


@pytest.fixture
def current(tmp_path: Path) -> Iterator[CurrentConfig]:
    (tmp_path / "base.yaml").write_text(BASE % "shadow")
    (tmp_path / "main.yaml").write_text("extends: base.yaml\nrepos: [{owner: acme, name: widget}]\n")
    source = tmp_path / "main.yaml"
    database = Database.open(tmp_path / "memory.db")
    yield CurrentConfig(load(source), source=source, db=database, now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    database.close()


def mode(current: CurrentConfig) -> str:
    (plan,) = current.plans
    return plan.agents[0].policy.mode.value


def test_a_reload_reads_the_files_below_again(current, tmp_path: Path) -> None:
    assert mode(current) == "shadow"

    (tmp_path / "base.yaml").write_text(BASE % "approve")

    assert current.reload()
    assert mode(current) == "approve"


def test_a_fault_in_a_file_below_leaves_all_as_it_was(current, tmp_path: Path) -> None:
    for broken in (BASE % "fast", "extends: main.yaml", None):
        if broken is None:
            (tmp_path / "base.yaml").unlink()
        else:
            (tmp_path / "base.yaml").write_text(broken)

        assert not current.reload()
        assert mode(current) == "shadow"
