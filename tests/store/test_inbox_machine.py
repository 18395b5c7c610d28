"""Any order of orders, crashes and late workers: nothing is lost or runs twice at once, the numbers are right."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from foreman.errors import LeaseLost
from foreman.model import EventKind, InboxState, IssueRef
from foreman.store import inbox
from foreman.store.database import Database
from foreman.store.inbox import InboxItem
from foreman.store.tables import inbox as rows

START = datetime(2026, 11, 1, tzinfo=UTC)
LEASE = timedelta(minutes=5)
ISSUES = st.sampled_from([IssueRef.parse(f"o/{repo}#{number}") for repo in "ab" for number in (1, 2)])
AGENTS = st.sampled_from(["triage", "greeter"])


class InboxMachine(RuleBasedStateMachine):
    """Keeps its own small book of what must come of each event."""

    fresh: bytes

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "memory.db"
        path.write_bytes(self.fresh)
        self.db = Database.open(path, create=False)
        self.now = START
        self.serial = 0
        self.claims: list[InboxItem] = []
        self.newest: dict[tuple[IssueRef, str], str] = {}
        self.settled: set[int] = set()

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()
            self.folder.cleanup()

    @rule(issue=ISSUES, agent=AGENTS, requested=st.booleans())
    def enqueue(self, issue: IssueRef, agent: str, requested: bool) -> None:
        self.serial += 1
        key = f"e{self.serial}"
        with self.db.transaction() as connection:
            item_id = inbox.enqueue(
                connection,
                issue=issue,
                agent=agent,
                task_type="t",
                event=EventKind.EDITED,
                event_key=key,
                requested=requested,
                now=self.now,
            )
            item = inbox.get(connection, item_id)
        assert item is not None
        assert item.state in (InboxState.READY, InboxState.HELD)
        self.newest[issue, agent] = key

    @rule(busy=st.sets(AGENTS, max_size=1))
    def claim(self, busy: set[str]) -> None:
        with self.db.transaction() as connection:
            able = inbox.claimable(connection, now=self.now, busy=busy)
            item = inbox.claim(connection, worker="w", lease=LEASE, now=self.now, busy=busy)
        assert able is (item is not None)
        if item is not None:
            assert item.agent not in busy
            assert item.task_id not in {other.task_id for other in self.claims}
            self.claims.append(item)

    @rule(data=st.data(), how=st.sampled_from(["complete", "postpone", "uncounted", "hold", "bury", "extend"]))
    def finish(self, data: Any, how: str) -> None:
        """Any claim ever given may come back, most of them too late."""
        if not self.claims:
            return
        item = data.draw(st.sampled_from(self.claims))
        with self.db.read() as connection:
            row = connection.execute(select(rows).where(rows.c.id == item.id)).one()
        ours = row.state == "claimed" and row.fence == item.fence and row.lease_until > self.now
        try:
            self._finish(item, how)
        except LeaseLost:
            assert not ours
        else:
            assert ours
            if how in ("complete", "bury"):
                self._forget_done(item, row)

    def _finish(self, item: InboxItem, how: str) -> None:
        later = self.now + timedelta(minutes=1)
        with self.db.transaction() as connection:
            match how:
                case "complete":
                    inbox.complete(connection, item, now=self.now)
                case "hold":
                    inbox.hold(connection, item, until=later, reason="", now=self.now)
                case "bury":
                    inbox.bury(connection, item, reason="poison", now=self.now)
                case "extend":
                    inbox.extend(connection, item, lease=LEASE, now=self.now)
                case _:
                    counted = how == "postpone"
                    inbox.postpone(connection, item, not_before=later, reason="", count_attempt=counted, now=self.now)

    def _forget_done(self, item: InboxItem, row: Any) -> None:
        if self.newest.get((item.issue, item.agent)) == row.event_key:
            del self.newest[item.issue, item.agent]

    @rule(minutes=st.sampled_from([0, 1, 4, 6]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        with self.db.transaction() as connection:
            inbox.expire(connection, now=self.now)
            inbox.release_held(connection, now=self.now)

    @rule()
    def crash_and_start_again(self) -> None:
        self.db.close()
        self.db = Database.open(self.db.path, create=False)
        with self.db.transaction() as connection:
            inbox.recover(connection, now=self.now)

    @rule(agent=AGENTS, hold=st.booleans())
    def quarantine(self, agent: str, hold: bool) -> None:
        with self.db.transaction() as connection:
            if hold:
                inbox.hold_agent(connection, agent, until=None, reason="quarantine")
            else:
                inbox.release_held(connection, now=self.now, agent=agent)

    @rule(retry=st.booleans())
    def a_person_looks_at_the_dead(self, retry: bool) -> None:
        with self.db.transaction() as connection:
            ids = [dead.item.id for dead in inbox.dead(connection)]
            changed = inbox.retry(connection, ids, self.now) if retry else inbox.drop(connection, ids, self.now)
        assert changed == len(ids)

    @invariant()
    def nothing_is_lost_doubled_or_miscounted(self) -> None:
        if not hasattr(self, "db"):
            return
        with self.db.read() as connection:
            every = connection.execute(select(rows)).all()
            counted = inbox.counts(connection)
        running = Counter((row.repo, row.issue_id) for row in every if row.state == "claimed")
        waiting = Counter((row.repo, row.issue_id, row.agent) for row in every if row.state in ("ready", "held"))
        real = Counter(row.state for row in every)
        unfinished = {row.event_key for row in every if row.state in ("ready", "held", "claimed")}
        settled = {row.id for row in every if row.state in ("done", "cancelled")}

        assert max(running.values(), default=0) <= 1
        assert max(waiting.values(), default=0) <= 1
        assert {state.value: number for state, number in counted.items() if number} == dict(real)
        assert set(self.newest.values()) <= unfinished
        assert self.settled <= settled
        assert all(row.attempt >= 0 for row in every)
        self.settled = settled


def _run(fresh: bytes, *, examples: int, steps: int) -> None:
    machine = type("Machine", (InboxMachine,), {"fresh": fresh})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def test_the_inbox_holds_under_any_order(fresh: bytes) -> None:
    _run(fresh, examples=12, steps=25)


@pytest.mark.long
def test_the_inbox_holds_under_any_order_for_long(fresh: bytes) -> None:
    _run(fresh, examples=300, steps=60)
