"""A close as a duplicate is announced, waits, and does not come when a person objects in any way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from foreman import undo
from foreman.gate.reasons import Reason
from foreman.model import ActionState, Deny, EventKind, IssueRef
from foreman.store import actions, closing, controls, corrections, far_future, inbox
from foreman.undo.takeback import WITHDRAWN
from tests.rig import BOT, REPO, WIDGET, Rig, rig


@pytest.fixture(params=["github", "gitlab"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Return the same on either forge."""
    with rig(tmp_path, request.param) as made:
        made.age = timedelta(days=1)
        yield made


SAY = ("comment", {"body": "May be the same as #1. It will be closed for that; say so here if it is not."})
CLOSE = ("close", {"reason": "duplicate", "duplicate_of": 1, "grace_hours": 72})
HOUR = 3600
ROBOT = "project_1_bot_7"
"""GitLab tells a bot by such a name alone."""


def announce(bench: Rig, *, state: ActionState = ActionState.PLANNED) -> tuple[IssueRef, int]:
    bench.open("The original")
    bench.sandbox.add_collaborator(REPO, "kim")
    bench.sandbox.add_account(ROBOT, is_bot=True)
    ref = bench.open("It crashes too", labels=["wontfix"])
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
    closed = bench.sandbox.issue(REPO, ref.number)
    assert (closed.state, closed.state_reason) == ("closed", "duplicate" if ref.repo == WIDGET else "")


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
    "a milestone": lambda at, ref: at.sandbox.plan(REPO, ref.number, "2.0", by="kim"),
    "a milestone, by a bot: somebody's plan all the same": lambda at, ref: at.sandbox.plan(
        REPO, ref.number, "2.0", by=ROBOT
    ),
    "an assignee": lambda at, ref: at.sandbox.assign(REPO, ref.number, "kim", by="kim"),
    "a label taken off": lambda at, ref: at.sandbox.remove_label(REPO, ref.number, "wontfix", by="kim"),
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


@pytest.mark.parametrize("harmless", ["+1", "our own label", "a bot's comment", "a bot's reaction", "a bot's label"])
def test_agreeing_and_what_we_do_ourselves_is_no_objection(bench: Rig, harmless: str) -> None:
    ref, log_id = announce(bench)
    settle(bench)
    bench.clock.advance(HOUR)
    if harmless == "+1":
        bench.sandbox.react(REPO, ref.number, "+1", by="kim", comment_id=comment_id(bench, ref))
    elif harmless == "a bot's comment":
        bench.sandbox.comment(REPO, ref.number, author=ROBOT, body="Nightly build failed.")
    elif harmless == "a bot's reaction":
        bench.sandbox.react(REPO, ref.number, "-1", by=ROBOT, comment_id=comment_id(bench, ref))
    elif harmless == "a bot's label":
        bench.sandbox.add_label(REPO, ref.number, "bug", by=ROBOT)
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


def test_a_pause_holds_it_and_its_end_lets_it_be_looked_at_again(bench: Rig) -> None:
    _, log_id = announce(bench)
    other, other_id = announce(bench)
    settle(bench)
    with bench.db.transaction() as connection:
        controls.pause(connection, bench.widget.key, "mia", bench.clock())
    bench.clock.advance(100 * HOUR)
    settle(bench)
    assert bench.states(log_id) == ["done", "planned"]
    bench.sandbox.comment(REPO, other.number, author="reporter", body="It is not.")
    with bench.db.transaction() as connection:
        controls.resume(connection, bench.widget.key)
    settle(bench)

    assert bench.states(log_id) == ["done", "done"]
    assert bench.states(other_id) == ["done", "denied"]


@pytest.mark.parametrize("how", ["reject", "undo", "undo without a trace"])
def test_a_person_takes_it_back_and_it_is_not_tried_again(bench: Rig, how: str) -> None:
    ref, log_id = announce(bench)
    settle(bench)
    with bench.db.transaction() as connection:
        far_future.bring_back(connection, now=bench.clock())
        (close,) = closing.announced(connection, ref)
        if how == "reject":
            actions.reject(connection, close.id, by="mia", because="see #7", now=bench.clock())
    if how != "reject":
        plan = undo.prepare(
            bench.db, bench.forge, bot_id=bench.bot.id, log_ids=[log_id], delete_comments=how != "undo"
        )
        assert [one.id for one in plan.stopped] == [close.id]
        undo.enqueue(bench.db, plan, by="mia", now=bench.clock())
        settle(bench)
    bench.clock.advance(100 * HOUR)
    settle(bench)

    with bench.db.read() as connection:
        assert closing.announced(connection) == ()
        assert closing.objected(connection, ref)
        first, *_ = corrections.of_issue(connection, ref)
    assert (first.kind, first.action_type, first.value, first.by) == ("rejected", "close", "duplicate", "mia")
    assert bench.states(log_id)[1] == "denied"
    issue = bench.sandbox.issue(REPO, ref.number)
    said = [comment.body for comment in issue.comments]
    assert issue.state == "open"
    assert len(said) == (0 if how == "undo without a trace" else 1)
    assert all((WITHDRAWN in body) == (how == "undo") for body in said)


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
