from __future__ import annotations

import json
import sqlite3
from pathlib import Path


def test_a_copy_can_be_made_checked_and_brought_back(own_demo, run, tmp_path) -> None:
    config = own_demo.config
    copy = tmp_path / "copy.db"
    before = run("log", "--json", config=config).answer

    assert run("db", "backup", copy, config=config).code == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    again = run("db", "backup", copy, config=config)
    assert again.code == 1
    assert "exists already" in again.story
    assert run("db", "backup", copy, "--overwrite", config=config).code == 0

    run("memory", "forget", "acme/widget", "--yes", config=config)
    plan = run("db", "restore", copy, config=config)
    assert plan.code == 0
    assert "say --yes to do it" in plan.answer
    assert json.loads(run("memory", "show", "acme/widget", "--json", config=config).answer)["memories"] == []

    done = run("db", "restore", copy, "--yes", config=config)
    assert done.code == 0, done.story
    assert "; what was there is " in done.answer
    assert run("log", "--json", config=config).answer == before
    assert run("db", "check", config=config).answer == f"{own_demo.folder / 'memory.db'}: sound\n"


def test_check_names_what_is_wrong(own_demo, run) -> None:
    path = own_demo.folder / "memory.db"
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE action_counts SET number = number + 1")
    raw.close()
    path.chmod(0o644)

    done = run("db", "check", "--json", config=own_demo.config)
    facts = json.loads(done.answer)

    assert done.code == 1
    assert not facts["sound"]
    assert any("can be read by others" in problem for problem in facts["problems"])
    assert any("action_counts" in problem for problem in facts["problems"])
    checked = run("check", config=own_demo.config)
    assert checked.code == 1
    assert "fail  database: " in checked.answer


def test_a_file_that_is_no_copy_is_refused_and_changes_nothing(own_demo, run, tmp_path) -> None:
    database = own_demo.folder / "memory.db"
    before = database.read_bytes()
    (tmp_path / "letter.txt").write_text("dear database" * 100)

    refused = run("db", "restore", tmp_path / "letter.txt", "--yes", config=own_demo.config)
    missing = run("db", "restore", tmp_path / "nothing.db", "--yes", config=own_demo.config)

    assert refused.code == 1
    assert "cannot be brought back" in refused.story
    assert missing.code == 2
    assert "there is no file" in missing.story
    assert database.read_bytes() == before


def test_a_copy_is_not_brought_back_under_a_running_daemon(own_demo, run, tmp_path) -> None:
    from foreman.store.database import Database
    from foreman.store.lease import DaemonLease

    path = Path(own_demo.folder / "memory.db")
    copy = tmp_path / "copy.db"
    assert run("db", "backup", copy, config=own_demo.config).code == 0
    db = Database.open(path)
    lease = DaemonLease.acquire(db, path, holder="a daemon")
    try:
        done = run("db", "restore", copy, "--yes", config=own_demo.config)
    finally:
        lease.release()
        db.close()

    assert done.code
    assert "works on" in done.story
