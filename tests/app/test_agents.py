"""All agents of a daemon together: looked after side by side, told of where they are not sealed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from foreman import daemon as daemons
from foreman.agent.pool import AgentPool
from foreman.app.agents import AgentOffice
from foreman.config.models import AgentSettings
from foreman.daemon import Daemon
from foreman.errors import AgentUnavailable
from foreman.model import EventKind, ForgeKind, InboxState, IssueRef, RepoRef
from foreman.store import breakers, inbox
from foreman.store.database import Database
from tests.world import wait_until

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Agent:
    """A runtime that becomes ready when the test lets it."""

    gateway_url = ""

    def __init__(self, agent: str, *, sealed: bool = True) -> None:
        self.agent = agent
        self.sealed = sealed
        self.let_go = threading.Event()

    def start(self) -> None:
        if not self.let_go.wait(60):
            raise AgentUnavailable("never ready")

    def healthy(self) -> bool:
        return True

    def ask(self, task: bytes, *, timeout_seconds: float) -> bytes:
        return task

    def stop(self, *, timeout_seconds: float) -> None:
        self.let_go.set()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "memory.db")
    yield database
    database.close()


def _office(db: Database, *agents: Agent) -> AgentOffice:
    settings = {agent.agent: AgentSettings(runtime="process") for agent in agents}
    return AgentOffice(
        pool=AgentPool({agent.agent: agent for agent in agents}), settings=settings, db=db, now=lambda: NOW
    )


def test_an_agent_that_is_slow_to_get_well_keeps_no_other_in_quarantine(db: Database) -> None:
    slow, well = Agent("a-slow"), Agent("b-well")
    well.let_go.set()
    office = _office(db, slow, well)
    with db.transaction() as connection:
        for agent in ("a-slow", "b-well"):
            breakers.open_until(connection, f"agent:{agent}", until=NOW, reason="it crashes", now=NOW)
    thread = threading.Thread(target=office.tend)
    thread.start()
    try:
        wait_until(lambda: office.quarantined() == {"a-slow"}, "the well one is released")
    finally:
        slow.let_go.set()
        thread.join(60)

    assert office.quarantined() == frozenset()


def test_held_work_comes_back_while_an_agent_is_slow_to_show_its_health(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemons, "CHORES_SECONDS", 0.05)
    slow = Agent("slow")
    office = _office(db, slow)
    with db.transaction() as connection:
        breakers.open_until(connection, "agent:slow", until=NOW, reason="it crashes", now=NOW)
    daemon = Daemon(
        db=db,
        accounts=(),
        pipeline=None,  # type: ignore[arg-type]
        agents=office,
        workers=0,
        now=lambda: NOW,
        stop=threading.Event(),
    )
    daemon.start()
    try:
        wait_until(lambda: any(thread.name == "look:slow" for thread in threading.enumerate()), "it is looked at")
        with db.transaction() as connection:
            inbox.enqueue(
                connection,
                issue=IssueRef(RepoRef(ForgeKind.GITHUB, "acme/widget"), 1),
                agent="quick",
                task_type="quick",
                event=EventKind.OPENED,
                event_key="1",
                now=NOW,
            )
            item = inbox.claim(connection, worker="w", lease=timedelta(minutes=1), now=NOW)
            assert item is not None
            inbox.hold(connection, item, until=NOW, reason="budget", now=NOW)

        def ready() -> bool:
            with db.read() as connection:
                return inbox.counts(connection)[InboxState.READY] == 1

        wait_until(ready, "the held item is ready again")
    finally:
        slow.let_go.set()
        daemon.stop()


def test_the_log_says_once_which_agents_are_not_sealed(db: Database) -> None:
    agents = Agent("open", sealed=False), Agent("closed")
    for agent in agents:
        agent.let_go.set()
    with capture_logs() as said:
        _office(db, *agents).warm()

    assert [(line["event"], line["agent"], line["runtime"]) for line in said] == [
        ("agent_not_sealed", "open", "process")
    ]
