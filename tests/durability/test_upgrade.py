"""From one release to the next and back, each a program of its own: an earlier one's file, this one, a next one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from foreman.store import revisions
from tests.benchmarks.year_versions import (
    BEFORE,
    NEXT,
    ROOT,
    as_left_by_an_earlier_release,
    foreman_at,
    next_release,
)


def schema_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as raw:
        return str(raw.execute("SELECT version_num FROM alembic_version").fetchone()[0])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.yaml"
    entry = {"path": "acme/widget", "agents": [{"type": "issue-triage"}]}
    settings = {
        "identity": {"github_token": "${NOBODYS_TOKEN}", "github_user": "acme-bot"},
        "llm": {"provider": "none"},
        "storage": {"path": str(tmp_path / "memory.db")},
        "repos": [{"forge": "github", **entry}],
    }
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return file


def test_a_file_goes_from_release_to_release_and_back_by_the_copy_made_before(tmp_path: Path, config: Path) -> None:
    file = tmp_path / "memory.db"
    as_left_by_an_earlier_release(file)
    newer = next_release(tmp_path / "next")

    this = foreman_at(ROOT, config, "log")
    assert (this.returncode, schema_of(file)) == (0, revisions.HEAD), this.stderr
    assert schema_of(tmp_path / f"memory.db.before-{revisions.HEAD}") == BEFORE

    after = foreman_at(newer, config, "log")
    copy = tmp_path / f"memory.db.before-{NEXT}"
    assert (after.returncode, schema_of(file), schema_of(copy)) == (0, NEXT, revisions.HEAD), after.stderr

    refused = foreman_at(ROOT, config, "log")
    assert (refused.returncode, schema_of(file)) == (1, NEXT)
    assert "newer Foreman" in refused.stderr
    assert "memory.db.before-" in refused.stderr

    back = foreman_at(ROOT, config, "db", "restore", "--yes", str(copy))
    assert back.returncode == 0, back.stderr
    sound, again = foreman_at(ROOT, config, "db", "check"), foreman_at(ROOT, config, "log")
    assert (sound.returncode, again.returncode, schema_of(file)) == (0, 0, revisions.HEAD), sound.stdout + again.stderr
    assert [schema_of(each) for each in tmp_path.glob("memory.db.replaced-*")] == [NEXT]
