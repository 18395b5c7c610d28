from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from foreman.store import lock


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


def _age(path: Path, days: int) -> None:
    """Let everything in a database have happened so much earlier, its newest decision excepted."""
    back = f"-{days} days"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE action_log SET timestamp = datetime(timestamp, ?)", (back,))
        for table, columns in (
            ("actions", ("created_at", "sent_at", "settled_at")),
            ("inbox", ("created_at", "finished_at")),
            ("events", ("occurred_at", "seen_at")),
            ("issues", ("updated_at",)),
        ):
            for column in columns:
                later = f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '{back}')"
                raw.execute(f"UPDATE {table} SET {column} = {later} WHERE {column} IS NOT NULL")
        raw.execute("UPDATE issues SET state = 'closed'")
        raw.commit()


def test_what_is_old_is_shown_first_then_deleted_and_its_room_given_back(own_demo, run) -> None:
    config, path = own_demo.config, own_demo.folder / "memory.db"
    assert run("db", "prune", config=config).answer.startswith("nothing older than ")
    _age(path, 500)
    told = len(json.loads(run("log", "--json", "--limit", "1000", config=config).answer))

    plan = run("db", "prune", "--json", config=config)
    shown = run("db", "prune", config=config)
    assert len(json.loads(run("log", "--json", "--limit", "1000", config=config).answer)) == told
    done = run("db", "prune", "--yes", "--json", config=config)
    left = len(json.loads(run("log", "--json", "--limit", "1000", config=config).answer))
    packed = run("db", "compact", config=config)

    found = json.loads(plan.answer)
    assert found["rows"]["decisions"] > 5
    assert found["rows"] == json.loads(done.answer)["rows"]
    assert (found["done"], json.loads(done.answer)["done"]) == (False, True)
    assert f"{found['rows']['decisions']} decisions" in shown.answer
    assert "say --yes to do it" in shown.answer
    assert 0 < left == told - found["rows"]["decisions"]
    before, after = [int(word) for word in packed.answer.split() if word.isdigit()]
    assert after < before
    assert run("db", "check", config=config).answer == f"{path}: sound\n"
    assert run("status", config=config).code == 0


def test_nothing_is_deleted_that_foreman_itself_looks_back_to(own_demo, run) -> None:
    young = run("db", "prune", "--older-than", "30d", "--yes", config=own_demo.config)
    file = Path(own_demo.config)
    file.write_text(file.read_text().replace("storage:\n", "storage:\n  keep_days: 0\n"))
    never = run("db", "prune", "--yes", config=own_demo.config)

    assert (young.code, never.code) == (2, 2)
    assert "looks back 90 days" in young.story
    assert "keeps everything" in never.story
    assert run("db", "prune", "--older-than", "90d", config=own_demo.config).code == 0


def test_room_is_not_given_back_under_a_running_daemon(own_demo, run) -> None:
    descriptor = lock.take(own_demo.folder / "memory.db")
    try:
        done = run("db", "compact", config=own_demo.config)
    finally:
        lock.give_back(descriptor)

    assert done.code
    assert "works on" in done.story
