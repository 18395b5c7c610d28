from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from foreman import undo
from foreman.sandbox import Fault, commit_then_drop
from foreman.store import actions, corrections
from foreman.undo import UndoPlan
from tests.rig import BOT, REPO, WIDGET, Rig

COMMENT = ("comment", {"body": "Which version is it?"})


def done(bench: Rig, *wanted: tuple[str, dict[str, Any]], **options: Any) -> tuple[int, int]:
    """Carry a decision out; returns its log id and its issue's number."""
    ref = bench.open(**options)
    log_id = bench.decide(ref, *wanted)
    bench.clock.advance(1)
    bench.executor().step()
    bench.clock.advance(60)
    return log_id, ref.number


def prepared(bench: Rig, *log_ids: int, delete_comments: bool = False) -> UndoPlan:
    return undo.prepare(bench.db, bench.forge, bot_id=bench.bot.id, log_ids=log_ids, delete_comments=delete_comments)


def carry_out(bench: Rig, plan: UndoPlan) -> tuple[int, ...]:
    bench.sandbox.clear_ledger()
    logged = undo.enqueue(bench.db, plan, by="maintainer", now=bench.clock())
    executor = bench.executor()
    for _ in range(10):
        executor.step()
        bench.clock.advance(31)
    return logged


ALL = (
    ("add_label", {"label": "bug"}),
    ("remove_label", {"label": "question"}),
    COMMENT,
    ("assign", {"user": BOT}),
    ("close", {"reason": "not_planned"}),
)


def test_everything_a_decision_did_is_taken_back(bench: Rig) -> None:
    log_id, number = done(bench, *ALL, labels=["question"])
    assert bench.states(log_id) == ["done"] * 5
    logged = carry_out(bench, prepared(bench, log_id, delete_comments=True))
    issue = bench.sandbox.issue(REPO, number)

    assert (issue.state, issue.labels, issue.assignees, issue.comments) == ("open", ("question",), (), ())
    assert bench.states(log_id) == ["undone"] * 5
    assert [bench.entry(entry).undoes for entry in logged] == [log_id]
    assert len(bench.effects()) == 5
    with bench.db.read() as connection:
        assert {found.by for found in corrections.of_repo(connection, WIDGET, 10)} == {"maintainer"}


@pytest.mark.parametrize("answered", [True, False])
def test_a_comment_becomes_a_note_of_one_line_unless_it_is_to_be_deleted(bench: Rig, answered: bool) -> None:
    log_id, number = done(bench, COMMENT)
    if answered:
        bench.sandbox.comment(REPO, number, author="reporter", body="Version 3")
    carry_out(bench, prepared(bench, log_id))
    comments = bench.sandbox.issue(REPO, number).comments

    assert [comment.author for comment in comments] == [BOT, "reporter"][: 1 + answered]
    assert comments[0].body.splitlines()[1:] == ["This comment was withdrawn."]
    assert bench.states(log_id) == ["undone"]


PEOPLE: list[tuple[tuple[str, dict[str, Any]], Callable[[Rig, int], None], str]] = [
    (ALL[0], lambda b, n: b.sandbox.remove_label(REPO, n, "bug", by="maintainer"), "gone already"),
    (
        ALL[0],
        lambda b, n: (
            b.sandbox.remove_label(REPO, n, "bug", by="maintainer"),
            b.clock.advance(5),
            b.sandbox.add_label(REPO, n, "bug", by="maintainer"),
        )[0],
        "somebody changed label",
    ),
    (ALL[4], lambda b, n: b.sandbox.reopen(REPO, n, by="maintainer"), "open already"),
    (
        ALL[4],
        lambda b, n: (
            b.sandbox.reopen(REPO, n, by="maintainer"),
            b.clock.advance(5),
            b.sandbox.close_issue(REPO, n, by="maintainer"),
        )[0],
        "somebody closed",
    ),
    (
        COMMENT,
        lambda b, n: b.sandbox.edit_comment(REPO, b.sandbox.issue(REPO, n).comments[0].id, body="kept by me"),
        "edited",
    ),
    (
        COMMENT,
        lambda b, n: b.sandbox.delete_comment(REPO, b.sandbox.issue(REPO, n).comments[0].id),
        "gone already",
    ),
    (ALL[0], lambda b, n: b.sandbox.lock(REPO, n, by="maintainer"), "locked"),
    (ALL[0], lambda b, n: b.sandbox.delete_issue(REPO, n), "gone"),
]


@pytest.mark.parametrize(("action", "act", "why"), PEOPLE)
def test_what_a_person_changed_since_is_left_alone(
    bench: Rig, action: tuple[str, dict[str, Any]], act: Callable[[Rig, int], None], why: str
) -> None:
    log_id, number = done(bench, action)
    act(bench, number)
    plan = prepared(bench, log_id)
    logged = carry_out(bench, plan)

    assert plan.steps == ()
    assert [why in left.why for left in plan.left] == [True]
    assert (logged, bench.effects()) == ((), [])


def test_what_was_so_before_is_not_taken_back(bench: Rig) -> None:
    log_id, _ = done(bench, ("add_label", {"label": "bug"}), labels=["bug"])
    plan = prepared(bench, log_id)

    assert (plan.steps, len(plan.left)) == ((), 1)


def test_a_label_put_on_and_taken_off_by_us_ends_as_it_was(bench: Rig) -> None:
    first, number = done(bench, ("add_label", {"label": "bug"}))
    ref = bench.entry(first).issue
    second = bench.decide(ref, ("remove_label", {"label": "bug"}))
    bench.executor().step()
    bench.clock.advance(60)
    carry_out(bench, prepared(bench, first, second))

    assert bench.sandbox.issue(REPO, number).labels == ()
    assert (bench.states(first), bench.states(second)) == (["undone"], ["undone"])


def test_nothing_is_taken_back_twice(bench: Rig) -> None:
    log_id, _ = done(bench, ("add_label", {"label": "bug"}))
    plan = prepared(bench, log_id)
    first = undo.enqueue(bench.db, plan, by="maintainer", now=bench.clock())
    again = undo.enqueue(bench.db, plan, by="maintainer", now=bench.clock())
    shown = prepared(bench, log_id)

    assert (len(first), again) == (1, ())
    assert [left.why for left in shown.left] == ["it is being taken back already"]
    bench.executor().step()
    assert prepared(bench, log_id).steps == ()


def test_a_lost_reply_while_taking_back_is_settled_like_any_other(bench: Rig) -> None:
    log_id, _ = done(bench, COMMENT)
    bench.sandbox.inject(Fault(method="DELETE", path=r"/issues/comments/", times=1, action=commit_then_drop()))
    carry_out(bench, prepared(bench, log_id, delete_comments=True))

    assert bench.states(log_id) == ["undone"]
    assert len(bench.effects()) == 1


def test_a_span_of_time_takes_back_all_decisions_but_not_earlier_undoings(bench: Rig) -> None:
    old, _ = done(bench, ("add_label", {"label": "bug"}))
    bench.clock.advance(7200)
    since = bench.clock() - timedelta(minutes=5)
    one, _ = done(bench, ("add_label", {"label": "bug"}))
    two, _ = done(bench, COMMENT)
    carry_out(bench, prepared(bench, one))
    plan = undo.prepare(bench.db, bench.forge, bot_id=bench.bot.id, since=since, repo=WIDGET)
    carry_out(bench, plan)

    assert [bench.states(log_id) for log_id in (old, one, two)] == [["done"], ["undone"], ["undone"]]


def test_an_undoing_can_be_undone(bench: Rig) -> None:
    log_id, number = done(bench, ("add_label", {"label": "bug"}))
    (taken,) = carry_out(bench, prepared(bench, log_id))
    carry_out(bench, prepared(bench, taken))

    assert bench.sandbox.issue(REPO, number).labels == ("bug",)
    with bench.db.read() as connection:
        assert actions.entry(connection, taken).actions[0].state.value == "undone"


def test_the_hold_label_does_not_keep_a_person_from_taking_back(bench: Rig) -> None:
    log_id, number = done(bench, ("add_label", {"label": "bug"}))
    bench.sandbox.add_label(REPO, number, "foreman:hold", by="maintainer")
    carry_out(bench, prepared(bench, log_id))

    assert bench.sandbox.issue(REPO, number).labels == ("foreman:hold",)
