"""A database that an older version left, and every command that a person would try first after an upgrade."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from foreman.store import schema
from tests.store.test_upgrades import RELEASED, released


@pytest.mark.parametrize("revision", RELEASED)
def test_old_rows_are_shown_explained_and_taken_back_and_new_work_is_done(
    own_demo, run, project: Path, revision: str
) -> None:
    config, path = own_demo.config, own_demo.folder / "memory.db"
    for old in own_demo.folder.glob("memory.db*"):
        old.unlink()
    released(project, path, revision)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DELETE FROM breakers")  # made up
        raw.commit()
        number, issue = raw.execute(
            "SELECT log_id, issue_id FROM actions WHERE type = 'add_label' AND state = 'done' ORDER BY issue_id"
        ).fetchone()
        count = raw.execute("SELECT count(*) FROM action_log").fetchone()[0]

    entries = json.loads(run("log", "--json", "--limit", "1000", config=config).answer)
    why = run("explain", number, config=config)
    shown = run("memory", "show", f"acme/widget#{issue}", config=config)
    plan = run("undo", number, config=config)
    taken = run("undo", number, "--yes", config=config)
    again = run("explain", number, config=config)
    ran = run("run", "--once", config=config)
    status = run("status", "--json", config=config)

    assert len(entries) == count
    assert why.code == 0 and f"acme/widget#{issue}" in why.answer, why
    assert shown.code == 0 and "label" in shown.answer, shown
    assert plan.code == 0 and "say --yes to do it" in plan.answer, plan
    assert taken.code == 0 and ": done" in taken.answer, taken
    assert "taken back" in again.answer, again
    assert ran.code == 0, ran
    assert json.loads(status.answer)["repos"], status
    assert run("db", "check", config=config).answer == f"{path}: sound\n"


def test_a_database_of_a_newer_version_is_refused_in_words(own_demo, run) -> None:
    path = own_demo.folder / "memory.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '0999_future'")
        raw.commit()
    before = path.read_bytes()

    for command in ("run", "status", "log"):
        refused = run(command, config=own_demo.config)
        assert refused.code == 1
        assert "was written by a newer Foreman (schema '0999_future'" in refused.story
        assert f"knows '{schema.HEAD}'" in refused.story
        assert "memory.db.before-*" in refused.story
        assert "Traceback" not in refused.story
    assert path.read_bytes() == before
