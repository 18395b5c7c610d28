"""Floods, quotas and loops: what keeps one person, one busy hour or another bot from using everything up."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from foreman.model import ActionState, IssueRef, Outcome
from foreman.store import actions, flood
from foreman.store.actions import NewAction, NewDecision
from foreman.store.database import Database
from tests.end_to_end.conftest import Command
from tests.world import BOT, REPO, TOKEN, World, decision

OTHER_BOT = "rival-foreman"
OTHER_TOKEN = "FOREMAN_OTHER_TOKEN"
ROUNDS = 30


def test_a_flood_by_one_person_costs_nobody_elses_issue(world: World) -> None:
    world.config["policy"] = {"max_runs_per_person_per_day": 20, "max_actions_per_hour": 1000}
    world.agent.answer = lambda task: decision(task)
    controls = []
    for number in range(60):
        world.forge.open_issue(REPO, title=f"Buy this {number}", author="spammer")
        if number % 12 == 0:
            controls.append(world.forge.open_issue(REPO, title="It crashes", author=f"person{number}"))
    world.config["agents"]["issue-triage"]["max_concurrency"] = 4
    for _ in range(2):
        world.once()

    asked = [task["payload"]["issue"]["number"] for task in world.agent.tasks]
    assert set(controls) <= set(asked)
    assert len(asked) == len(set(asked)) == 20 + len(controls)
    assert len(world.entries()) == len(asked)


def test_an_hour_never_gets_more_writes_than_it_may_however_many_are_decided_at_once(
    world: World, foreman: Command
) -> None:
    world.config["workers"] = 8
    world.config["agents"]["issue-triage"]["max_concurrency"] = 8
    world.config["policy"] = {"max_actions_per_hour": 5}
    world.agent.answer = lambda task: decision(
        task, {"type": "add_label", "label": "bug"}, {"type": "add_label", "label": "docs"}
    )
    for _ in range(12):
        world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.once()

    assert len(world.effects()) == 5
    held = json.loads(foreman("pending", "--json").answer)
    assert {action["reason"] for action in held} == {"hourly_cap"}
    assert len(held) == 24 - 5
    assert foreman("approve", held[0]["id"]).code == 0  # a person's word goes before a quota


def seed(world: World, count: int) -> None:
    """Log so many writes of half an hour ago, on another repository."""
    now = world.clock()
    parts = {"task_type": "issue.triage", "agent": "issue-triage", "decision": "label"}
    with closing(Database.open(world.folder / "memory.db")) as db, db.transaction() as connection:
        for number in range(count):
            issue = IssueRef.parse(f"acme/elsewhere#{number + 1000}")
            label = NewAction(type="add_label", payload={"label": "bug"}, state=ActionState.PLANNED)
            decided = NewDecision(issue=issue, task_id=str(uuid4()), actions=(label,), **parts)
            log_id = actions.record(connection, decided, now=now)
            (action,) = actions.entry(connection, log_id).actions
            actions.mark_sent(connection, action.id, now=now - timedelta(minutes=30))
            actions.settle(connection, action.id, Outcome(state=ActionState.DONE), now=now)


def test_when_far_more_is_written_than_usual_all_writing_stops_and_status_says_so(
    world: World, foreman: Command
) -> None:
    before = world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.once()
    (decided,) = world.entries(before)
    seed(world, flood.FLOOR)
    world.forge.clear_ledger()
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.once()

    assert world.effects() == []
    assert world.states(number) == [("add_label", "held")]
    status = foreman("status")
    assert status.code == 1
    assert "far above the usual" in status.answer
    facts = json.loads(foreman("status", "--json").answer)
    assert "far above the usual" in facts["flood"]
    assert any("far above the usual" in line for line in facts["attention"])
    (held,) = json.loads(foreman("pending", "--json").answer)
    assert held["reason"] == "breaker_open"
    # What went wrong can be taken back all the same.
    assert foreman("undo", decided.id, "--yes").code == 0
    assert world.forge.issue(REPO, before).labels == ()


@pytest.fixture
def rival(world: World, tmp_path: Path) -> Iterator[World]:
    """Return a second Foreman with a bot and a database of its own, on the first one's forge and repository."""
    (tmp_path / "rival").mkdir()
    other = World(tmp_path / "rival")
    world.forge.add_account(OTHER_BOT)
    world.forge.add_collaborator(REPO, OTHER_BOT, permission="write")
    os.environ[OTHER_TOKEN] = world.forge.token(OTHER_BOT)
    other.config["identity"] = {
        "github_token": f"${{{OTHER_TOKEN}}}",
        "github_user": OTHER_BOT,
        "github_api_url": world.forge.url,
    }
    os.environ[TOKEN] = world.token  # which the second one has just replaced by its own
    yield other
    os.environ.pop(OTHER_TOKEN, None)
    other.close()


LOOSEST = {
    "skip_bots": False,
    "act_on_maintainers": True,
    "max_comments_per_issue_per_day": 100,
    "max_runs_per_issue_per_day": 3,
}


@pytest.mark.parametrize(("policy", "most"), [({}, 1), (LOOSEST, 3)], ids=["default", "loosest"])
def test_two_foremans_on_one_repository_die_out(world: World, rival: World, policy: dict[str, Any], most: int) -> None:
    for one in (world, rival):
        one.config["policy"] = policy
        one.agent.answer = lambda task: decision(task, {"type": "comment", "body": f"Really? {task['task_id']}"})
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    counts = []
    for _ in range(ROUNDS):
        world.once()
        rival.once()
        counts.append(len(world.forge.issue(REPO, number).comments))
        if counts[-2:] == [counts[-1]] * 2:
            break

    said = [comment.author for comment in world.forge.issue(REPO, number).comments]
    assert len(counts) < ROUNDS
    assert set(said) == {BOT, OTHER_BOT}
    assert all(said.count(bot) <= most for bot in (BOT, OTHER_BOT))
    if policy:
        assert len(said) > 2, "they did answer each other"


def test_an_alien_bot_that_answers_everything_is_not_answered(world: World) -> None:
    world.forge.add_account("chatter[bot]", is_bot=True)
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.once()
    for round_ in range(5):
        world.forge.comment(REPO, number, author="chatter[bot]", body=f"Interesting! {round_}")
        world.once()

    assert len(world.agent.tasks) == 1
    assert world.effects() == [f"label+ bug {REPO}#{number}"]
