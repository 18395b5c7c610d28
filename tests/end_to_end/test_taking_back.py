"""Taking back one decision, or all of some hours, by command: labels, comments, states, and what people did since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from foreman.undo.takeback import WITHDRAWN
from tests.end_to_end.conftest import Command, on_both
from tests.world import BOT, REPO, World, decision

BODY = "Which version is that?"


class Hours:
    """The time of day, some hours ago."""

    ago = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) - timedelta(hours=self.ago)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Return a world whose agent labels, comments and closes, and which may do so."""
    made = World(tmp_path, clock=Hours(), kind=getattr(request, "param", "github"))
    made.config["policy"] = {"allow_close": True}
    made.agent.answer = everything
    made.forge.add_collaborator(REPO, "mira", permission="admin")
    yield made
    made.close()


def everything(task: dict[str, Any]) -> dict[str, Any]:
    """Answer with all that can be taken back."""
    return decision(
        task,
        {"type": "add_label", "label": "bug"},
        {"type": "comment", "body": BODY},
        {"type": "close", "reason": "not_planned"},
        decision="close",
    )


def opened(world: World, hours_ago: float = 0) -> int:
    """Open an issue and have it handled so many hours ago."""
    assert isinstance(world.clock, Hours)
    world.clock.ago = hours_ago
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.once()
    world.clock.ago = 0
    issue = world.forge.issue(REPO, number)
    assert (issue.state, issue.labels, len(issue.comments)) == ("closed", ("bug",), 1)
    return number


@on_both
def test_a_window_is_taken_back_and_what_people_changed_since_is_left_alone_and_listed(
    world: World, foreman: Command
) -> None:
    old = opened(world, hours_ago=5)
    alone, touched = opened(world), opened(world)
    world.forge.reopen(REPO, touched, by="mira")
    world.forge.remove_label(REPO, touched, "bug", by="mira")
    (comment,) = world.forge.issue(REPO, touched).comments
    world.forge.edit_comment(REPO, comment.id, body="Mira's own words")
    before = world.effects()

    shown = foreman("undo", "--since", "2h", "--json")
    plan = json.loads(shown.answer)
    assert shown.code == 0
    assert world.effects() == before
    assert [step["issue"] for step in plan["steps"]] == [f"{world.key()}#{alone}"] * 3
    assert [left["issue"] for left in plan["left"]] == [f"{world.key()}#{touched}"] * 3
    assert foreman("undo", "--since", "2h", "--yes").code == 0

    issue = world.forge.issue(REPO, alone)
    assert (issue.state, issue.labels) == ("open", ())
    (said,) = issue.comments
    assert said.body.splitlines()[1:] == [WITHDRAWN]
    assert {state for _, state in world.states(alone)[:3]} == {"undone"}
    (taken,) = [entry for entry in world.entries(alone) if entry.undoes is not None]
    assert (taken.decision, [action.state.value for action in taken.actions]) == ("undo", ["done"] * 3)

    kept = world.forge.issue(REPO, touched)
    assert (kept.state, kept.labels, kept.comments[0].body) == ("open", (), "Mira's own words")
    assert {state for _, state in world.states(touched)} == {"done"}
    assert world.forge.issue(REPO, old).state == "closed"
    assert len(world.effects()) == len(before) + 3
    assert foreman("undo", "--since", "2h", "--yes").answer.splitlines()[-1] == "there is nothing to take back"


@on_both
def test_one_decision_is_taken_back_whatever_the_mode_is_now_and_the_next_task_hears_of_it(
    world: World, foreman: Command
) -> None:
    number = opened(world)
    (entry,) = world.entries(number)
    foreman("pause")
    assert "planned" in foreman("undo", entry.id, "--yes").answer
    world.config["mode"] = "shadow"
    with world.shop() as shop:
        assert world.file.exists()
        assert shop.config.reload()
    foreman("resume")
    world.once()
    issue = world.forge.issue(REPO, number)
    assert (issue.state, issue.labels, issue.comments[0].author) == ("open", (), BOT)

    world.forge.comment(REPO, number, author="kim", body="Thank you")
    world.once()
    summary = world.agent.tasks[-1]["context"]["memory_summary"]
    assert "taken back" in summary or "undone" in summary
    assert world.forge.issue(REPO, number).labels == ()
