from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from foreman.errors import LeaseLost, StoreBusy, StoreError, StoreFull
from foreman.store import connections, controls, inbox
from foreman.store.database import Database


def test_a_new_file_is_its_owners_alone_and_durable(tmp_path: Path) -> None:
    path = tmp_path / "new" / "memory.db"
    database = Database.open(path)
    with database.read() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_others_could_read_is_closed_to_them(db: Database) -> None:
    db.close()
    db.path.chmod(0o644)
    Database.open(db.path).close()

    assert stat.S_IMODE(db.path.stat().st_mode) == 0o600


def test_a_missing_file_is_not_made_for_a_command_that_reads(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="foreman demo"):
        Database.open(tmp_path / "memory.db", create=False)

    assert not list(tmp_path.iterdir())


def test_a_block_that_fails_leaves_nothing(db: Database) -> None:
    with pytest.raises(KeyError), db.transaction() as connection:
        controls.meta_set(connection, "half", "done")
        raise KeyError

    with db.read() as connection:
        assert controls.meta_get(connection, "half") is None


def test_a_transaction_inside_another_block_is_a_bug(db: Database) -> None:
    with db.transaction(), pytest.raises(RuntimeError), db.transaction():
        pass
    with db.read(), pytest.raises(RuntimeError), db.transaction():
        pass


def test_reading_inside_a_transaction_sees_what_it_wrote(db: Database) -> None:
    with db.transaction() as connection:
        controls.meta_set(connection, "key", "value")
        with db.read() as again:
            assert controls.meta_get(again, "key") == "value"


def test_a_reader_cannot_write_and_sees_one_moment(db: Database) -> None:
    with db.read() as connection:
        assert controls.meta_get(connection, "key") is None
        writer = threading.Thread(target=_write, args=(db, "key"))
        writer.start()
        writer.join()

        assert controls.meta_get(connection, "key") is None
    with pytest.raises(StoreError), db.read() as connection:
        controls.meta_set(connection, "other", "value")
    with db.read() as connection:
        assert controls.meta_get(connection, "key") == "written"


def _write(db: Database, key: str) -> None:
    with db.transaction() as connection:
        controls.meta_set(connection, key, "written")


def test_the_guard_is_asked_in_every_write(db: Database) -> None:
    def refuse(_: object) -> None:
        raise LeaseLost("not ours")

    db.guard_with(refuse)
    with pytest.raises(LeaseLost), db.transaction():
        pytest.fail("the block ran")
    with db.read() as connection:
        controls.all(connection)


def test_each_thread_has_a_connection_and_close_ends_all(db: Database) -> None:
    """Connections of threads that ended go with the next new one."""
    seen: list[int] = []
    for _ in range(5):
        thread = threading.Thread(target=_look, args=(db, seen))
        thread.start()
        thread.join()
    open_ones = len(db._connections._all)
    stay, stop = threading.Event(), threading.Event()
    idle = threading.Thread(target=_stay, args=(db, stay, stop))
    idle.start()
    assert stay.wait(60)
    db.close()
    db.close()
    stop.set()
    idle.join()

    assert open_ones <= 2
    assert len(seen) == 5
    with pytest.raises(StoreError, match="closed"), db.read():
        pass


def _somebody_in(
    block: Callable[[], AbstractContextManager[Connection]], then: Callable[[Connection], object]
) -> Callable[[], bool]:
    """Have another thread enter a block; what is returned lets it go on there and says whether that went well."""
    inside, go, ended = threading.Event(), threading.Event(), threading.Event()

    def stay() -> None:
        with block() as connection:
            inside.set()
            go.wait(60)
            then(connection)
        ended.set()

    thread = threading.Thread(target=stay)
    thread.start()
    assert inside.wait(60)

    def leave() -> bool:
        go.set()
        thread.join()
        return ended.is_set()

    return leave


def test_closing_lets_another_threads_block_end_first(db: Database, now: datetime) -> None:
    leave = _somebody_in(db.transaction, lambda connection: controls.pause(connection, "*", by="me", now=now))
    closer = threading.Thread(target=db.close)
    closer.start()
    ended = leave()
    closer.join()

    assert ended
    with closing(Database.open(db.path)) as again, again.read() as connection:
        assert len(controls.all(connection)) == 1


def test_closing_leaves_a_block_that_does_not_end_to_its_thread(db: Database) -> None:
    seen = []
    leave = _somebody_in(db.read, lambda connection: seen.append(controls.all(connection)))
    db.close()
    leave()

    assert seen == [()]


def test_closing_leaves_a_write_that_does_not_end_to_its_thread(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CLOSE_SECONDS", 0.05)
    leave = _somebody_in(db.transaction, lambda connection: controls.meta_set(connection, "key", "written"))
    db.close()

    assert leave()
    assert db._connections._writer is None
    with pytest.raises(StoreError, match="closed"), db.transaction():
        pass
    with closing(Database.open(db.path)) as again, again.read() as connection:
        assert controls.meta_get(connection, "key") == "written"


def test_who_waits_too_long_for_his_turn_to_write_is_told(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BUSY_TIMEOUT_SECONDS", 0.05)
    leave = _somebody_in(db.transaction, controls.all)
    with pytest.raises(StoreBusy, match="another thread") as busy, db.transaction():
        pass
    with db.read() as connection:  # reads wait for nobody
        controls.all(connection)

    assert leave()
    assert busy.value.transient
    _write(db, "after")


@pytest.mark.parametrize("harm", ["left in a transaction", "invalidated", "closed"])
def test_what_one_write_left_behind_is_not_in_the_way_of_the_next(db: Database, harm: str) -> None:
    with db.transaction() as connection:
        left = connection
    match harm:
        case "left in a transaction":
            left.begin()
            left.exec_driver_sql("DELETE FROM meta")
        case "invalidated":
            left.invalidate()
        case "closed":
            left.close()

    _write(db, "key")

    with db.read() as connection:
        assert controls.meta_get(connection, "key") == "written"
        assert controls.marker_secret(connection)


def _look(db: Database, seen: list[int]) -> None:
    with db.read() as connection:
        seen.append(id(connection))


def _stay(db: Database, stay: threading.Event, stop: threading.Event) -> None:
    with db.read():
        pass
    stay.set()
    stop.wait(60)


def test_eight_writers_lose_nothing(db: Database, fill) -> None:
    def work(number: int) -> None:
        for turn in range(10):
            with db.transaction() as connection:
                fill.want(connection, f"o/r#{number * 100 + turn + 1}")
                found = int(controls.meta_get(connection, "sum") or 0)
                controls.meta_set(connection, "sum", str(found + 1))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with db.read() as connection:
        assert controls.meta_get(connection, "sum") == "80"
        assert inbox.waiting_count(connection) == 80 == len(inbox.waiting(connection))


def test_a_lock_that_stays_taken_is_busy_and_passes(db: Database) -> None:
    with db.transaction() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    with closing(sqlite3.connect(db.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy) as busy, db.transaction():
            pass
        other.execute("ROLLBACK")

    assert busy.value.transient
    _write(db, "after")


def test_a_full_disk_stops_writes_and_nothing_else(db: Database, fill) -> None:
    with db.transaction() as connection:
        fill.want(connection, "o/r#1")
    with db.transaction() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(StoreFull, match="space") as full, db.transaction() as connection:
        for number in range(2, 2000):
            fill.want(connection, f"o/r#{number}")
    with db.read() as connection:
        left = inbox.waiting(connection)
        counted = inbox.waiting_count(connection)
    with db.transaction() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    _write(db, "after")

    assert full.value.transient
    assert counted == len(left) == 1


@pytest.mark.parametrize("damage", ["not a database", "truncated", "bytes flipped", "header gone"])
def test_a_damaged_file_stops_the_start_with_one_line(db: Database, damage: str, fill) -> None:
    with db.transaction() as connection:
        for number in range(1, 200):
            fill.want(connection, f"o/r#{number}")
    db.close()
    whole = db.path.read_bytes()
    db.path.write_bytes(
        {
            "not a database": b"hello world " * 1000,
            "truncated": whole[: len(whole) // 2],
            "bytes flipped": whole[:8192] + bytes(byte ^ 0xFF for byte in whole[8192:]),
            "header gone": bytes(100) + whole[100:],
        }[damage]
    )
    with pytest.raises(StoreError) as stop:
        Database.open(db.path)

    assert str(db.path) in str(stop.value)
    assert "foreman db restore" in str(stop.value)
    assert "\n" not in str(stop.value)


def test_damage_found_later_says_the_same(db: Database, fill) -> None:
    with db.transaction() as connection:
        for number in range(1, 400):
            fill.want(connection, f"o/r#{number}")
    db.close()
    whole = bytearray(db.path.read_bytes())
    half = len(whole) // 2
    whole[half:] = bytes(byte ^ 0x55 for byte in whole[half:])
    db.path.write_bytes(whole)
    with pytest.raises(StoreError, match="foreman db restore"):
        _read_everything(db.path)


def _read_everything(path: Path) -> None:
    with closing(Database.open(path, create=False)) as database, database.read() as connection:
        connection.execute(text("SELECT * FROM inbox ORDER BY event_key, id")).all()
        connection.execute(text("SELECT repo, issue_id FROM inbox INDEXED BY inbox_by_issue")).all()


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE photos (id)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not Foreman's"):
        Database.open(path)

    assert path.read_bytes() == before
