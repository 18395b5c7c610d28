"""How often people agree is counted, and what they keep reversing waits for them, durably, until they lift that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from foreman.model import ActionState, IssueRef, Outcome, RepoRef
from foreman.store import actions, agreement, corrections, issues, ladder
from foreman.store.actions import StoredAction
from foreman.store.agreement import Agreement
from foreman.store.database import Database
from foreman.store.issues import Snapshot

REPO = RepoRef.parse("o/r")
DAY = timedelta(days=1)
DONE, HELD, SHADOW = ActionState.DONE, ActionState.HELD, ActionState.SHADOW


def _label(fill: Any, connection: Connection, number: int, *, state: ActionState = DONE, **more: Any) -> StoredAction:
    kind = more.pop("kind", "add_label")
    (action,) = fill.decide(connection, (kind, {"label": "bug"}, state), issue=f"o/r#{number}", **more)
    return action


def _take_off(connection: Connection, action: StoredAction, now: Any, *, kind: str = "removed") -> None:
    corrections.add(
        connection,
        issue=action.issue,
        kind=kind,
        action_type=action.type,
        value="bug",
        by="kim",
        action_id=action.id,
        now=now,
    )


def test_what_stands_is_kept_and_every_way_to_reverse_it_counts(connection: Connection, fill, now) -> None:
    one, two, three, four, *_ = [_label(fill, connection, number) for number in range(1, 8)]
    _take_off(connection, one, now)
    actions.mark_undone(connection, [two.id], by="kim", now=now)
    # Ordered by a comment: names the label, not the action.
    corrections.add(
        connection, issue=three.issue, kind="removed", action_type="add_label", value="bug", by="kim", now=now
    )
    actions.reject(connection, _label(fill, connection, 8, state=HELD).id, by="kim", now=now)
    # Anybody may give a thumb down; a label that was missing reverses nothing; waiting is no answer.
    _take_off(connection, four, now, kind="thumbs_down")
    _take_off(connection, four, now, kind="added")
    _label(fill, connection, 9, state=HELD)
    _label(fill, connection, 10, at=now - 91 * DAY)

    found = agreement.of_repo(connection, REPO, now=now)

    assert found == (Agreement(action_type="add_label", kept=4, reversed=4, since=now),)
    assert found[0].share == 0.5


def test_only_the_newest_of_each_type_count(connection: Connection, fill, now) -> None:
    for number in range(agreement.LATEST + 3):
        action = _label(fill, connection, number + 1, at=now - 2 * DAY + timedelta(minutes=number))
        if number < 3:
            _take_off(connection, action, now, kind="comment_deleted")

    (found,) = agreement.of_repo(connection, REPO, now=now)

    assert (found.kept, found.reversed) == (agreement.LATEST, 0)


def test_in_the_shadow_labels_are_compared_with_those_people_put_on(connection: Connection, fill, now) -> None:
    seen = {"labels": ["triage"]}
    for number, labels, state in (
        (1, ("triage", "bug"), "open"),  # the same
        (2, ("triage", "question"), "open"),  # another
        (3, (), "closed"),  # closed without
        (4, ("triage",), "open"),  # nobody has said anything yet
    ):
        _label(fill, connection, number, state=SHADOW, seen=seen)
        snapshot = {"updated_at": now, "content_digest": "d", "author_id": 3, "comment_count": 0}
        issues.save(
            connection,
            Snapshot(issue=IssueRef(REPO, number), forge_id=number, labels=labels, state=state, **snapshot),
        )

    (found,) = agreement.of_repo(connection, REPO, now=now)

    assert found == Agreement(action_type="add_label", kept=1, reversed=2, since=now, shadow=True)


@pytest.mark.parametrize(("kind", "bound"), [("add_label", ladder.BOUND), ("close", ladder.BOUNDS["close"])])
def test_one_reversal_too_many_steps_down_says_so_and_holds_what_is_planned(
    connection: Connection, fill, now, kind: str, bound: int
) -> None:
    done = [_label(fill, connection, number, kind=kind) for number in range(1, 21)]
    planned = _label(fill, connection, 30, kind=kind, state=ActionState.PLANNED)
    elsewhere = _label(fill, connection, 31, kind="assign", state=ActionState.PLANNED)
    for action in done[: bound - 1]:
        _take_off(connection, action, now)
    assert ladder.down(connection, REPO) == frozenset()

    _take_off(connection, done[bound], now)

    assert ladder.down(connection, REPO) == {kind}
    assert ladder.down(connection, RepoRef.parse("o/other")) == frozenset()
    (step,) = ladder.steps(connection)
    assert (step.repo, step.action_type, step.why) == (REPO, kind, f"people reversed {bound} of the last 20")
    waits = actions.get(connection, planned.id)
    assert (waits.state, waits.reason) == (HELD, "stepped_down")
    assert actions.get(connection, elsewhere.id).state is ActionState.PLANNED
    (told,) = actions.entries(connection, issue=IssueRef(REPO, 0))
    assert (told.agent, told.decision) == ("ladder", "step_down")
    assert told.rationale == f"{kind} waits for a person from now on: {step.why}"


def test_what_people_approved_or_refused_beforehand_steps_nothing_down(connection: Connection, fill, now) -> None:
    for number in range(1, 12):
        waits = _label(fill, connection, number, state=HELD)
        if number % 2:
            actions.reject(connection, waits.id, by="kim", now=now)
        else:
            actions.approve(connection, waits.id, by="kim", now=now)
            actions.mark_sent(connection, waits.id, now=now)
            actions.settle(connection, waits.id, Outcome(state=DONE), now=now)
            _take_off(connection, waits, now)

    assert ladder.down(connection, REPO) == frozenset()


def test_a_step_outlasts_a_restart_and_lifting_it_begins_anew(db: Database, fill, now) -> None:
    with db.transaction() as connection:
        done = [_label(fill, connection, number) for number in range(1, 21)]
        for action in done[: ladder.BOUND + 1]:
            _take_off(connection, action, now)
    db.close()
    again = Database.open(db.path)
    later = now + DAY
    with again.transaction() as connection:
        assert ladder.down(connection, REPO) == {"add_label"}
        assert not ladder.lift(connection, REPO, "close", by="kim", now=later)
        assert ladder.lift(connection, RepoRef.parse("O/R"), "add_label", by="kim", now=later)
        assert not ladder.lift(connection, REPO, "add_label", by="kim", now=later)
        assert ladder.down(connection, REPO) == frozenset()

        # What was decided before does not step down a second time, what is decided after does.
        for action in done[ladder.BOUND + 1 :]:
            _take_off(connection, action, later)
        assert ladder.down(connection, REPO) == frozenset()
        for number in range(40, 40 + ladder.BOUND):
            _take_off(connection, _label(fill, connection, number, at=later + DAY), later + DAY)
        assert ladder.down(connection, REPO) == {"add_label"}
        words = [entry.decision for entry in actions.entries(connection, issue=IssueRef(REPO, 0))]
        assert words == ["step_down", "step_lifted", "step_down"]
    again.close()
