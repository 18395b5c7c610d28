"""While nothing happens nobody asks the database; when something does, nobody has to wait for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from foreman.bell import Bell
from foreman.model import ActionState, EventKind, IssueRef
from foreman.store import actions, inbox
from foreman.store.actions import NewAction, NewDecision
from foreman.store.database import Database
from foreman.watch import LONGEST_AGAIN_SECONDS, Watch
from tests.empty import put_empty_database
from tests.rig import WIDGET, Clock
from tests.world import World, wait_until

SECONDS = 3.0
"""How long an idle daemon is looked at; the chores come about once in that time."""

MOST_STATEMENTS = 45
"""The chores need 24, a look at something 10; four workers that look twice a second would need 200."""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    put_empty_database(tmp_path / "memory.db")
    with closing(Database.open(tmp_path / "memory.db")) as made:
        yield made


@pytest.fixture
def other(db: Database) -> Iterator[Database]:
    """Return what another process has of the same database."""
    with closing(Database.open(db.path)) as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(db: Database, clock: Clock) -> Watch:
    made = Watch(db, now=clock, monotonic=clock.monotonic)
    made.look()
    return made


def want(db: Database, clock: Clock, *, later: float = 0.0) -> None:
    """Ask for work that may begin in so many seconds."""
    with db.transaction() as connection:
        inbox.enqueue(
            connection,
            issue=IssueRef(WIDGET, 1),
            agent="issue-triage",
            task_type="issue.triage",
            event=EventKind.OPENED,
            event_key="1",
            now=clock() + timedelta(seconds=later),
        )


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that this process sends to any database."""
    sent: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def test_what_another_process_queues_wakes_everybody(watch: Watch, other: Database, clock: Clock) -> None:
    assert not watch.look()
    want(other, clock)

    assert watch.look()


def test_what_is_due_later_wakes_nobody_until_then(watch: Watch, other: Database, clock: Clock) -> None:
    want(other, clock, later=30)
    assert not watch.look()
    clock.advance(29)
    assert not watch.look()
    clock.advance(2)

    assert watch.look()


def test_a_clock_that_is_put_forward_is_followed(watch: Watch, other: Database, clock: Clock) -> None:
    want(other, clock, later=3600)
    assert not watch.look()
    clock.jump(3601)

    assert watch.look()


def test_planned_actions_and_those_put_off_count_as_well(watch: Watch, other: Database, clock: Clock) -> None:
    with other.transaction() as connection:
        log_id = actions.record(
            connection,
            NewDecision(
                issue=IssueRef(WIDGET, 1),
                task_id="00000000-0000-4000-8000-000000000001",
                agent="issue-triage",
                task_type="issue.triage",
                decision="label_and_respond",
                actions=(NewAction(type="add_label", payload={"label": "bug"}, state=ActionState.PLANNED),),
            ),
            now=clock(),
        )
    assert watch.look()
    with other.transaction() as connection:
        (action,) = actions.entry(connection, log_id).actions
        actions.defer(connection, action.id, not_before=clock() + timedelta(seconds=10), reason="later")
    assert not watch.look()
    clock.advance(11)

    assert watch.look()


def test_what_is_due_and_not_done_wakes_others_again_and_again_but_seldom(
    watch: Watch, other: Database, clock: Clock
) -> None:
    want(other, clock)
    woken = 0
    for _ in range(400):
        woken += watch.look()
        clock.advance(0.25)

    assert 100 / LONGEST_AGAIN_SECONDS <= woken <= 1.2 * 100 / LONGEST_AGAIN_SECONDS + 3


def test_while_nothing_is_written_no_table_is_read(watch: Watch, other: Database, clock: Clock) -> None:
    want(other, clock, later=3600)
    watch.look()
    with counted() as sent:
        for _ in range(400):
            watch.look()
            clock.advance(0.25)

    assert sent == []


def test_a_ring_between_a_look_and_the_wait_after_it_is_heard() -> None:
    bell = Bell()
    heard = bell.rung
    bell.ring()
    waiting = threading.Thread(target=bell.wait, args=(heard, 3600.0), daemon=True)
    waiting.start()
    waiting.join(60)

    assert not waiting.is_alive()


def test_one_piece_of_work_wakes_one_and_nobody_who_looks_misses_it() -> None:
    bell, woken = Bell(), threading.Semaphore(0)

    def wait() -> None:
        bell.wait(heard, 3600.0)
        woken.release()

    heard = bell.rung
    waiting = [threading.Thread(target=wait, daemon=True) for _ in range(3)]
    for each in waiting:
        each.start()
    wait_until(lambda: len(bell._changed._waiters) == 3, "three who wait")
    bell.ring(1)

    assert woken.acquire(timeout=60)
    assert not woken.acquire(timeout=0.2)
    bell.wait(heard, 3600.0)  # who was looking while it rang
    bell.ring()
    for each in waiting:
        each.join(60)
    assert not any(each.is_alive() for each in waiting)


@pytest.mark.timeout(300)
def test_an_idle_daemon_asks_its_database_next_to_nothing(tmp_path: Path) -> None:
    """Counted, not timed: a slow machine only asks less."""
    world = World(tmp_path)
    world.config["polling"]["interval_seconds"] = 3600
    world.config["workers"] = 4
    pause = threading.Event()

    def asked() -> int:
        with counted() as sent:
            pause.wait(SECONDS)
        return len(sent)

    try:
        with world.shop() as shop:
            shop.daemon.start()
            try:
                # What is read once, at leisure, comes first.
                wait_until(lambda: asked() <= MOST_STATEMENTS, "a rest", 120)
            finally:
                shop.daemon.stop()
    finally:
        world.close()
