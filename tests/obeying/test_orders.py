"""What each order does, and what is said when it cannot be done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from foreman.gate import turn
from foreman.model import EventKind, IssueRef
from foreman.obeying import telling
from foreman.recall import Recall
from foreman.sandbox import Fault, reply
from foreman.store import actions, controls, corrections, inbox
from tests.obeying.conftest import Counter
from tests.rig import REPO

_MINUTE = timedelta(minutes=1)


def test_triage_asks_every_agent_once_more_and_the_thumb_waits_for_it(counter: Counter, ref: IssueRef) -> None:
    counter.rig.forget_work()
    early = counter.order(ref, "triage")
    waiting = counter.rig.waiting()
    counter.rig.forget_work()
    counter.work()
    (kept,) = counter.kept()

    assert early == ["eyes"]
    assert waiting == [(ref.number, "requested", "issue-triage")]
    assert counter.signs(ref, kept.comment_id) == ["eyes", "+1"]


def test_a_run_that_is_given_up_is_told(counter: Counter, ref: IssueRef) -> None:
    counter.rig.forget_work()
    counter.order(ref, "triage")
    with counter.rig.db.transaction() as connection:
        item = inbox.claim(connection, worker="t", lease=_MINUTE, now=counter.rig.clock())
        assert item is not None
        assert (item.event, item.requested) == (EventKind.REQUESTED, True)
        inbox.bury(connection, item, reason="the agent is ill", now=counter.rig.clock())
    counter.work()

    assert counter.answers(ref) == [
        "That did not work:\n\n- the run was given up (`foreman dead` on the machine I run on)"
    ]


def test_labels_go_on_and_off_as_the_repository_spells_them(counter: Counter, ref: IssueRef) -> None:
    counter.rig.sandbox.add_label(REPO, ref.number, "question", by="kim")
    counter.turn()

    assert counter.order(ref, "label +BUG -question") == ["eyes", "+1"]
    assert counter.labels(ref) == ["bug"]
    assert counter.answers(ref) == []
    with counter.rig.db.read() as connection:
        assert actions.labels_by_us(connection, ref) == frozenset(), "they are the person's"
        orders = actions.labels_ordered(connection, ref)
    assert {label: (order.on, order.by.login) for label, order in orders.items()} == {
        "bug": (True, "kim"),
        "question": (False, "kim"),
    }


@pytest.mark.parametrize("line", ["label +question", "label +bug"])
def test_a_label_that_is_ordered_moves_the_turn_like_one_put_on_by_hand(
    line: str, counter: Counter, ref: IssueRef
) -> None:
    """One that asks the reporter for an answer lets the issue go stale, whoever's hand it was put on with."""
    counter.order(ref, line)
    rig = counter.rig
    look = Recall(db=rig.db, reader=rig.forge, bot=rig.bot, marker_secret=rig.secret, now=rig.clock).look(
        ref, event=EventKind.STALE
    )
    owed = turn.turn(look.facts.issue, look.comments, look.history, rig.bot, needs_info=("question",))

    assert owed is not None
    assert owed.turn == ("reporter" if line.endswith("question") else "maintainer")


def test_what_there_is_not_and_what_is_an_order_itself_is_refused_in_words(counter: Counter, ref: IssueRef) -> None:
    signs = counter.order(ref, "label +bugg +foreman:hold +bug", "label nonsense", "approve 12345678")

    assert signs == ["eyes", "-1"]
    assert counter.labels(ref) == ["bug"], "what can be done is done"
    (answer,) = counter.answers(ref)
    assert answer.split("\n")[2:] == [
        "- line 1, `label`: there is no label `bugg` here; `foreman:hold` is an order to me: give it in words",
        '- line 2, `label`: name labels as in `label +bug -question +"good first issue"`',
        "- line 3, `approve`: nothing with the hash `12345678` waits in this repository",
    ]


def test_taking_off_what_an_agent_put_on_is_remembered_as_a_correction(counter: Counter, ref: IssueRef) -> None:
    counter.rig.decide(ref, ("add_label", {"label": "bug"}))
    counter.turn()
    counter.order(ref, "label -bug +question")

    with counter.rig.db.read() as connection:
        found = [(one.kind, one.value, one.by) for one in corrections.of_issue(connection, ref)]
    assert found == [("added", "question", "kim"), ("removed", "bug", "kim")]


def test_why_tells_facts_and_nothing_an_agent_wrote(counter: Counter, ref: IssueRef) -> None:
    assert counter.order(ref, "why") == ["eyes", "-1"]
    counter.rig.decide(ref, ("add_label", {"label": "bug"}), ("comment", {"body": "@everybody SECRET"}))
    counter.work()
    assert counter.order(ref, "why") == ["eyes", "+1"]

    first, _, told = counter.answers(ref)
    assert "I have decided nothing here yet" in first
    assert told.startswith("My last decision here: `+bug` done, `comment` done.\n\n<details>")
    assert "everybody" not in told
    assert "SECRET" not in told


def test_undo_takes_back_the_last_run_and_only_what_is_ours(counter: Counter, ref: IssueRef) -> None:
    counter.rig.decide(ref, ("add_label", {"label": "bug"}), ("add_label", {"label": "question"}))
    counter.turn()
    counter.rig.sandbox.remove_label(REPO, ref.number, "question", by="rea")
    counter.turn()

    assert counter.order(ref, "undo") == ["eyes", "+1"]
    assert counter.labels(ref) == []
    assert counter.order(ref, "undo") == ["eyes", "-1"]
    assert "nothing of mine here" in counter.answers(ref)[-1] or "gone already" in counter.answers(ref)[-1]


def test_undo_does_not_mean_what_was_done_after_it_was_written(counter: Counter, ref: IssueRef) -> None:
    counter.rig.clock.advance(5)
    counter.say(ref, "undo")
    counter.rig.clock.advance(30)
    counter.rig.decide(ref, ("add_label", {"label": "bug"}))
    counter.executor.step()
    counter.turn()

    assert counter.labels(ref) == ["bug"]


def test_hold_and_resume_are_kept_for_the_issue(counter: Counter, ref: IssueRef) -> None:
    assert counter.order(ref, "hold") == ["eyes", "+1"]
    with counter.rig.db.read() as connection:
        assert controls.kept_off(connection, ref)
        assert not controls.paused(connection, ref.repo)
    assert counter.order(ref, "triage") == ["eyes", "-1"]
    assert counter.order(ref, "resume") == ["eyes", "+1"]
    with counter.rig.db.read() as connection:
        assert not controls.kept_off(connection, ref)
    assert counter.order(ref, "resume") == ["eyes", "-1"]
    assert "neither this issue is held" in counter.answers(ref)[-1]


def test_while_paused_only_reactions_are_sent_and_resume_is_heard(counter: Counter, ref: IssueRef) -> None:
    paused = counter.order(ref, "pause")
    assert counter.is_paused()
    waiting = counter.order(ref, "label +bug")
    faulty = counter.order(ref, "label +nonsense")
    meanwhile = counter.rig.effects()
    resumed = counter.order(ref, "resume")
    kept = {one.comment_id for one in counter.kept()}

    assert (paused, waiting, faulty, resumed) == (["eyes", "+1"], ["eyes"], ["eyes", "-1"], ["eyes", "+1"])
    assert {effect.split()[0] for effect in meanwhile} == {"react"}
    assert counter.labels(ref) == ["bug"]
    assert all(counter.signs(ref, number)[1:] for number in kept)
    assert counter.answers(ref) == [], "words that nobody waits for any more are not said"


def test_what_the_machines_owner_paused_as_a_whole_stays_so(counter: Counter, ref: IssueRef) -> None:
    with counter.rig.db.transaction() as connection:
        controls.pause(connection, controls.EVERYTHING, "ops", counter.rig.clock())

    assert counter.order(ref, "resume") == ["eyes", "-1"]
    assert counter.is_paused()


def test_approve_on_the_very_issue_is_not_stopped_by_its_own_comment(counter: Counter, ref: IssueRef) -> None:
    label, other = counter.hold(ref, ("add_label", {"label": "bug"}), ("add_label", {"label": "question"}))
    signs = counter.order(ref, f"approve {label.payload_hash[:8]}\n\nThanks a lot!")

    assert signs == ["eyes", "+1"]
    assert (counter.action(label.id).state, counter.action(other.id).state) == ("done", "held")
    assert counter.action(label.id).approved_by == "kim"


def test_reject_keeps_the_reason_and_says_nothing(counter: Counter, ref: IssueRef) -> None:
    (label,) = counter.hold(ref, ("add_label", {"label": "bug"}))
    signs = counter.order(ref, f"reject {label.payload_hash[:12]} because it is no bug")

    assert signs == ["eyes", "+1"]
    assert (counter.action(label.id).state, counter.action(label.id).detail) == ("denied", "it is no bug")
    assert counter.answers(ref) == []


def test_only_what_waits_here_as_it_was_decided_is_approved_and_only_by_its_own_hash(
    counter: Counter, ref: IssueRef
) -> None:
    rows = counter.hold(ref, ("add_label", {"label": "bug"}), ("add_label", {"label": "question"}))
    first, second = (row.payload_hash[:8] for row in rows)
    with counter.rig.db.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE actions SET payload_hash = 'abcdef1200' WHERE id = {rows[0].id}")
        connection.exec_driver_sql(f"UPDATE actions SET payload_hash = 'abcdef1211' WHERE id = {rows[1].id}")
    two = counter.order(ref, "approve abcdef12", f"approve {first}")
    changed = counter.order(ref, "approve abcdef1200")
    with counter.rig.db.transaction() as connection:
        connection.exec_driver_sql("UPDATE actions SET repo = 'acme/other' WHERE type = 'add_label'")
        connection.exec_driver_sql(
            f"UPDATE actions SET payload_hash = '{rows[1].payload_hash}' WHERE id = {rows[1].id}"
        )
    elsewhere = counter.order(ref, f"approve {second}")

    assert two == changed == elsewhere == ["eyes", "-1"]
    assert "the beginning of more than one hash" in counter.answers(ref)[0]
    assert {counter.action(row.id).state for row in rows} == {"held"}
    assert counter.labels(ref) == []


def test_an_approved_action_that_fails_is_told(counter: Counter, ref: IssueRef) -> None:
    (label,) = counter.hold(ref, ("add_label", {"label": "bug"}))
    counter.rig.sandbox.inject(Fault(method="POST", path="/labels", times=1, action=reply(422)))
    signs = counter.order(ref, f"approve {label.payload_hash[:8]}")

    assert signs == ["eyes", "-1"]
    assert "`+bug` was not done (`foreman explain" in counter.answers(ref)[0]


def test_orders_count_as_no_run_of_an_agent_and_as_no_news(counter: Counter, ref: IssueRef) -> None:
    counter.rig.forget_work()
    counter.order(ref, "label +bug", "why")
    with counter.rig.db.read() as connection:
        runs = actions.runs_since(connection, ref, counter.rig.clock() - 60 * _MINUTE)

    assert runs == 0
    assert counter.rig.waiting() == []


def test_a_decision_made_before_an_order_is_not_stale_by_it(counter: Counter, ref: IssueRef) -> None:
    counter.rig.clock.advance(5)
    counter.say(ref, "label +question")
    counter.poll()
    counter.steward.tend()
    log_id = _before_the_comment(counter, ref)
    counter.work()

    assert counter.rig.states(log_id) == ["done"]


def _before_the_comment(counter: Counter, ref: IssueRef) -> int:
    issue = counter.rig.forge.issue(ref)
    return counter.rig.decide(
        ref, ("add_label", {"label": "bug"}), comment_count=issue.comment_count - 1, comment_ids=[], last_comment_id=0
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [("bug", "`bug`"), ("a`b", "`a'b`"), ("x\n@kim", "`x\\n@kim`"), ("y" * 200, f"`{'y' * 80}`"), ("", "``")],
)
def test_a_name_is_told_as_code(name: str, shown: str) -> None:
    assert telling.code(name) == shown
