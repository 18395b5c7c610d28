"""A real database in a folder of its own, and short ways to fill it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from foreman.model import ActionState, EventKind, IssueRef
from foreman.store import actions, inbox
from foreman.store.actions import NewAction, NewDecision, StoredAction
from foreman.store.database import Database
from foreman.store.inbox import InboxItem

NOW = datetime(2026, 11, 1, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database as the migrations make it, made once."""
    path = tmp_path_factory.mktemp("fresh") / "memory.db"
    Database.open(path).close()
    return path.read_bytes()


@pytest.fixture
def db(tmp_path: Path, fresh: bytes) -> Iterator[Database]:
    path = tmp_path / "data" / "memory.db"
    path.parent.mkdir()
    path.write_bytes(fresh)
    database = Database.open(path)
    yield database
    database.close()


@pytest.fixture
def connection(db: Database) -> Iterator[Connection]:
    """One write transaction around the whole test."""
    with db.transaction() as connection:
        yield connection


class Filler:
    """Fills the store in one line."""

    def want(self, connection: Connection, issue: str = "o/r#1", *, agent: str = "triage", **more: Any) -> int:
        more = {"event": EventKind.OPENED, "event_key": "key", "now": NOW} | more
        return inbox.enqueue(connection, issue=IssueRef.parse(issue), agent=agent, task_type="issue.triage", **more)

    def claim(self, connection: Connection, *, at: datetime = NOW, **more: Any) -> InboxItem | None:
        return inbox.claim(connection, worker="w1", lease=timedelta(minutes=5), now=at, **more)

    def claimed(self, connection: Connection, *, at: datetime = NOW, **more: Any) -> InboxItem:
        item = self.claim(connection, at=at, **more)
        assert item is not None
        return item

    def decide(
        self,
        connection: Connection,
        *wanted: tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], ActionState],
        issue: str = "o/r#1",
        at: datetime = NOW,
        **more: Any,
    ) -> tuple[StoredAction, ...]:
        new = tuple(
            NewAction(type=kind, payload=payload, state=rest[0] if rest else ActionState.PLANNED)
            for kind, payload, *rest in wanted
        )
        facts = {"decision": "label_and_respond", "rationale": "because", "event": "opened", "task_id": str(uuid4())}
        decision = NewDecision(
            issue=IssueRef.parse(issue), agent="triage", task_type="issue.triage", actions=new, **(facts | more)
        )
        return actions.entry(connection, actions.record(connection, decision, now=at)).actions


@pytest.fixture
def fill() -> Filler:
    return Filler()


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Start Python processes that end with the test; each gets `sys.argv[1:]` and talks over its pipes."""
    started: list[subprocess.Popen[str]] = []

    @contextmanager
    def start(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            started.append(process)
            try:
                yield process
            finally:
                process.kill()

    yield start
    for process in started:
        process.kill()
