"""`foreman run --once` ends when nothing is left to do, in whatever order its threads look."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from foreman.daemon import Daemon, Drained
from foreman.draining import drain
from foreman.model import RepoRef
from foreman.pipeline import Ending
from foreman.store.database import Database

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Desk:
    """A pipeline with one task, and an account that can write what the task decided.

    The task is taken right after the writer looked for planned actions and found none.
    """

    def __init__(self) -> None:
        self.looked, self.taken = threading.Event(), threading.Event()
        self.tasks, self.planned, self.written = 1, 0, 0
        self.name = "desk"

    def work(self, _name: str, *, busy: Any, closed: Any) -> Any:
        if not self.tasks or not self.looked.wait(0.01):
            return None
        self.tasks -= 1
        self.planned += 1
        self.taken.set()
        return SimpleNamespace(ending=Ending.DECIDED, account_refused=False, unreachable=False)

    def busy(self) -> frozenset[str]:
        return frozenset()

    def closed_repos(self) -> tuple[RepoRef, ...]:
        return ()

    def has_due(self) -> bool:
        due = self.planned > 0
        if threading.current_thread().name != "once:desk":
            return due or self.tasks > 0
        self.looked.set()
        self.taken.wait(60)
        return due

    def write_next(self) -> bool:
        if not self.planned:
            return False
        self.planned -= 1
        self.written += 1
        return True


@pytest.mark.timeout(120)
def test_what_was_decided_behind_a_look_is_written_all_the_same(tmp_path: Path) -> None:
    desk = Desk()
    with closing(Database.open(tmp_path / "memory.db")) as db:
        daemon = _daemon(db, desk)
        done = Drained()
        daemon.drain(done)

    assert (desk.written, done.steps, done.tasks) == (1, 1, {"decided": 1})


@pytest.mark.timeout(120)
def test_nobody_rests_before_all_have_looked() -> None:
    """What is ordered on a forge is known to no table until the one who writes has read it."""
    read: list[str] = []

    def look() -> bool:
        read.append(threading.current_thread().name)
        return False

    for turn in range(50):
        thinkers = {f"once:{n}": lambda: None for n in range(4)}
        writers = {f"write:{turn}": look}
        drain(Drained(), thinkers=thinkers, writers=writers, due=lambda: False, stop=threading.Event())

    assert set(read) == {f"write:{turn}" for turn in range(50)}


@pytest.mark.timeout(120)
def test_one_threads_failure_ends_all_and_is_told(tmp_path: Path) -> None:
    desk = Desk()
    desk.looked.set()
    desk.write_next = lambda: 1 // 0
    with closing(Database.open(tmp_path / "memory.db")) as db, pytest.raises(ZeroDivisionError):
        _daemon(db, desk).drain(Drained())


def _daemon(db: Database, desk: Any) -> Daemon:
    return Daemon(
        db=db,
        accounts=[desk],
        pipeline=desk,
        agents=desk,
        workers=2,
        now=lambda: NOW,
        stop=threading.Event(),
    )
