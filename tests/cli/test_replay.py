"""`foreman replay`: logged decisions beside those of today, with all that was refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.world import REPO, World, decision

BUG = {"type": "add_label", "label": "bug"}
NOT_LISTED = {"type": "add_label", "label": "approved"}


@pytest.fixture
def logged(world: World) -> World:
    """A decision with a label that waits for a person and one that policy refused."""
    world.config["mode"] = "approve"
    world.agent.answer = lambda task: decision(task, BUG, NOT_LISTED, confidence=0.9)
    world.forge.open_issue(REPO, title="It crashes", body="Always.", author="kim")
    world.once()
    return world


def _replay(run: Any, world: World, *arguments: object) -> tuple[int, dict[str, Any]]:
    (entry,) = world.entries()
    done = run("replay", entry.id, *arguments, "--json", config=world.file)
    (facts,) = json.loads(done.answer)
    return done.code, facts


def test_what_was_refused_is_shown_and_what_became_of_an_action_later_changes_nothing(logged, run) -> None:
    code, first = _replay(run, logged)
    (waiting,) = json.loads(run("pending", "--json", config=logged.file).answer)
    assert run("reject", waiting["id"], config=logged.file).code == 0
    _, rejected = _replay(run, logged)
    logged.agent.answer = lambda task: decision(task, NOT_LISTED)
    code_of_other, other = _replay(run, logged)
    shown = run("replay", "--since", "1h", config=logged.file)

    assert (code, first["same"], first["text_changed"], first["failed"]) == (0, True, False, False)
    assert first["before"] == {
        "decision": "label_and_respond",
        "labels": ["bug"],
        "comment": False,
        "close": False,
        "others": [],
        "held": [],
        "refused": ["add_label"],
    }
    assert rejected["before"] == first["before"], "the gate had let it through"
    assert (code_of_other, other["same"], other["after"]["labels"]) == (0, False, [])
    assert "    - label_and_respond: +bug, add_label (refused)" in shown.answer
    assert "    + label_and_respond: add_label (refused)" in shown.answer
    assert shown.answer.splitlines()[-1] == "1 decision made again: 1 differs"
    assert logged.effects() == []
    assert len(logged.entries()) == 1


def test_a_decision_that_cannot_be_made_again_is_named_and_the_exit_code_says_so(logged, run) -> None:
    logged.agent.answer = lambda _task: 500

    code, failed = _replay(run, logged)

    assert (code, failed["failed"], failed["after"], failed["same"]) == (1, True, None, False)
    assert failed["not_replayed_because"]
    gone = run("replay", 4711, config=logged.file)
    assert (gone.code, gone.answer) == (2, "")
    assert "`foreman log` shows which there are" in gone.story
    assert run("memory", "forget", REPO, "--yes", config=logged.file).code == 0
    done = run("replay", "--since", "1h", config=logged.file)
    assert done.code == 0
    assert "not replayed: the text of the issue is not kept" in done.answer
    assert done.answer.splitlines()[-1] == "0 decisions made again: 0 differ, 1 not replayed"
