"""What waits for a person gives way to what the same agent decides anew: nothing is approved, or said, twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from foreman.model import ActionState
from foreman.store import actions, corrections, memory
from foreman.store.actions import StoredAction
from foreman.store.database import Database
from tests.end_to_end.conftest import Command, on_both
from tests.world import BOT, REPO, World, decision

LABEL = {"type": "add_label", "label": "bug"}
OPS = "acme/ops"


def comment(body: str) -> dict[str, Any]:
    return {"type": "comment", "body": body}


@pytest.fixture
def held(world: World) -> Iterator[World]:
    """A world in which all waits for a person, with one issue and what is proposed for it: a label and a comment."""
    world.config["mode"] = "approve"
    world.forge.add_collaborator(REPO, "kim", permission="maintain")
    world.agent.answer = lambda task: decision(task, LABEL, comment("Which version is that?"))
    world.forge.open_issue(REPO, title="It crashes", author="rex")
    world.once()
    yield world


def decide_anew(world: World, *proposed: dict[str, Any]) -> None:
    world.agent.answer = lambda task: decision(task, *proposed)
    world.forge.comment(REPO, 1, author="rex", body="It still does")
    world.once()


def waiting(foreman: Command) -> list[dict[str, Any]]:
    return json.loads(foreman("pending", "--json").answer)


def logged(world: World) -> list[StoredAction]:
    entries = [entry for entry in world.entries(1) if entry.issue.repo.path == REPO and entry.agent == "issue-triage"]
    return [action for entry in reversed(entries) for action in entry.actions]


@on_both
def test_only_the_newer_of_two_waits_and_the_older_says_what_took_its_place(held: World, foreman: Command) -> None:
    label, old_comment = waiting(foreman)
    decide_anew(held, comment("Which version is that, please?"))
    kept, new = waiting(foreman)
    refused = foreman("approve", old_comment["id"])
    told = foreman("explain", old_comment["decision_id"]).answer
    assert foreman("approve", new["id"]).code == 0

    assert kept == label, "of labels the newer one says nothing"
    assert [action.state.value for action in logged(held)] == ["held", "denied", "done"]
    older = logged(held)[1]
    assert (older.reason, older.detail) == ("replaced", f"by the newer decision {new['decision_id']}")
    assert older.settled_at
    assert refused.code == 2
    why = f"action {old_comment['id']} was replaced by the newer decision {new['decision_id']}"
    assert why in " ".join(refused.story.split())
    assert f"by the newer decision {new['decision_id']}" in " ".join(told.split())
    (said,) = [one for one in held.forge.issue(REPO, 1).comments if one.author == BOT]
    assert "Which version is that, please?" in said.body


def test_what_was_replaced_is_nobodys_verdict_and_no_waiting_comment(held: World, foreman: Command) -> None:
    decide_anew(held, LABEL, comment("Which version, please?"))
    with closing(Database.open(Path(held.config["storage"]["path"]))) as db, db.read() as connection:
        learned = corrections.of_repo(connection, logged(held)[0].issue.repo, 10)
        remembered = memory.summary(connection, logged(held)[0].issue)
        stand = actions.states(connection)

    assert learned == ()
    first, second = remembered.splitlines()
    assert "comment replaced by a newer decision" in first
    assert "comment waits for a person" in second
    assert (stand[ActionState.HELD], stand[ActionState.DENIED]) == (2, 2)
    (told,) = json.loads(foreman("digest", "--json").answer)["repos"]
    assert (told["held"], told["refused"]) == (2, 0)


NOT_NEWER: dict[str, tuple[dict[str, Any], ...]] = {
    "nothing is to be done": (),
    "all of it is refused": ({"type": "close", "reason": "not_planned"}, {"type": "add_label", "label": "unheard-of"}),
}


@pytest.mark.parametrize("case", NOT_NEWER)
def test_a_decision_that_has_nothing_to_put_in_its_place_replaces_nothing(
    held: World, foreman: Command, case: str
) -> None:
    before = waiting(foreman)
    decide_anew(held, *NOT_NEWER[case])

    assert len(held.agent.tasks) == 2
    assert waiting(foreman) == before


def test_what_was_approved_of_it_stands(held: World, foreman: Command) -> None:
    label, _ = waiting(foreman)
    assert foreman("approve", label["id"]).code == 0
    decide_anew(held, comment("Which version, please?"), {"type": "add_label", "label": "question"})

    assert [action.state.value for action in logged(held)] == ["done", "denied", "held", "held"]
    assert held.forge.issue(REPO, 1).labels == ("bug",)


def test_a_label_of_the_same_decision_gives_way_to_other_labels_and_a_comment_stays(held: World) -> None:
    decide_anew(held, {"type": "add_label", "label": "question"})

    assert [action.state.value for action in logged(held)] == ["denied", "held", "held"]


def test_a_comment_and_the_close_it_announces_go_together(held: World) -> None:
    held.config["policy"] = {"allow_close": True}
    close = {"type": "close", "reason": "not_planned"}
    decide_anew(held, comment("Not a bug, so I close it."), close)
    decide_anew(held, comment("Sorry, one more question."))

    assert [(action.state.value, action.reason) for action in logged(held)] == [
        ("held", ""), ("denied", "replaced"), ("denied", "replaced"), ("denied", "replaced"), ("held", "")
    ]  # fmt: skip


def test_in_shadow_a_newer_decision_takes_no_place(held: World, foreman: Command) -> None:
    before = [one["id"] for one in waiting(foreman)]
    held.config["mode"] = "shadow"
    decide_anew(held, LABEL)

    assert [one["id"] for one in waiting(foreman)] == before


@on_both
def test_an_order_about_the_older_one_is_told_what_took_its_place(held: World, foreman: Command) -> None:
    label, old = waiting(foreman)
    decide_anew(held, comment("Which version, please?"))
    _, new = waiting(foreman)
    held.forge.comment(REPO, 1, author="kim", body=f"@{BOT} approve {old['hash'][:10]}")
    held.once()

    (said,) = [one for one in held.forge.issue(REPO, 1).comments if one.author == BOT]
    assert f"was replaced by the newer decision {new['decision_id']}" in said.body
    assert [one["id"] for one in waiting(foreman)] == [label["id"], new["id"]]
