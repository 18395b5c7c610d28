"""Polls, snapshots, events, usage, controls, corrections: kept, found again, and counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection

from foreman.llm.base import ModelCall
from foreman.model import Event, EventKind, IssueRef, RepoRef
from foreman.store import actions, controls, corrections, events, issues, polls, savings, usage
from foreman.store.actions import NewDecision
from foreman.store.database import Database
from foreman.store.issues import Snapshot
from foreman.store.polls import PollState
from foreman.store.usage import UsageStore

HOUR = timedelta(hours=1)
REPO = RepoRef.parse("o/r")
ISSUE = IssueRef(REPO, 1)


def test_a_poll_state_comes_back_as_it_was(connection: Connection, now) -> None:
    state = PollState(
        repo=RepoRef.parse("gitlab:g/s/p"), forge_id=5, cursor=now, etag='W/"x"', failures=2, swept_at=now
    )
    polls.save(connection, state)
    polls.save(connection, replace(state, last_error="502"))

    assert polls.get(connection, state.repo) == replace(state, last_error="502")
    assert polls.get(connection, REPO) is None
    assert polls.all(connection) == (replace(state, last_error="502"),)


def test_due_are_the_longest_due_in_turns_with_the_never_polled(connection: Connection, now) -> None:
    late, later, soon, *fresh = (RepoRef.parse(f"o/{name}") for name in "abcdef")
    for repo, due in ((late, -HOUR), (later, -2 * HOUR), (soon, HOUR)):
        polls.save(connection, PollState(repo=repo, next_poll_at=now + due))
    polls.save(connection, PollState(repo=fresh[0]))

    everything = (*fresh, late, later, soon)
    assert polls.due(connection, everything, now) == (later, fresh[0], late, fresh[1], fresh[2])
    assert polls.due(connection, [soon], now) == ()


def test_a_snapshot_comes_back_as_it_was(connection: Connection, now) -> None:
    snapshot = Snapshot(
        issue=ISSUE,
        forge_id=2**40,
        updated_at=now,
        content_digest="d",
        labels=("a", "ü"),
        state="open",
        author_id=3,
        comment_count=4,
        settled=False,
        heard_from=now,
        heard=((2**41, "d"),),
    )
    issues.save(connection, replace(snapshot, labels=()))
    issues.save(connection, snapshot)

    assert issues.get(connection, ISSUE) == snapshot
    assert issues.get(connection, IssueRef(REPO, 2)) is None
    assert issues.of_repo(connection, REPO) == (snapshot,)
    assert issues.of_repo(connection, REPO, state="closed") == ()


def test_an_event_is_new_once(connection: Connection, now) -> None:
    event = Event(key="k", issue=ISSUE, kind=EventKind.EDITED, occurred_at=now, actor_id=8)

    assert events.add(connection, event, now=now)
    assert not events.add(connection, event, now=now + HOUR)
    assert events.of_issue(connection, ISSUE) == (event,)


def _call(now: datetime, **more: object) -> ModelCall:
    facts = {
        "task_id": "t",
        "repo": "o/r",
        "agent": "a",
        "provider": "anthropic",
        "model": "m",
        "input_tokens": 10,
        "output_tokens": 5,
        "cached_tokens": 1,
        "usd": Decimal("0.1"),
        "started_at": now,
        "duration_ms": 3,
    }
    return ModelCall(**(facts | more))


def test_money_is_summed_exactly_and_unknown_prices_stay_unknown(db: Database, now) -> None:
    store = UsageStore(db)
    for call in (
        _call(now),
        _call(now, usd=Decimal("0.2")),
        _call(now, usd=None, error="refused"),
        _call(now, task_id="other", repo="o/x", usd=Decimal("0.000000001")),
        _call(now - timedelta(hours=13)),
    ):
        store.record(call)
    with db.read() as connection:
        whole = usage.totals(connection)
        today = usage.totals(connection, now.replace(hour=0))

    assert store.usd_of_task("t") == Decimal("0.4")
    assert store.usd_of_task("none") == 0
    assert store.usd_of_day(now) == Decimal("0.300000001")
    assert store.calls_of_day("o/r", now) == 3
    assert [(total.repo, total.calls, total.unpriced, total.failed) for total in whole] == [
        ("o/r", 4, 1, 1),
        ("o/x", 1, 0, 0),
    ]
    assert (today[0].usd, today[0].input_tokens, today[0].cached_tokens) == (Decimal("0.3"), 30, 3)


@pytest.mark.parametrize(
    ("decision", "more", "counted"),
    [
        ("label_and_respond", {}, True),
        ("close", {}, True),
        ("skip", {}, False),
        ("label_and_respond", {"model": "m"}, False),
        ("label_and_respond", {"agent": "other"}, False),
    ],
)
def test_what_a_decision_without_a_model_saved_is_what_others_cost_on_average(
    db: Database, now, decision: str, more: dict[str, str], counted: bool
) -> None:
    store = UsageStore(db)
    for task, usd in (("one", "0.1"), ("one", "0.2"), ("two", "0.1")):
        store.record(_call(now - 40 * HOUR, task_id=task, usd=Decimal(usd)))
    facts = {"task_id": "t", "agent": "a", "task_type": "a", "event": "opened", "seen": {}, "actions": ()} | more
    with db.transaction() as connection:
        actions.record(connection, NewDecision(issue=ISSUE, decision=decision, **facts), now=now)
        actions.record(connection, NewDecision(issue=ISSUE, decision=decision, **facts), now=now - 40 * HOUR)
        saved = savings.saved(connection, now - HOUR)
        ever = savings.saved(connection, None, repo=REPO.key)
        elsewhere = savings.saved(connection, None, repo="o/other")
        spent = [sum(one.usd for one in usage.totals(connection, repo=repo)) for repo in (REPO.key, "o/other")]

    assert saved == savings.Saved(tasks=int(counted), usd=Decimal("0.2") if counted else Decimal(0))
    assert (ever.tasks, elsewhere.tasks) == (2 * counted, 0)
    assert spent == [Decimal("0.4"), 0]


def test_pauses_hold_for_a_repository_or_for_all(connection: Connection, now) -> None:
    controls.pause(connection, REPO.key, "ann", now, reason="release")
    controls.pause(connection, REPO.key, "bob", now)
    other = RepoRef.parse("o/x")

    assert controls.paused(connection, REPO)
    assert not controls.paused(connection, other)
    assert [(pause.scope, pause.by, pause.reason) for pause in controls.all(connection)] == [("o/r", "bob", "")]
    controls.pause(connection, controls.EVERYTHING, "ann", now)
    assert controls.paused(connection, other)
    assert controls.resume(connection, controls.EVERYTHING)
    assert not controls.resume(connection, controls.EVERYTHING)
    assert not controls.paused(connection, other)


def test_the_marker_secret_is_made_once(db: Database) -> None:
    with db.read() as connection:
        secret = controls.marker_secret(connection)
    db.close()
    again = Database.open(db.path)
    with again.read() as connection:
        same = controls.marker_secret(connection)
    again.close()

    assert len(bytes.fromhex(secret)) == 32
    assert same == secret


def test_values_can_be_kept_and_forgotten(connection: Connection) -> None:
    controls.meta_set(connection, "a", "1")
    controls.meta_set(connection, "a", "2")

    assert controls.meta_get(connection, "a") == "2"
    controls.meta_delete(connection, "a")
    assert controls.meta_get(connection, "a") is None


def test_corrections_are_found_newest_first(connection: Connection, now) -> None:
    for number in (1, 2, 3):
        corrections.add(
            connection, issue=IssueRef(REPO, number), kind="removed", action_type="add_label", value="bug", now=now
        )

    assert [fix.issue.number for fix in corrections.of_repo(connection, REPO, limit=2)] == [3, 2]
    assert [fix.value for fix in corrections.of_issue(connection, IssueRef(REPO, 2))] == ["bug"]
    assert corrections.value_of({"body": "x"}) == ""


def test_a_time_without_a_zone_is_a_bug(db: Database) -> None:
    naive = datetime(2026, 11, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(Exception, match="without a zone"), db.transaction() as connection:
        controls.pause(connection, "all", "ann", naive)
