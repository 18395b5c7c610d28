"""A close as a duplicate is announced, waits, and does not come when a person objects in any way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from foreman.gate.reasons import Reason
from foreman.model import ActionState, Deny, EventKind, IssueRef
from foreman.store import actions, closing, far_future, inbox
from tests.rig import BOT, REPO, Rig

SAY = ("comment", {"body": "May be the same as #1. It will be closed for that; say so here if it is not."})
CLOSE = ("close", {"reason": "duplicate", "duplicate_of": 1, "grace_hours": 72})
HOUR = 3600


def announce(bench: Rig, *, state: ActionState = ActionState.PLANNED) -> tuple[IssueRef, int]:
    bench.open("The original")
    ref = bench.open("It crashes too")
    return ref, bench.decide(ref, SAY, CLOSE, state=state)


def settle(bench: Rig) -> None:
    executor = bench.executor()
    while executor.step():
        continue


def comment_id(bench: Rig, ref: IssueRef) -> int:
    return bench.sandbox.issue(REPO, ref.number).comments[0].id


def test_it_is_closed_when_nobody_objects_and_not_an_hour_before(bench: Rig) -> None:
    ref, log_id = announce(bench)
    settle(bench)
    assert bench.states(log_id) == ["done", "planned"]

    bench.clock.advance(71 * HOUR)
    settle(bench)
    with bench.db.transaction() as connection:
        far_future.bring_back(connection, now=bench.clock())
        assert [action.issue for action in closing.announced(connection)] == [ref]
    settle(bench)  # another executor, as after a restart
    assert bench.sandbox.issue(REPO, ref.number).state == "open"

    bench.clock.advance(2 * HOUR)
    settle(bench)

    assert bench.states(log_id) == ["done", "done"]
    assert bench.sandbox.issue(REPO, ref.number).state_reason == "duplicate"


OBJECTIONS: dict[str, Callable[[Rig, IssueRef], object]] = {
    "a comment": lambda at, ref: at.sandbox.comment(REPO, ref.number, author="reporter", body="It is not."),
    "a comment by anybody": lambda at, ref: at.sandbox.comment(REPO, ref.number, author="kim", body="Hm."),
    "a thumbs-down": lambda at, ref: at.sandbox.react(
        REPO, ref.number, "-1", by="kim", comment_id=comment_id(at, ref)
    ),
    "a confused look": lambda at, ref: at.sandbox.react(
        REPO, ref.number, "confused", by="kim", comment_id=comment_id(at, ref)
    ),
    "a thumbs-down on the issue": lambda at, ref: at.sandbox.react(REPO, ref.number, "-1", by="kim"),
    "a label": lambda at, ref: at.sandbox.add_label(REPO, ref.number, "bug", by="kim"),
    "a label on and off": lambda at, ref: (
        at.sandbox.add_label(REPO, ref.number, "bug", by="kim"),
        at.sandbox.remove_label(REPO, ref.number, "bug", by="kim"),
    ),
    "the hold label": lambda at, ref: at.sandbox.add_label(REPO, ref.number, "foreman:hold", by="kim"),
    "closed and opened again": lambda at, ref: (
        at.sandbox.close_issue(REPO, ref.number, by="kim"),
        at.sandbox.reopen(REPO, ref.number, by="reporter"),
    ),
    "an edit": lambda at, ref: at.sandbox.edit_issue(REPO, ref.number, body="It is another one.", by="reporter"),
    "our comment deleted": lambda at, ref: at.sandbox.delete_comment(REPO, comment_id(at, ref)),
}


@pytest.mark.parametrize("object_", OBJECTIONS.values(), ids=OBJECTIONS)
def test_any_objection_ends_it_for_good(bench: Rig, object_: Callable[[Rig, IssueRef], object]) -> None:
    ref, log_id = announce(bench)
    settle(bench)
    bench.clock.advance(10 * HOUR)
    object_(bench, ref)

    bench.clock.advance(90 * HOUR)
    settle(bench)

    close = bench.entry(log_id).actions[1]
    assert (close.state, close.reason.split(":")[0]) == (ActionState.DENIED, Reason.CLOSE_OBJECTED)
    assert bench.sandbox.issue(REPO, ref.number).state == "open"
    assert bench.waiting() == []
    with bench.db.read() as connection:
        assert closing.objected(connection, ref)


@pytest.mark.parametrize("harmless", ["+1", "our own label"])
def test_agreeing_and_what_we_do_ourselves_is_no_objection(bench: Rig, harmless: str) -> None:
    ref, log_id = announce(bench)
    settle(bench)
    bench.clock.advance(HOUR)
    if harmless == "+1":
        bench.sandbox.react(REPO, ref.number, "+1", by="kim", comment_id=comment_id(bench, ref))
    else:
        bench.sandbox.add_label(REPO, ref.number, "bug", by=BOT)
    bench.clock.advance(72 * HOUR)
    settle(bench)

    assert bench.states(log_id) == ["done", "done"]


def test_what_a_person_approves_waits_all_the_same(bench: Rig) -> None:
    ref, log_id = announce(bench, state=ActionState.HELD)
    bench.clock.advance(100 * HOUR)
    with bench.db.transaction() as connection:
        for action in actions.entry(connection, log_id).actions:
            actions.approve(connection, action.id, by="mia", now=bench.clock())
    settle(bench)
    bench.clock.advance(70 * HOUR)
    settle(bench)
    assert bench.states(log_id) == ["done", "planned"]
    bench.sandbox.comment(REPO, ref.number, author="reporter", body="It is not.")
    bench.clock.advance(3 * HOUR)
    settle(bench)

    assert bench.states(log_id) == ["done", "denied"]


def test_without_its_comment_nothing_is_closed(bench: Rig) -> None:
    _, log_id = announce(bench, state=ActionState.HELD)
    with bench.db.transaction() as connection:
        said, close = actions.entry(connection, log_id).actions
        actions.reject(connection, said.id, by="mia", now=bench.clock())
        actions.approve(connection, close.id, by="mia", now=bench.clock())
    settle(bench)

    assert bench.states(log_id) == ["denied", "denied"]


def test_a_stricter_configuration_ends_it(bench: Rig) -> None:
    ref, log_id = announce(bench)
    settle(bench)
    bench.clock.advance(80 * HOUR)
    executor = bench.executor(recheck=lambda action: Deny(Reason.CLOSE_OFF))
    while executor.step():
        continue

    assert bench.states(log_id) == ["done", "denied"]
    assert bench.sandbox.issue(REPO, ref.number).state == "open"


def test_work_on_the_issue_goes_on_while_a_close_waits(bench: Rig) -> None:
    ref, log_id = announce(bench)
    settle(bench)
    close = bench.entry(log_id).actions[1]
    with bench.db.transaction() as connection:
        actions.defer(connection, close.id, not_before=bench.clock() + timedelta(hours=72), reason="")
        inbox.enqueue(
            connection,
            issue=ref,
            agent="issue-triage",
            task_type="issue.triage",
            event=EventKind.COMMENTED,
            event_key="k",
            now=bench.clock(),
        )
        item = inbox.claim(connection, worker="w", lease=timedelta(minutes=5), now=bench.clock())

    assert item is not None
