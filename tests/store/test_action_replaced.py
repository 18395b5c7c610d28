"""What of an older decision gives way to which newer one."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from foreman.model import ActionState, IssueRef, RepoRef
from foreman.store import actions
from foreman.store.actions import NewAction, NewDecision

S = ActionState
ISSUE = IssueRef.parse("o/r#1")
Wanted = tuple[str, dict[str, Any]]

HI: Wanted = ("comment", {"body": "hi"})
ANEW: Wanted = ("comment", {"body": "hello"})
BUG: Wanted = ("add_label", {"label": "bug"})
LOUD: Wanted = ("add_label", {"label": "BUG"})
DOCS: Wanted = ("add_label", {"label": "docs"})
NO_BUG: Wanted = ("remove_label", {"label": "bug"})
CLOSE: Wanted = ("close", {"reason": "completed"})
REOPEN: Wanted = ("reopen", {})
ANN: Wanted = ("assign", {"login": "ann"})
BEN: Wanted = ("assign", {"login": "ben"})

CASES: dict[str, tuple[tuple[Wanted, ...], tuple[Wanted, ...], str, set[int]]] = {
    # what waits, what is decided anew, upon which event -> what gives way
    "a comment to a comment": ((BUG, HI), (ANEW,), "edited", {1}),
    "a label to other labels": ((BUG, HI), (DOCS,), "edited", {0}),
    "a label to the same one, however it is spelled": ((BUG,), (LOUD,), "stale", {0}),
    "of a reminder no other label": ((BUG, HI), (DOCS, ANEW), "stale", {1}),
    "putting on to taking off": ((BUG, DOCS), (NO_BUG,), "edited", {0}),
    "taking off to putting on": ((NO_BUG,), (BUG,), "edited", {0}),
    "taking off not to another label": ((NO_BUG,), (DOCS,), "edited", set()),
    "closing to reopening": ((CLOSE,), (REOPEN,), "edited", {0}),
    "the comment with its close": ((BUG, HI, CLOSE), (REOPEN,), "edited", {1, 2}),
    "the close with its comment": ((BUG, HI, CLOSE), (ANEW,), "edited", {1, 2}),
    "a person to a person": ((ANN, HI), (BEN,), "edited", {0}),
    "nothing to nothing": ((BUG, HI, CLOSE, ANN), (), "edited", set()),
}


def decide_anew(connection: Connection, now, *wanted: Wanted, state: S = S.HELD, **more: Any) -> tuple[int, ...]:
    new = tuple(NewAction(type=kind, payload=payload, state=state) for kind, payload in wanted)
    facts = {"issue": ISSUE, "agent": "triage", "event": "edited"} | more
    newer = NewDecision(task_id="1" * 36, task_type="issue.triage", decision="label_and_respond", actions=new, **facts)
    log_id = actions.record(connection, newer, now=now)
    return actions.replace_held(connection, newer, by=log_id, now=now)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("at_a_start", [False, True])
def test_what_gives_way(connection: Connection, fill, now, case: str, at_a_start: bool) -> None:
    older, newer, event, gone = CASES[case]
    waiting = fill.decide(connection, *((kind, payload, S.HELD) for kind, payload in older))
    if at_a_start:
        fill.decide(connection, *((kind, payload, S.HELD) for kind, payload in newer), event=event)
        replaced = actions.replace_doubles(connection, now=now)
    else:
        replaced = decide_anew(connection, now, *newer, event=event)

    assert replaced == tuple(waiting[position].id for position in sorted(gone))
    for position, action in enumerate(actions.get(connection, each.id) for each in waiting):
        assert (action.state, action.reason) == ((S.DENIED, "replaced") if position in gone else (S.HELD, ""))
    assert len(actions.held(connection)) == len(older) + len(newer) - len(gone)
    assert actions.states(connection)[S.DENIED] == len(gone)


OTHERS: dict[str, dict[str, Any]] = {
    "another agent's": {"agent": "other"},
    "another issue's": {"issue": IssueRef.parse("o/r#2")},
    "another repository's": {"issue": IssueRef.parse("o/s#1")},
    "one that is refused": {"state": S.DENIED},
    "one that is only thought of": {"state": S.SHADOW},
}


@pytest.mark.parametrize("case", OTHERS)
def test_nothing_gives_way_to_what_is_something_else(connection: Connection, fill, now, case: str) -> None:
    fill.decide(connection, (*HI, S.HELD), (*BUG, S.HELD))

    assert decide_anew(connection, now, ANEW, BUG, **OTHERS[case]) == ()


def test_what_was_let_pass_sent_or_ordered_by_a_person_stands(connection: Connection, fill, now) -> None:
    approved, sent = fill.decide(connection, (*HI, S.HELD), (*BUG, S.PLANNED))
    actions.approve(connection, approved.id, by="kim", now=now)
    actions.mark_sent(connection, sent.id, now=now)

    assert decide_anew(connection, now, ANEW, BUG) == ()
    assert actions.replace_doubles(connection, now=now) == ()


def test_orders_of_people_wait_side_by_side(connection: Connection, now) -> None:
    for number, wanted in enumerate((BUG, DOCS)):
        order = NewAction(type=wanted[0], payload=wanted[1], state=S.HELD)
        facts = {"agent": "commands", "task_type": "commands", "decision": "commands"}
        decision = NewDecision(issue=ISSUE, task_id=str(number) * 36, actions=(order,), **facts)
        actions.record(connection, decision, now=now)

    assert actions.replace_doubles(connection, now=now) == ()


def test_the_hash_that_was_shown_leads_to_what_was_replaced(connection: Connection, fill, now) -> None:
    (shown,) = fill.decide(connection, (*HI, S.HELD))
    decide_anew(connection, now, ANEW)
    (waits,) = actions.held(connection)
    found = actions.replaced(connection, RepoRef.parse("o/r"), shown.payload_hash[:8])

    assert found is not None
    assert (found.id, found.replaced) == (shown.id, f"was replaced by the newer decision {waits.log_id}")
    assert actions.replaced(connection, RepoRef.parse("o/r"), waits.payload_hash[:8]) is None
    assert actions.replaced(connection, RepoRef.parse("o/s"), shown.payload_hash[:8]) is None
