"""Which issues go stale, and what becomes of them: the bundled agent on a clock that runs fast."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agents.issue_triage.agent import decide
from foreman.protocol import Task
from tests.end_to_end.conftest import on_both
from tests.world import EVENTS, REPO, Ahead, World

ROBOT = "project_1_bot_7"
ASKED = "Which version is that?"


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Return a world whose agent is the bundled one, asked in this process."""
    made = World(tmp_path, clock=Ahead(), kind=getattr(request, "param", "github"))
    made.agent.answer = lambda task: decide(Task.model_validate(task)).model_dump(mode="json")
    made.config["repos"] = [
        made.repo(
            REPO,
            agents=[
                {
                    "type": "issue-triage",
                    "events": EVENTS,
                    "config": {"labels": {"bug": ["crash"]}, "stale_label": "stale"},
                }
            ],
        )
    ]
    for label in ("pinned", "upstream"):
        made.forge.create_label(REPO, label)
    made.forge.add_collaborator(REPO, "mira", permission="admin")
    made.forge.add_account(ROBOT, is_bot=True)
    yield made
    made.close()


def days_later(world: World, days: float) -> None:
    assert isinstance(world.clock, Ahead)
    world.clock.by += timedelta(days=days)
    world.once()


def furnish(world: World) -> dict[str, int]:
    """Open one issue of each kind; all but those named otherwise wait for an answer to a maintainer's question."""
    forge = world.forge

    def issue(said: str = "mira") -> int:
        number = forge.open_issue(REPO, title="Sync is slow", body="It takes minutes.", author="kim")
        if said:
            forge.comment(REPO, number, author=said, body=ASKED)
        return number

    found = {name: issue() for name in ("asked", "talked", "answered", "milestone", "assigned", "pinned", "wanted")}
    found |= {"upstream": issue(), "new": issue(""), "by a bot": issue(ROBOT), "label": issue("")}
    forge.comment(REPO, found["answered"], author="kim", body="2.4.1")
    forge.plan(REPO, found["milestone"], "3.0", by="mira")
    forge.assign(REPO, found["assigned"], "mira", by="mira")
    forge.add_label(REPO, found["pinned"], "pinned", by="mira")
    forge.add_label(REPO, found["upstream"], "upstream", by="mira")
    forge.add_label(REPO, found["label"], "needs-info", by="mira")
    for one in range(10):
        forge.react(REPO, found["wanted"], "+1", by=f"fan{one}")
    return found


@on_both
def test_only_what_the_reporter_owes_goes_stale_and_is_closed_two_weeks_later(world: World) -> None:
    world.config["policy"] = {"allow_close": True}
    numbers = furnish(world)
    names = {number: name for name, number in numbers.items()}

    def stale() -> set[str]:
        return {names[issue.number] for issue in world.forge.issues(REPO) if "stale" in issue.labels}

    world.once()
    before = len(world.effects())
    days_later(world, 59)
    assert world.effects()[before:] == []

    days_later(world, 2)
    assert stale() == {"asked", "talked", "label"}
    for name in ("asked", "label"):
        reminder = world.forge.issue(REPO, numbers[name]).comments[-1].body
        assert len(reminder.strip().splitlines()) <= 6  # the mark, the line, who wrote it

    assert isinstance(world.clock, Ahead)
    world.clock.by += timedelta(days=5)
    world.forge.comment(REPO, numbers["label"], author="kim", body="Here it is: 2.4.1")
    world.once()
    assert stale() == {"asked", "talked"}

    days_later(world, 8)
    closed = [issue.number for issue in world.forge.issues(REPO) if issue.state == "closed"]
    assert closed == []
    world.forge.comment(REPO, numbers["talked"], author="mira", body="Thanks, will look.")
    world.once()
    assert stale() == {"asked"}
    days_later(world, 2)

    closed = [names[issue.number] for issue in world.forge.issues(REPO) if issue.state == "closed"]
    assert closed == ["asked"]
    assert world.forge.issue(REPO, numbers["asked"]).state_reason in {"not_planned", ""}  # GitLab knows no reasons


def test_without_leave_to_close_there_is_one_reminder_and_no_more(world: World) -> None:
    number = world.forge.open_issue(REPO, title="Sync is slow", body="It takes minutes.", author="kim")
    world.forge.comment(REPO, number, author="mira", body=ASKED)
    world.once()
    for days in (61, 15, 15, 61):
        days_later(world, days)

    issue = world.forge.issue(REPO, number)
    assert (issue.state, issue.labels, len(issue.comments)) == ("open", ("stale",), 2)
