from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, text

from foreman.errors import StoreError
from foreman.model import ActionState, IssueRef, Outcome, RepoRef
from foreman.store import actions, corrections, issues
from foreman.store.database import Database
from foreman.store.issues import Snapshot

S = ActionState
HOUR = timedelta(hours=1)
BUG = ("add_label", {"label": "bug"})
HI = ("comment", {"body": "hi"})
ISSUE = IssueRef.parse("o/r#1")

LEGAL = {
    S.PLANNED: {S.SENT, S.DONE, S.FAILED, S.UNKNOWN, S.HELD, S.DENIED, S.SHADOW},
    S.SENT: {S.PLANNED, S.DONE, S.FAILED, S.UNKNOWN},
    S.UNKNOWN: {S.PLANNED, S.DONE, S.FAILED, S.DENIED, S.UNDONE},
    S.HELD: {S.PLANNED, S.DENIED, S.FAILED, S.SHADOW},
    S.DONE: {S.UNDONE},
}


def test_a_decision_is_logged_whole(connection: Connection, fill, now) -> None:
    (first, second) = fill.decide(
        connection,
        BUG,
        ("close", {"reason": "not_planned"}, S.HELD),
        task_id="0" * 36,
        confidence=0.5,
        seen={"labels": ["x"]},
        model="m",
        usd=Decimal("0.000123"),
        author_id=9,
        rationale="odd \ud800 text\0",
    )
    entry = actions.entry(connection, first.log_id)
    raw = connection.execute(text("SELECT actions, timestamp, rationale, issue_id FROM action_log")).one()

    assert json.loads(raw.actions) == [
        {"type": "add_label", "label": "bug"},
        {"type": "close", "reason": "not_planned"},
    ]
    assert (raw.timestamp, raw.rationale, raw.issue_id) == ("2026-11-01 12:00:00", "odd ? text", 1)
    assert (entry.usd, entry.seen, entry.confidence) == (Decimal("0.000123"), {"labels": ["x"]}, 0.5)
    assert entry.actions == (first, second)
    assert first.key == hashlib.sha256(b"0" * 36 + b"|0").hexdigest()[:32] != second.key
    assert (first.state, second.state, first.position, second.position) == (S.PLANNED, S.HELD, 0, 1)
    assert entry.timestamp == now.replace(microsecond=0)
    assert first.created_at == now
    with pytest.raises(StoreError, match="no decision 99"):
        actions.entry(connection, 99)
    with pytest.raises(StoreError, match="no action 99"):
        actions.get(connection, 99)


def test_the_actions_of_one_task_are_logged_once(db: Database, fill) -> None:
    with pytest.raises(StoreError, match="refused a row"), db.transaction() as connection:
        fill.decide(connection, BUG, task_id="t")
        fill.decide(connection, HI, task_id="t")

    with db.read() as connection:
        assert actions.entries(connection) == ()
        assert sum(actions.states(connection).values()) == 0


@pytest.mark.parametrize("start", list(S))
def test_only_legal_moves_are_made_and_counted(connection: Connection, fill, now, start: S) -> None:
    for to in S:
        before = actions.states(connection)
        (action,) = fill.decide(connection, (*BUG, start))
        calls = {
            S.SENT: lambda it: actions.mark_sent(connection, it, now=now),
            S.HELD: lambda it: actions.hold(connection, [it], reason="why"),
            S.UNDONE: lambda it: actions.mark_undone(connection, [it], by="ann", now=now),
            S.DENIED: lambda it: actions.cancel(connection, [it], state=S.DENIED, reason="stale", now=now),
            S.SHADOW: lambda it: actions.cancel(connection, [it], state=S.SHADOW, reason="shadow", now=now),
        }
        step = calls.get(to, lambda it, to=to: actions.settle(connection, it, Outcome(state=to), now=now))
        legal = to in LEGAL.get(start, set()) or start is to is S.PLANNED
        if start is S.UNKNOWN and to is S.DENIED:
            legal = False  # `cancel` is for what was never sent
        if legal:
            step(action.id)
        else:
            with pytest.raises(ValueError, match=f"action {action.id} is {start}"):
                step(action.id)
        after = actions.get(connection, action.id).state
        counted = {state: number - before[state] for state, number in actions.states(connection).items()}

        assert after is (to if legal else start)
        assert {state for state, more in counted.items() if more} == {after}


def test_sending_settling_and_trying_again(connection: Connection, fill, now) -> None:
    (action,) = fill.decide(connection, HI)
    sent = actions.mark_sent(connection, action.id, now=now)
    actions.settle(connection, action.id, Outcome(state=S.PLANNED, reason="502", retry_at=now + HOUR), now=now)
    waiting = actions.get(connection, action.id)
    due_now = actions.open_actions(connection, now=now, limit=9)
    due_later = actions.open_actions(connection, now=now + HOUR, limit=9)
    again = actions.mark_sent(connection, action.id, now=now + HOUR)
    actions.settle(connection, action.id, Outcome(state=S.DONE, undo={"comment_id": 5}), now=now + HOUR)
    done = actions.get(connection, action.id)

    assert (sent.state, sent.attempts, sent.sent_at) == (S.SENT, 1, now)
    assert (waiting.reason, waiting.not_before, waiting.settled_at) == ("502", now + HOUR, None)
    assert due_now == ()
    assert [found.id for found in due_later] == [action.id]
    assert (again.attempts, again.not_before) == (2, None)
    assert (done.undo, done.settled_at, done.key) == ({"comment_id": 5}, now + HOUR, action.key)


def test_a_row_that_was_changed_is_neither_sent_nor_approved(connection: Connection, fill, now) -> None:
    planned, held = fill.decide(connection, HI, ("comment", {"body": "ho"}, S.HELD))
    connection.execute(text('UPDATE actions SET payload = \'{"body": "evil"}\''))

    with pytest.raises(StoreError, match="changed"):
        actions.mark_sent(connection, planned.id, now=now)
    with pytest.raises(StoreError, match="changed"):
        actions.approve(connection, held.id, by="ann", now=now)


def test_approval_covers_what_was_shown_and_only_held_ones(connection: Connection, fill, now) -> None:
    held, planned = fill.decide(connection, (*HI, S.HELD), BUG)
    with pytest.raises(StoreError, match="not the one that was shown"):
        actions.approve(connection, held.id, by="ann", now=now, payload_hash="0" * 64)
    with pytest.raises(ValueError, match="not held"):
        actions.approve(connection, planned.id, by="ann", now=now)
    actions.approve(connection, held.id, by="ann", now=now, payload_hash=held.payload_hash)

    assert actions.get(connection, held.id).approved_by == "ann"
    assert [action.id for action in actions.of_issue_open(connection, ISSUE)] == [held.id, planned.id]


def test_what_is_planned_can_be_refused_until_it_is_sent(connection: Connection, fill, now) -> None:
    planned, sent = fill.decide(connection, HI, BUG)
    actions.mark_sent(connection, sent.id, now=now)
    actions.reject(connection, planned.id, by="ann", now=now)
    with pytest.raises(ValueError, match="cannot be refused"):
        actions.reject(connection, sent.id, by="ann", now=now)

    assert [action.id for action in actions.of_issue_open(connection, ISSUE)] == [sent.id]
    assert [one.kind for one in corrections.of_repo(connection, ISSUE.repo)] == ["rejected"]


def test_a_refusal_is_remembered_as_a_correction(connection: Connection, fill, now) -> None:
    held, other = fill.decide(connection, (*BUG, S.HELD), (*HI, S.HELD))
    assert actions.held(connection, RepoRef.parse("o/x")) == ()
    assert actions.held(connection, RepoRef.parse("o/r")) == actions.held(connection) == (held, other)
    actions.reject(connection, held.id, by="ann", because="wrong label", now=now)
    actions.release(connection, [other.id])
    with pytest.raises(ValueError, match="not held"):
        actions.release(connection, [other.id])
    (correction,) = corrections.of_repo(connection, ISSUE.repo)

    assert (correction.kind, correction.action_type, correction.value) == ("rejected", "add_label", "bug")
    assert (correction.by, correction.because, correction.action_id) == ("ann", "wrong label", held.id)
    assert actions.get(connection, held.id).state is S.DENIED
    assert actions.get(connection, other.id).approved_by is None


def test_sent_ones_are_looked_up_after_the_settle_time_only(connection: Connection, fill, now) -> None:
    (action,) = fill.decide(connection, HI)
    actions.mark_sent(connection, action.id, now=now)
    minute = timedelta(minutes=1)

    assert actions.open_actions(connection, now=now, limit=1, settle=minute) == ()
    assert len(actions.open_actions(connection, now=now + minute, limit=1, settle=minute)) == 1
    actions.defer(connection, action.id, not_before=now + HOUR, reason="forge away")
    assert actions.open_actions(connection, now=now + minute, limit=1, settle=minute) == ()
    actions.settle(connection, action.id, Outcome(state=S.DONE), now=now)
    with pytest.raises(ValueError, match="nothing to wait for"):
        actions.defer(connection, action.id, not_before=now, reason="")


def test_writes_go_round_the_repositories(connection: Connection, fill, now) -> None:
    for number in range(1, 5):
        fill.decide(connection, BUG, HI, issue=f"big/one#{number}")
    fill.decide(connection, HI, BUG, issue="small/one#1")

    def names(**more: object) -> list[str]:
        found = actions.open_actions(connection, now=now, limit=6, **more)
        return [f"{action.issue} {action.type}" for action in found]

    assert names() == [
        "big/one#1 add_label",
        "small/one#1 comment",
        "big/one#1 comment",
        "small/one#1 add_label",
        "big/one#2 add_label",
        "big/one#2 comment",
    ]
    assert {name.split("#")[0] for name in names(skip_repos=[RepoRef.parse("big/one")])} == {"small/one"}
    first = actions.open_actions(connection, now=now, limit=1)[0]
    actions.mark_sent(connection, first.id, now=now)
    assert actions.open_actions(connection, now=now, limit=1)[0].issue.repo.key == "small/one"


def test_plans_of_a_restored_copy_are_looked_up_first(connection: Connection, fill, now) -> None:
    planned, held = fill.decide(connection, HI, (*BUG, S.HELD))

    assert actions.doubt_planned(connection, now=now) == 1
    assert (actions.get(connection, planned.id).state, actions.get(connection, held.id).state) == (S.SENT, S.HELD)
    assert actions.states(connection)[S.SENT] == 1


def test_labels_are_ours_until_taken_off(connection: Connection, fill, now) -> None:
    def done(kind: str, label: str) -> int:
        (action,) = fill.decide(connection, (kind, {"label": label}))
        actions.settle(connection, action.id, Outcome(state=S.DONE), now=now)
        return action.id

    done("add_label", "kept")
    done("add_label", "removed")
    done("remove_label", "removed")
    done("remove_label", "back")
    done("add_label", "back")
    actions.mark_undone(connection, [done("add_label", "undone")], by="ann", now=now)
    fill.decide(connection, ("add_label", {"label": "planned"}), (*BUG, S.DENIED))
    fill.decide(connection, ("add_label", {"label": "elsewhere"}, S.DONE), issue="o/r#2")

    assert actions.labels_by_us(connection, ISSUE) == {"kept", "back"}


def test_runs_and_writes_are_counted_by_time(connection: Connection, fill, now) -> None:
    snapshot = Snapshot(
        issue=IssueRef.parse("o/r#2"),
        forge_id=1,
        updated_at=now,
        content_digest="",
        labels=(),
        state="open",
        author_id=7,
        comment_count=0,
    )
    issues.save(connection, snapshot)
    (old,) = fill.decide(connection, BUG, author_id=7, at=now - 2 * HOUR)
    (new,) = fill.decide(connection, HI, issue="o/r#2")
    fill.decide(connection, author_id=7, undoes=new.log_id)
    fill.decide(connection, author_id=7, issue="o/x#1")
    actions.mark_sent(connection, old.id, now=now - 90 * timedelta(minutes=1))
    actions.mark_sent(connection, new.id, now=now)
    history = actions.writes_per_hour_history(connection, now, days=1)

    assert actions.runs_since(connection, ISSUE, now - HOUR) == 0
    assert actions.runs_since(connection, ISSUE, now - 3 * HOUR) == 1
    assert actions.runs_of_author_since(connection, ISSUE.repo, 7, now - 3 * HOUR) == 2
    assert actions.writes_since(connection, None, now - HOUR) == 1
    assert actions.writes_since(connection, ISSUE.repo, now - 2 * HOUR) == 2
    assert actions.writes_since(connection, RepoRef.parse("o/x"), now - 2 * HOUR) == 0
    assert (len(history), history[-3:], sum(history)) == (24, (1, 0, 1), 2)


def test_lists_are_newest_first_filtered_and_paged(connection: Connection, fill, now) -> None:
    for number in range(6):
        state = S.FAILED if number % 2 else S.SHADOW
        issue = f"o/{'r' if number < 4 else 'x'}#{number + 1}"
        fill.decide(connection, (*BUG, state), HI, issue=issue, at=now + number * HOUR)
    undo = actions.entry(connection, fill.decide(connection, BUG, undoes=6, at=now + 6 * HOUR)[0].log_id)

    def ids(**more: object) -> list[int]:
        return [entry.id for entry in actions.entries(connection, **more)]

    assert ids() == [7, 6, 5, 4, 3, 2, 1]
    assert ids(limit=2, before_id=6) == [5, 4]
    assert ids(before_id=99) == []
    assert ids(repo=RepoRef.parse("o/x")) == [6, 5]
    assert ids(issue=IssueRef.parse("o/r#3")) == [3]
    assert ids(since=now + 5 * HOUR) == [7, 6]
    assert ids(status=S.FAILED) == [6, 4, 2]
    assert ids(status=S.FAILED, repo=RepoRef.parse("o/r"), before_id=4) == [2]
    assert ids(status=S.PLANNED, since=now + 5 * HOUR, limit=1) == [7]
    assert ids(status=S.SHADOW, issue=IssueRef.parse("o/r#3")) == [3]
    assert undo.undoes == 6
    assert actions.entry(connection, 6).undone_by == (7,)
