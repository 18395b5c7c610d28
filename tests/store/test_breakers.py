from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, insert

from foreman.store import breakers
from foreman.store.tables import actions

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
AGENT = "agent:issue-triage"


def test_it_opens_at_the_threshold_and_lets_one_probe_through(connection: Connection, now) -> None:
    for _ in range(breakers.THRESHOLD):
        assert breakers.allow(connection, AGENT, now=now, probe=HOUR)
        state = breakers.record_failure(connection, AGENT, now=now, reason="502")

    assert (state.open, state.open_until, state.reason) == (True, now + breakers.COOLDOWN, "502")
    assert not breakers.allow(connection, AGENT, now=now, probe=HOUR)
    later = now + breakers.COOLDOWN
    assert [breakers.allow(connection, AGENT, now=later, probe=HOUR) for _ in range(3)] == [True, False, False]
    breakers.record_success(connection, AGENT, now=later)
    assert breakers.allow(connection, AGENT, now=later, probe=HOUR)
    assert breakers.get(connection, AGENT).failures == 0


def test_each_probe_that_fails_doubles_the_wait_up_to_a_bound(connection: Connection, now) -> None:
    waits = []
    for _ in range(12):
        state = breakers.record_failure(connection, AGENT, now=now, threshold=1)
        waits.append((state.open_until - now).total_seconds())
        now = state.open_until

    assert waits[:4] == [30, 60, 120, 240]
    assert waits[-1] == breakers.LONGEST_COOLDOWN.total_seconds()


def test_failures_of_work_that_was_on_its_way_do_not_lengthen_the_wait(connection: Connection, now) -> None:
    first = breakers.record_failure(connection, AGENT, now=now, threshold=1)
    second = breakers.record_failure(connection, AGENT, now=now + SECOND, threshold=1)

    assert (second.open_until, second.trips, second.failures) == (first.open_until, 1, 2)


def test_quarantine_outlasts_success_and_time(connection: Connection, now) -> None:
    breakers.quarantine(connection, AGENT, reason="five bad replies", now=now)
    breakers.record_failure(connection, AGENT, now=now)
    breakers.record_success(connection, AGENT, now=now)

    assert not breakers.allow(connection, AGENT, now=now + 999 * HOUR, probe=HOUR)
    assert breakers.get(connection, AGENT).reason == "five bad replies"
    assert breakers.release(connection, AGENT, now=now)
    assert not breakers.release(connection, AGENT, now=now)
    assert breakers.allow(connection, AGENT, now=now, probe=HOUR)
    assert [state.scope for state in breakers.all(connection)] == [AGENT]


def test_opening_until_a_time(connection: Connection, now) -> None:
    breakers.open_until(connection, "account:github", until=now + HOUR, reason="401", now=now)
    state = breakers.get(connection, "account:github")

    assert state.open
    assert not breakers.allow(connection, "account:github", now=now, probe=SECOND)
    assert breakers.allow(connection, "account:github", now=now + HOUR, probe=SECOND)


def _writes(connection: Connection, fill, number: int, at) -> None:
    log_id = fill.decide(connection, ("comment", {"body": "x"}))[0].log_id
    base = {"log_id": log_id, "repo": "o/r", "issue_id": 1, "agent": "a", "type": "comment", "payload": {}}
    rows = [
        base
        | {"position": index + 1, "key": f"{log_id}-{index}", "payload_hash": "", "state": "done", "reason": ""}
        | {"detail": "", "undo": {}, "attempts": 1, "created_at": at, "sent_at": at}
        for index in range(number)
    ]
    connection.execute(insert(actions), rows)


def test_a_flood_of_writes_stops_writing_until_it_is_over(connection: Connection, fill, now) -> None:
    assert not breakers.watch_flood(connection, now=now, floor=20)
    for hours in range(2, 12):
        _writes(connection, fill, 10, now - hours * HOUR)
    _writes(connection, fill, 29, now - SECOND)
    assert not breakers.watch_flood(connection, now=now, floor=20)
    _writes(connection, fill, 5, now - SECOND)

    assert breakers.watch_flood(connection, now=now, floor=20)
    assert breakers.flood_open(connection, now=now)
    assert "34 writes in the last hour" in breakers.get(connection, "flood").reason
    assert breakers.watch_flood(connection, now=now + timedelta(minutes=59), floor=20)
    assert not breakers.watch_flood(connection, now=now + 2 * HOUR, floor=20)
    assert not breakers.flood_open(connection, now=now + 2 * HOUR)
