"""`foreman replay`: logged decisions beside those of today, with all that was refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from foreman.model import Account, Issue, IssueRef, RepoRef, Role
from foreman.store import mirror, mirror_text
from foreman.store.database import Database
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


def test_what_the_hour_and_the_repository_had_no_room_for_is_judged_as_it_was(world: World, run: Any) -> None:
    """A label that was not there is not there in a replay; a cap that was met is no matter of the decision."""
    world.config["policy"] = {"labels": {"add": ["bug", "nowhere"]}, "max_actions_per_hour": 1}
    nowhere, comment = {"type": "add_label", "label": "nowhere"}, {"type": "comment", "body": "Thank you."}
    world.agent.answer = lambda task: decision(task, BUG, nowhere, comment)
    world.forge.open_issue(REPO, title="It crashes", body="Always.", author="kim")
    world.once()

    (entry,) = world.entries()
    _, facts = _replay(run, world)

    assert [action.reason for action in entry.actions] == ["", "label_missing", "hourly_cap"]
    assert facts["after"] == facts["before"]
    assert facts["after"]["refused"] == ["add_label"]


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


def _told(task: dict[str, Any]) -> dict[str, Any]:
    """Return what an agent was told, without what is of the call itself and the labels that it may not touch."""
    context = {key: value for key, value in task["context"].items() if key not in ("deadline", "llm_backend")}
    for similar in context["similar"]:
        similar["labels"].sort()
    touched = [label["name"] for label in task["payload"]["labels"] if label["may_add"] or label["may_remove"]]
    return {"issue": task["payload"]["issue"], "event": task["payload"]["event"], "may": sorted(touched), **context}


def _read_older(world: World) -> None:
    """Put older, closed, labelled issues into the mirror, as reading on in a repository's past does."""
    now = datetime.now(UTC)
    db = Database.open(Path(world.config["storage"]["path"]))
    try:
        with db.transaction() as connection:
            for day in range(40):
                label, words = (("bug", "It crashes on"), ("question", "How do I print"))[day % 2]
                at = now - timedelta(days=60 - day)
                older = Issue(
                    ref=IssueRef(RepoRef(world.kind, REPO), 1_000 + day),
                    id=9_000 + day,
                    title=f"{words} page {day % 4}",
                    body="Always.",
                    author=Account(login="kim", id=5),
                    role=Role.NONE,
                    state="closed",
                    labels=(label,),
                    created_at=at,
                    updated_at=at,
                    closed_at=at,
                    url="",
                )
                mirror.save(connection, mirror_text.clean(older, str), now=now)
    finally:
        db.close()


def test_an_agent_is_shown_what_it_was_shown_then_whatever_was_read_and_learned_since(world: World, run: Any) -> None:
    world.agent.answer = lambda task: decision(task, *([] if "bug" in task["payload"]["issue"]["labels"] else [BUG]))
    world.forge.open_issue(REPO, title="It crashes on page 3 of 5", body="Always.", author="kim")
    mine = world.forge.open_issue(REPO, title="It crashes on page 3", body="Always.", author="kim")
    world.once()
    assert run("triage", f"{REPO}#{mine}", config=world.file).code == 0
    then = [_told(task) for task in world.agent.asked_about(mine)]
    assert [task["event"] for task in then] == ["opened", "requested"]
    assert [hit["number"] for hit in then[0]["similar"]] == [1]
    assert then[1]["memory_summary"]

    _read_older(world)
    world.agent.tasks.clear()
    done = run("replay", "--since", "1h", "--json", config=world.file)

    assert [_told(task) for task in world.agent.asked_about(mine)] == then
    assert [one["same"] for one in json.loads(done.answer)] == [True, True, True]
