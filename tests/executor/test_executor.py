from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from foreman.errors import ForgeAuthError
from foreman.executor import Executor
from foreman.model import ActionState, Deny, Hold, RepoRef, Verdict
from foreman.sandbox import (
    Fault,
    LedgerEntry,
    commit_late,
    commit_then_drop,
    commit_then_status,
    drop_before,
    not_json,
    reply,
    stale_list,
)
from foreman.store import actions, controls, memory
from foreman.store.actions import StoredAction
from tests.rig import BOT, REPO, Rig

LABEL = ("add_label", {"label": "bug"})
COMMENT = ("comment", {"body": "Which version is it?"})
CLOSE = ("close", {"reason": "not_planned"})
POST_COMMENT = r"/issues/\d+/comments$"
POST_LABEL = r"/issues/\d+/labels$"


def drain(executor: Executor, bench: Rig, *, seconds: float = 600) -> None:
    """Step until nothing happens for so long, in strides of half a settle time."""
    for _ in range(int(seconds // 30) + 1):
        while executor.step():
            continue
        bench.clock.advance(30)


def test_a_decision_is_carried_out_in_order_and_remembered(bench: Rig) -> None:
    ref = bench.open()
    log_id = bench.decide(ref, LABEL, COMMENT)
    drain(bench.executor(), bench)

    assert bench.states(log_id) == ["done", "done"]
    assert [effect.split()[0] for effect in bench.effects()] == ["label+", "comment"]
    comment = bench.sandbox.issue(REPO, ref.number).comments[0]
    assert comment.body.startswith("<!-- foreman:v1 key=")
    assert bench.entry(log_id).actions[1].undo == {"comment_id": comment.id}
    with bench.db.read() as connection:
        assert "bug" in memory.summary(connection, ref)


@pytest.mark.parametrize(
    ("kind", "payload", "effect"),
    [
        ("add_label", {"label": "bug"}, "label+ bug"),
        ("remove_label", {"label": "question"}, "label- question"),
        ("close", {"reason": "not_planned"}, "close"),
        ("assign", {"user": BOT}, f"assign {BOT}"),
        ("comment", {"body": "hello"}, "comment"),
    ],
)
def test_every_type_of_action_is_one_request(bench: Rig, kind: str, payload: dict[str, Any], effect: str) -> None:
    ref = bench.open(labels=["question"])
    log_id = bench.decide(ref, (kind, payload))
    drain(bench.executor(), bench, seconds=0)

    assert bench.states(log_id) == ["done"]
    assert [text.startswith(effect) for text in bench.effects()] == [True]
    # Before closing everything that was said and done is read again.
    assert [e.method for e in bench.sandbox.ledger].count("GET") == (3 if kind == "close" else 1)


def test_a_row_is_durable_before_its_request_leaves(bench: Rig) -> None:
    ref = bench.open()
    found: list[tuple[str, str]] = []

    def look(entry: LedgerEntry) -> None:
        with sqlite3.connect(f"file:{bench.db.path}?mode=ro", uri=True) as raw:
            found.extend(raw.execute("SELECT type, state FROM actions ORDER BY id").fetchall())
        raw.close()

    bench.sandbox.before_write(look)
    bench.decide(ref, LABEL, COMMENT)
    drain(bench.executor(), bench, seconds=0)

    assert found == [("add_label", "sent"), ("comment", "planned"), ("add_label", "done"), ("comment", "sent")]


def test_nothing_is_sent_for_what_is_so_already(bench: Rig) -> None:
    ref = bench.open(labels=["bug"])
    log_id = bench.decide(ref, LABEL, ("remove_label", {"label": "question"}), ("reopen", {}))
    drain(bench.executor(), bench, seconds=0)

    assert bench.states(log_id) == ["done"] * 3
    assert bench.effects() == []
    assert [action.undo for action in bench.entry(log_id).actions] == [{}, {}, {}]


LOST = [
    ("commit then drop", commit_then_drop()),
    ("commit then 502", commit_then_status(502)),
    ("dropped, never done", drop_before()),
    ("captive portal", not_json()),
    ("late, within the bound", None),
]


@pytest.mark.parametrize(
    ("action", "fault"),
    [(COMMENT, fault) for _, fault in LOST] + [(LABEL, LOST[0][1]), (LABEL, LOST[2][1]), (CLOSE, LOST[1][1])],
    ids=[name for name, _ in LOST] + ["label done", "label never done", "closed"],
)
def test_a_lost_reply_leads_to_exactly_one_effect(bench: Rig, action: tuple[str, dict[str, Any]], fault: Any) -> None:
    ref = bench.open()
    fault = fault or commit_late(0.05)
    log_id = bench.decide(ref, action)
    bench.sandbox.inject(
        Fault(method="PATCH" if action is CLOSE else "POST", path=r"/issues/\d+", times=1, action=fault)
    )
    executor = bench.executor()
    executor.step()
    assert bench.states(log_id) == ["sent"]
    bench.sandbox.settle()
    drain(executor, bench)

    assert bench.states(log_id) == ["done"]
    assert len(bench.effects()) == 1


def test_what_is_found_where_the_forge_does_not_tell_by_whom_is_ours_and_can_be_taken_back(bench: Rig) -> None:
    log_id = bench.decide(bench.open(), LABEL)
    bench.sandbox.inject(Fault(method="POST", path=POST_LABEL, times=1, action=commit_then_drop()))
    bench.sandbox.inject(Fault(method="GET", path="events|timeline", times=None, action=reply(404)))
    drain(bench.executor(), bench)

    with bench.db.read() as connection:
        (action,) = actions.entry(connection, log_id).actions
    assert (action.state, action.reason) == ("done", "found on the forge, which does not tell by whom")
    assert action.undo
    assert len(bench.effects()) == 1


def test_nothing_is_repeated_before_the_forge_must_have_settled(bench: Rig) -> None:
    """A list that lags behind shows no comment although it is there."""
    log_id = bench.decide(bench.open(), COMMENT)
    bench.sandbox.inject(Fault(method="POST", path=POST_COMMENT, times=1, action=commit_then_drop()))
    stale = bench.sandbox.inject(Fault(method="GET", path=POST_COMMENT, times=None, action=stale_list(30)))
    executor = bench.executor()
    for _ in range(59):
        executor.step()
        bench.clock.advance(1)
    assert bench.states(log_id) == ["sent"]
    drain(executor, bench)
    stale.remove()

    assert bench.states(log_id) == ["done"]
    assert len(bench.effects()) == 1


def test_without_the_settle_time_the_same_day_ends_in_two_comments(bench: Rig) -> None:
    """Control: takes the protection out."""
    bench.decide(bench.open(), COMMENT)
    bench.sandbox.inject(Fault(method="POST", path=POST_COMMENT, times=1, action=commit_then_drop()))
    bench.sandbox.inject(Fault(method="GET", path=POST_COMMENT, times=None, action=stale_list(30)))
    drain(bench.executor(settle_seconds=0), bench, seconds=30)

    assert len(bench.effects()) == 2


def test_a_comment_held_longer_than_the_bound_is_never_repeated(bench: Rig) -> None:
    log_id = bench.decide(bench.open(), COMMENT)
    bench.sandbox.inject(Fault(method="POST", path=POST_COMMENT, times=1, action=commit_late(0.05)))

    class Slow:
        """Passes on to the adapter; the request takes eleven seconds by every clock."""

        def __getattr__(self, name: str) -> Callable[..., Any]:
            def call(*arguments: Any) -> Any:
                bench.clock.advance(11)
                return getattr(bench.forge, name)(*arguments)

            return call

    never = bench.sandbox.inject(Fault(method="GET", path=POST_COMMENT, times=None, action=stale_list(10_000)))
    drain(bench.executor(writer=Slow()), bench)
    never.remove()

    assert bench.states(log_id) == ["unknown"]
    assert len([e for e in bench.sandbox.ledger if e.method == "POST"]) == 1


def test_after_three_lost_sends_a_person_is_asked(bench: Rig) -> None:
    log_id = bench.decide(bench.open(), COMMENT, LABEL)
    bench.sandbox.inject(Fault(method="POST", path=POST_COMMENT, times=None, action=drop_before()))
    drain(bench.executor(), bench, seconds=1200)

    assert bench.states(log_id) == ["unknown", "done"]
    assert len([e for e in bench.sandbox.ledger if e.path.endswith("/comments") and e.method == "POST"]) == 3


@pytest.mark.parametrize("happened", [True, False])
@pytest.mark.parametrize("action", [LABEL, COMMENT, CLOSE], ids=lambda action: action[0])
def test_a_row_found_sent_at_a_start_is_looked_up_and_done_once(
    bench: Rig, action: tuple[str, dict[str, Any]], happened: bool
) -> None:
    ref = bench.open()
    log_id = bench.decide(ref, action)
    if happened:
        bench.sandbox.inject(Fault(method="POST", path=r"/issues", times=1, action=commit_then_drop()))
        bench.sandbox.inject(Fault(method="PATCH", path=r"/issues", times=1, action=commit_then_drop()))
        bench.executor().step()
    else:
        with bench.db.transaction() as connection:
            actions.mark_sent(connection, bench.entry(log_id).actions[0].id, now=bench.clock())
    bench.clock.advance(5)
    drain(bench.executor(), bench)

    assert bench.states(log_id) == ["done"]
    assert len(bench.effects()) == 1


@pytest.mark.parametrize("jump", [-600, 600])
def test_a_clock_that_jumps_after_a_crash_repeats_nothing_too_early(bench: Rig, jump: float) -> None:
    log_id = bench.decide(bench.open(), COMMENT)
    bench.sandbox.inject(Fault(method="POST", path=POST_COMMENT, times=1, action=commit_then_drop()))
    bench.executor().step()
    bench.clock.jump(jump)
    fault = bench.sandbox.inject(Fault(method="GET", path=POST_COMMENT, times=None, action=stale_list(10_000)))
    executor = bench.executor()
    for _ in range(5):
        executor.step()
        bench.clock.advance(10)
    assert bench.states(log_id) == ["sent"]
    fault.remove()
    drain(executor, bench, seconds=1200)

    assert bench.states(log_id) == ["done"]
    assert len(bench.effects()) == 1


def test_what_we_did_and_a_person_took_back_is_not_done_again(bench: Rig) -> None:
    ref = bench.open()
    log_id = bench.decide(ref, LABEL)
    bench.sandbox.inject(Fault(method="POST", path=POST_LABEL, times=1, action=commit_then_drop()))
    executor = bench.executor()
    executor.step()
    bench.clock.advance(1)
    bench.sandbox.remove_label(REPO, ref.number, "bug", by="maintainer")
    drain(executor, bench)

    assert bench.states(log_id) == ["done"]
    assert "bug" not in bench.sandbox.issue(REPO, ref.number).labels


@pytest.mark.parametrize("by", [BOT, "maintainer"])
def test_what_an_earlier_decision_did_is_no_trace_of_this_one(bench: Rig, by: str) -> None:
    """Put on, taken off again, and put on by a request that never arrived."""
    ref = bench.open()
    bench.clock.advance(10)
    bench.sandbox.add_label(REPO, ref.number, "bug", by=BOT)
    bench.clock.advance(10)
    bench.sandbox.remove_label(REPO, ref.number, "bug", by=by)
    bench.clock.advance(10)
    log_id = bench.decide(ref, LABEL)
    bench.sandbox.inject(Fault(method="POST", path=POST_LABEL, times=1, action=drop_before()))
    drain(bench.executor(), bench)

    assert bench.states(log_id) == ["done"]
    assert bench.effects() == [f"label+ bug {ref}"]


def test_a_clock_put_forward_makes_nobody_impatient(bench: Rig) -> None:
    """The reply was lost in this very process, which knows how long ago that was."""
    log_id = bench.decide(bench.open(), COMMENT)
    bench.sandbox.inject(Fault(method="POST", path=POST_COMMENT, times=1, action=commit_then_drop()))
    executor = bench.executor()
    executor.step()
    bench.clock.jump(7200)
    stale = bench.sandbox.inject(Fault(method="GET", path=POST_COMMENT, times=None, action=stale_list(7230)))
    executor.step()
    assert bench.states(log_id) == ["sent"]
    stale.remove()
    drain(executor, bench)

    assert bench.states(log_id) == ["done"]
    assert len(bench.effects()) == 1


REFUSED = [
    (reply(422, body={"message": "Validation Failed"}), "failed"),
    (reply(404, body={"message": "Not Found"}), "failed"),
    (reply(410, body={"message": "Gone"}), "failed"),
    (reply(301, headers={"Location": "/repositories/9"}, body={"message": "Moved"}), "failed"),
    (reply(403, body={"message": "Unable to create comment because issue is locked."}), "failed"),
    (reply(403, body={"message": "Resource not accessible by personal access token"}), "failed"),
]


@pytest.mark.parametrize(("fault", "state"), REFUSED)
def test_a_refused_action_fails_alone(bench: Rig, fault: Any, state: str) -> None:
    log_id = bench.decide(bench.open(), LABEL, COMMENT, CLOSE)
    bench.sandbox.inject(Fault(method="POST", path=POST_COMMENT, times=None, action=fault))
    drain(bench.executor(), bench)

    assert bench.states(log_id) == ["done", state, "done"]
    assert len([e for e in bench.sandbox.ledger if e.path.endswith("/comments") and e.method == "POST"]) == 1


def test_a_refused_token_leaves_the_plan_and_goes_up(bench: Rig) -> None:
    log_id = bench.decide(bench.open(), LABEL, COMMENT)
    fault = bench.sandbox.inject(
        Fault(method="POST", path=r"/issues", times=None, action=reply(401, body={"message": "Bad credentials"}))
    )
    executor = bench.executor()
    with pytest.raises(ForgeAuthError):
        executor.step()
    assert bench.states(log_id) == ["planned", "planned"]
    fault.remove()
    drain(executor, bench)

    assert bench.states(log_id) == ["done", "done"]


def test_a_rate_limit_stops_the_account_until_it_ends(bench: Rig) -> None:
    first = bench.decide(bench.open(), LABEL)
    second = bench.decide(bench.open(), LABEL)
    limited = reply(403, headers={"Retry-After": "120"}, body={"message": "You have exceeded a secondary rate limit"})
    bench.sandbox.inject(Fault(method="POST", path=r"/issues", times=1, action=limited))
    executor = bench.executor()
    executor.step()
    asked = len(bench.sandbox.ledger)
    bench.clock.advance(100)

    assert executor.step() is False
    assert 0 < executor.blocked_seconds <= 30
    assert len(bench.sandbox.ledger) == asked
    drain(executor, bench)
    assert (bench.states(first), bench.states(second)) == (["done"], ["done"])


def test_a_forge_that_is_away_uses_up_no_send(bench: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    log_id = bench.decide(bench.open(), LABEL)
    executor = bench.executor()
    bench.sandbox.inject(Fault(method="GET", path=r"/issues/\d+$", times=8, action=reply(503)))
    drain(executor, bench, seconds=3600)

    assert bench.states(log_id) == ["done"]
    assert bench.entry(log_id).actions[0].attempts == 1


def someone_comments(bench: Rig, number: int) -> None:
    bench.sandbox.comment(REPO, number, author="reporter", body="wait")


def someone_edits(bench: Rig, number: int) -> None:
    bench.sandbox.edit_issue(REPO, number, body="entirely different", by="reporter")


def someone_relabels(bench: Rig, number: int) -> None:
    bench.sandbox.add_label(REPO, number, "question", by="maintainer")


def someone_closes(bench: Rig, number: int) -> None:
    bench.sandbox.close_issue(REPO, number, by="maintainer")


def someone_locks(bench: Rig, number: int) -> None:
    bench.sandbox.lock(REPO, number, by="maintainer")


def someone_holds(bench: Rig, number: int) -> None:
    bench.sandbox.add_label(REPO, number, "foreman:hold", by="maintainer")


def someone_deletes(bench: Rig, number: int) -> None:
    bench.sandbox.delete_issue(REPO, number)


def someone_moves(bench: Rig, number: int) -> None:
    bench.sandbox.add_repo("acme/attic")
    bench.sandbox.transfer(REPO, number, "acme/attic", by="maintainer")


@pytest.mark.parametrize(
    ("act", "state", "reruns"),
    [
        (someone_comments, "denied", 1),
        (someone_edits, "denied", 1),
        (someone_relabels, "denied", 1),
        (someone_closes, "denied", 0),
        (someone_locks, "denied", 0),
        (someone_holds, "denied", 0),
        (someone_deletes, "failed", 0),
        (someone_moves, "failed", 0),
    ],
)
def test_a_decision_about_an_issue_that_changed_is_not_carried_out(
    bench: Rig, act: Callable[[Rig, int], None], state: str, reruns: int
) -> None:
    ref = bench.open()
    log_id = bench.decide(ref, LABEL, COMMENT)
    bench.clock.advance(30)
    act(bench, ref.number)
    drain(bench.executor(), bench)

    assert bench.states(log_id) == [state, state]
    assert bench.effects() == []
    assert len(bench.waiting()) == reruns


@pytest.mark.parametrize(("times", "state"), [(2, "done"), (None, "failed")])
def test_an_issue_that_a_lagging_copy_does_not_know_is_looked_for_again(
    bench: Rig, times: int | None, state: str
) -> None:
    log_id = bench.decide(bench.open(), LABEL, COMMENT)
    missing = Fault(method="GET", path=r"/issues/1$", times=times, action=reply(404, body={"message": "Not Found"}))
    bench.sandbox.inject(missing)
    drain(bench.executor(), bench)

    assert bench.states(log_id) == [state, state]


def test_the_second_stale_decision_waits_for_a_person(bench: Rig) -> None:
    ref = bench.open()
    log_id = bench.decide(ref, LABEL, reruns=1)
    someone_comments(bench, ref.number)
    drain(bench.executor(), bench)

    assert bench.states(log_id) == ["held"]
    assert bench.waiting() == []


def test_other_bots_and_our_other_decisions_make_nothing_stale(bench: Rig) -> None:
    ref = bench.open()
    bench.sandbox.add_account("ci", is_bot=True)
    first = bench.decide(ref, ("add_label", {"label": "question"}), COMMENT)
    second = bench.decide(ref, LABEL)
    bench.clock.advance(30)
    bench.sandbox.comment(REPO, ref.number, author="ci", body="build passed")
    bench.sandbox.add_label(REPO, ref.number, "wontfix", by="ci")
    drain(bench.executor(), bench)

    assert (bench.states(first), bench.states(second)) == (["done", "done"], ["done"])


def test_what_a_person_approved_is_done_though_the_talk_went_on_before(bench: Rig) -> None:
    ref = bench.open()
    log_id = bench.decide(ref, COMMENT, state=ActionState.HELD)
    action = bench.entry(log_id).actions[0]
    bench.clock.advance(60)
    someone_comments(bench, ref.number)
    someone_edits(bench, ref.number)
    bench.clock.advance(60)
    with bench.db.transaction() as connection:
        actions.approve(connection, action.id, by="maintainer", now=bench.clock())
    drain(bench.executor(), bench)

    assert bench.states(log_id) == ["done"]


@pytest.mark.parametrize("act", [someone_comments, someone_edits, someone_relabels])
def test_what_changed_after_an_approval_asks_again(bench: Rig, act: Callable[[Rig, int], None]) -> None:
    ref = bench.open()
    log_id = bench.decide(ref, COMMENT, state=ActionState.HELD)
    with bench.db.transaction() as connection:
        actions.approve(connection, bench.entry(log_id).actions[0].id, by="maintainer", now=bench.clock())
    bench.clock.advance(60)
    act(bench, ref.number)
    drain(bench.executor(), bench)

    assert bench.states(log_id) == ["held"]
    assert bench.effects() == []


def test_a_row_that_was_changed_in_the_database_is_not_sent(bench: Rig) -> None:
    log_id = bench.decide(bench.open(), COMMENT)
    with bench.db.transaction() as connection:
        connection.exec_driver_sql('UPDATE actions SET payload = \'{"body": "other words"}\'')
    drain(bench.executor(), bench)

    assert bench.states(log_id) == ["failed"]
    assert bench.effects() == []


def test_a_pause_stops_writing_and_keeps_the_plan(bench: Rig) -> None:
    log_id = bench.decide(bench.open(), LABEL)
    with bench.db.transaction() as connection:
        controls.pause(connection, REPO, "maintainer", bench.clock())
    executor = bench.executor()
    drain(executor, bench, seconds=60)
    assert (bench.states(log_id), bench.sandbox.ledger) == (["planned"], ())
    with bench.db.transaction() as connection:
        controls.resume(connection, REPO)
    drain(executor, bench)

    assert bench.states(log_id) == ["done"]


@pytest.mark.parametrize("moment", ["while it looks", "between two writes"])
@pytest.mark.parametrize("order", ["pause", "hold"])
def test_an_order_that_comes_meanwhile_counts_for_all_that_is_not_sent_yet(
    bench: Rig, moment: str, order: str
) -> None:
    log_id = bench.decide(bench.open(), LABEL, COMMENT)
    second = bench.entry(log_id).actions[1]

    def stop_it() -> None:
        with bench.db.transaction() as connection:
            if order == "pause":
                controls.pause(connection, REPO, "maintainer", bench.clock())
            elif bench.states(log_id)[1] == "planned":
                ids = [action.id for action in bench.entry(log_id).actions if action.state.value == "planned"]
                actions.hold(connection, ids if moment == "while it looks" else [second.id], reason="mode_approve")

    if moment == "while it looks":
        bench.sandbox.on_exchange(lambda entry, body: stop_it() if entry.method == "GET" else None)
    else:
        bench.sandbox.before_write(lambda entry: stop_it())
    drain(bench.executor(), bench, seconds=0)

    waits = "planned" if order == "pause" else "held"
    sent = moment == "between two writes"
    assert bench.states(log_id) == ["done" if sent else waits, waits]
    assert len(bench.effects()) == sent


class Patient:
    """A writer whose turn comes late: meanwhile somebody does something."""

    def __init__(self, writer: Any, meanwhile: Callable[[], object]) -> None:
        self._writer = writer
        self._meanwhile = meanwhile

    def turn(self, repo: RepoRef) -> Any:
        self._meanwhile()
        return self._writer.turn(repo)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


@pytest.mark.parametrize("scope", [controls.EVERYTHING, REPO, "issue"])
def test_a_pause_while_a_write_waits_for_its_turn_keeps_it_from_being_sent(bench: Rig, scope: str) -> None:
    ref = bench.open()
    log_id = bench.decide(ref, LABEL, COMMENT)

    def pause() -> None:
        with bench.db.transaction() as connection:
            controls.pause(connection, str(ref) if scope == "issue" else scope, "maintainer", bench.clock())

    assert bench.executor(writer=Patient(bench.forge, pause)).step()

    assert (bench.states(log_id), bench.effects()) == (["planned", "planned"], [])
    assert bench.entry(log_id).actions[0].attempts == 0


def test_what_people_order_is_done_about_an_issue_that_is_left_alone(bench: Rig) -> None:
    ref = bench.open()
    log_id = bench.decide(ref, LABEL)
    with bench.db.transaction() as connection:
        controls.keep_off(connection, ref, "maintainer", bench.clock())
    drain(bench.executor(by_people=("issue-triage",)), bench)

    assert bench.states(log_id) == ["done"]


@pytest.mark.parametrize(
    ("verdict", "state"),
    [(Deny("close_off", "closing was switched off"), "denied"), (Hold("mode", "approve"), "held")],
)
def test_a_stricter_configuration_wins_over_the_plan(bench: Rig, verdict: Verdict, state: str) -> None:
    log_id = bench.decide(bench.open(), CLOSE)

    def recheck(action: StoredAction) -> Verdict:
        return verdict

    drain(bench.executor(recheck=recheck), bench, seconds=0)

    assert bench.states(log_id) == [state]
    assert bench.effects() == []


def test_a_stop_ends_after_the_action_at_hand(bench: Rig) -> None:
    log_id = bench.decide(bench.open(), LABEL, COMMENT)
    bench.sandbox.before_write(lambda entry: bench.stop.set())
    executor = bench.executor()
    executor.step()

    assert bench.states(log_id) == ["done", "planned"]
    assert executor.step() is False


def test_a_restored_backup_finds_its_own_comment(bench: Rig) -> None:
    """The log says planned, the forge has the comment: it was posted after the backup was made."""
    ref = bench.open()
    log_id = bench.decide(ref, COMMENT)
    executor = bench.executor()
    executor.step()
    with bench.db.transaction() as connection:
        connection.exec_driver_sql("UPDATE actions SET state = 'planned', attempts = 0, sent_at = NULL")
    drain(executor, bench)

    assert bench.states(log_id) == ["done"]
    assert len(bench.effects()) == 1


def test_a_comment_of_a_stranger_with_our_mark_settles_nothing(bench: Rig) -> None:
    ref = bench.open()
    log_id = bench.decide(ref, COMMENT)
    bench.sandbox.inject(Fault(method="POST", path=POST_COMMENT, times=1, action=drop_before()))
    executor = bench.executor()
    executor.step()
    key = bench.entry(log_id).actions[0].key
    bench.sandbox.comment(REPO, ref.number, author="thief", body=f"<!-- foreman:v1 key={key} tag={'0' * 32} -->")
    bench.clock.advance(61)
    executor.step()

    assert bench.states(log_id) != ["done"]
