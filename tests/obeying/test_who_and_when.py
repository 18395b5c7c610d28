"""Whose orders count, which comments are orders at all, and that each counts once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from foreman.model import IssueRef
from foreman.obeying.standing import MOST_AN_HOUR
from foreman.sandbox import Fault, commit_then_drop, reply
from foreman.store import commands, controls, polls
from foreman.store.commands import Ordered
from tests.obeying.conftest import Counter
from tests.rig import BOT, REPO


def test_who_may_not_write_gets_no_sign(counter: Counter, ref: IssueRef) -> None:
    counter.rig.clock.advance(5)
    for by in ("stranger", "rea", "tri", "helper[bot]", BOT):
        counter.say(ref, "label +bug", "pause", "nonsense", "label bug", by=by)
    counter.turn()

    assert counter.rig.effects() == []
    assert not counter.is_paused()
    assert {one.author for one in counter.kept()} == {"stranger", "rea", "tri"}, "of bots nothing is even kept"


def test_a_right_given_later_counts_later_and_one_taken_away_at_once(counter: Counter, ref: IssueRef) -> None:
    sandbox = counter.rig.sandbox
    before = counter.order(ref, "label +bug", by="rea")
    sandbox.add_collaborator(REPO, "rea", "write")
    counter.rig.clock.advance(601)
    given = counter.order(ref, "label +question", by="rea")
    sandbox.add_collaborator(REPO, "rea", "read")
    taken = counter.order(ref, "label -question", by="rea")

    assert (before, given, taken) == ([], ["eyes", "+1"], [])
    assert counter.labels(ref) == ["question"]


def test_a_comment_counts_once_however_often_it_is_found(counter: Counter, ref: IssueRef) -> None:
    assert counter.order(ref, "label +bug") == ["eyes", "+1"]
    effects = counter.rig.effects()
    counter.rig.sandbox.remove_label(REPO, ref.number, "bug", by="kim")
    for _ in range(3):
        counter.restart()
        counter.turn()

    assert len(counter.rig.effects()) == len(effects) == 3
    assert counter.labels(ref) == []


def test_what_was_said_before_the_first_look_orders_nothing(counter: Counter) -> None:
    old = counter.rig.open()
    counter.rig.forget_work()
    with counter.rig.db.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM polls")
        connection.exec_driver_sql("DELETE FROM issues")
        controls.meta_delete(connection, polls.baseline_key(old.repo))
    said = counter.say(old, "label +bug")
    counter.rig.clock.advance(3600)
    counter.restart()
    counter.turn()
    later = counter.order(old, "label +question")

    assert (counter.signs(old, said), later) == ([], ["eyes", "+1"])
    assert counter.labels(old) == ["question"]


def test_what_was_said_before_an_issue_was_welcomed_orders_nothing(counter: Counter) -> None:
    old = counter.rig.open()
    counter.rig.clock.advance(60)
    said = counter.say(old, "label +bug")
    with counter.rig.db.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM polls")
    counter.rig.plans[old.repo] = replace(counter.rig.plans[old.repo], first_run=10)
    counter.restart()
    counter.turn()
    later = counter.order(old, "label +question")

    assert (counter.signs(old, said), later) == ([], ["eyes", "+1"])


def test_what_was_said_before_an_issue_was_first_seen_counts_when_the_issue_is_new(counter: Counter) -> None:
    fresh = counter.rig.open()
    said = counter.say(fresh, "label +bug")
    counter.turn()

    assert counter.signs(fresh, said) == ["eyes", "+1"]


def test_an_edited_comment_orders_nothing_and_is_told_so_only_when_it_is_new(counter: Counter, ref: IssueRef) -> None:
    sandbox, clock = counter.rig.sandbox, counter.rig.clock
    clock.advance(5)
    prose = sandbox.comment(REPO, ref.number, author="kim", body="Nice.", at=clock())
    new = counter.say(ref, "label +question")
    clock.advance(5)
    sandbox.edit_comment(REPO, new, body=f"@{BOT} label +bug")
    counter.turn()
    clock.advance(5)
    sandbox.edit_comment(REPO, prose, body=f"@{BOT} label +bug")
    counter.turn()

    assert counter.labels(ref) == []
    assert counter.signs(ref, new) == ["eyes", "-1"]
    assert counter.signs(ref, prose) == []
    (answer,) = counter.answers(ref)
    assert "a comment that was edited orders nothing" in answer


def test_after_a_restore_what_was_answered_before_is_not_done_again(counter: Counter, ref: IssueRef) -> None:
    counter.rig.clock.advance(5)
    said = counter.say(ref, "label +bug")
    counter.rig.sandbox.react(REPO, ref.number, "eyes", by=BOT, comment_id=said)
    counter.turn()

    assert counter.labels(ref) == []
    assert counter.signs(ref, said) == ["eyes"]
    assert [one.reason for one in counter.kept()] == ["answered before"]


@pytest.mark.parametrize("where", [r"/collaborators/kim/permission", "/labels"])
def test_a_forge_in_trouble_is_asked_again_and_meanwhile_later_orders_wait(
    counter: Counter, ref: IssueRef, where: str
) -> None:
    counter.rig.clock.advance(5)
    first = counter.say(ref, "label +bug")
    counter.rig.clock.advance(5)
    second = counter.say(ref, "label -bug")
    counter.rig.sandbox.inject(Fault(method="GET", path=where, times=1, action=reply(502)))
    counter.turn()
    waiting = (counter.signs(ref, first), counter.signs(ref, second))
    counter.rig.clock.advance(120)
    counter.work()

    assert waiting == ([], [])
    assert (counter.signs(ref, first), counter.signs(ref, second)) == (["eyes", "+1"], ["eyes", "+1"])
    assert [effect.split()[0] for effect in counter.rig.effects() if "label" in effect] == ["label+", "label-"]


def test_where_nobody_can_find_out_nothing_is_ordered(counter: Counter, ref: IssueRef) -> None:
    counter.rig.sandbox.inject(Fault(method="GET", path="/permission", times=1, action=reply(403)))
    forbidden = counter.order(ref, "label +bug")
    counter.rig.clock.advance(5)
    said = counter.say(ref, "label +bug")
    counter.poll()
    counter.rig.sandbox.delete_comment(REPO, said)
    counter.work()

    assert forbidden == []
    assert counter.rig.effects() == [], "nor by a comment that is gone"


def test_a_lost_reply_makes_no_second_reaction_and_no_second_label(counter: Counter, ref: IssueRef) -> None:
    counter.rig.sandbox.inject(Fault(method="POST", path="/reactions", times=1, action=commit_then_drop()))
    counter.order(ref, "label +bug")
    counter.rig.clock.advance(120)
    counter.work()
    (kept,) = counter.kept()

    assert counter.signs(ref, kept.comment_id) == ["eyes", "+1"]
    assert sorted(effect.split(" acme")[0] for effect in counter.rig.effects()) == [
        "label+ bug",
        "react +1",
        "react eyes",
    ]
    assert counter.open_actions() == 0


def test_a_flood_of_one_person_is_cut(counter: Counter, ref: IssueRef) -> None:
    counter.order(ref, "hold")
    (first,) = counter.kept()
    now = counter.rig.clock()
    with counter.rig.db.transaction() as connection:
        for number in range(1, MOST_AN_HOUR):
            one = replace(first, comment_id=10**9 + number)
            assert commands.add(connection, one, now=now)
            assert commands.take(connection, one, waits={}, now=now)
            assert commands.answer(connection, one, reason="", now=now)
    many = counter.order(ref, "label +bug")
    counter.rig.clock.advance(3600)

    assert many == []
    assert counter.order(ref, "label +bug") == ["eyes", "+1"]


def test_so_many_of_one_account_wait_and_no_more(counter: Counter, ref: IssueRef) -> None:
    one = Ordered(issue=ref, comment_id=1, author_id=5, author="stranger", written_at=counter.rig.clock(), lines=())
    with counter.rig.db.transaction() as connection:
        kept = [commands.add(connection, replace(one, comment_id=n), now=counter.rig.clock()) for n in range(30)]

    assert sum(kept) == commands.MOST_OPEN_OF_ONE


def test_more_than_ten_in_one_comment_are_not_done(counter: Counter, ref: IssueRef) -> None:
    signs = counter.order(ref, *["label +bug", "label -bug"] * 5, "label +bug")

    assert signs == ["eyes", "-1"]
    (answer,) = counter.answers(ref)
    assert "only the first 10 orders" in answer
    assert counter.labels(ref) == []


def test_nothing_is_read_where_it_is_switched_off(counter: Counter, ref: IssueRef) -> None:
    plan = counter.rig.plans[counter.rig.widget]
    agents = tuple(replace(agent, policy=replace(agent.policy, commands=False)) for agent in plan.agents)
    counter.rig.plans[counter.rig.widget] = replace(plan, agents=agents)
    off = counter.order(ref, "label +bug")
    counter.rig.clock.advance(3600)
    counter.rig.plans[counter.rig.widget] = plan
    counter.rig.sandbox.comment(REPO, ref.number, author="rea", body="any news?", at=counter.rig.clock())
    counter.turn()

    assert off == []
    assert counter.rig.effects() == [], "nor later, when it is switched on again"


def test_on_an_issue_of_our_own_only_the_dashboard_listens(counter: Counter) -> None:
    ours = counter.rig.open("Approvals", author=BOT)
    counter.turn()

    assert counter.order(ours, "label +bug") == []
