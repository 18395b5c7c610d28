"""A close as a duplicate from its announcement to its end, and an issue that goes stale: on a clock that runs fast."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Command, on_both
from tests.world import BOT, REPO, Ahead, World, decision

SAY = "This may be the same as #1, and will be closed for that in three days. Say so here if it is not."
DAY = timedelta(days=1)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Return a world whose agent takes the second issue for a duplicate of the first."""
    made = World(tmp_path, clock=Ahead(), kind=getattr(request, "param", "github"))
    made.config["policy"] = {"allow_close": True}
    made.agent.answer = lambda task: (
        decision(
            task,
            {"type": "comment", "body": SAY},
            {"type": "close", "reason": "duplicate", "duplicate_of": 1},
            decision="close",
        )
        if task["payload"]["issue"]["number"] == 2
        else decision(task, decision="skip")
    )
    made.forge.add_collaborator(REPO, "mira", permission="admin")
    yield made
    made.close()


def later(world: World, more: timedelta) -> None:
    assert isinstance(world.clock, Ahead)
    world.clock.by += more


def announced(world: World) -> None:
    world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.forge.open_issue(REPO, title="It crashes too", author="kim")
    world.once()
    assert world.states(2) == [("comment", "done"), ("close", "planned")]


@on_both
def test_what_was_announced_is_told_survives_restarts_is_said_once_and_then_done(
    world: World, foreman: Command
) -> None:
    announced(world)
    told = f"{world.key()}#2  closes as a duplicate of #1 in 72 h ("
    (waiting,) = json.loads(foreman("pending", "--json").answer)

    explained = foreman("explain", waiting["decision_id"]).answer

    assert told in foreman("pending").answer
    assert told.replace("#2 ", "#2") in foreman("status").answer
    assert "close as a duplicate of #1 in 72 h (" in foreman("log").answer
    assert f"unless somebody objects; `foreman reject {waiting['id']}` stops it" in explained
    assert (waiting["type"], waiting["state"]) == ("close", "planned")
    refused = foreman("approve", waiting["id"])
    assert refused.code == 2
    assert f"`foreman reject {waiting['id']}` stops it" in refused.story

    later(world, 1.5 * DAY)
    world.forge.add_label(REPO, 2, "docs", by=BOT)
    assert foreman("triage", f"{world.key()}#2").code == 0  # asked for by hand: thought about once more
    again = [(action.type, action.state.value, action.reason) for action in world.entries(2)[0].actions]
    assert again == [("comment", "denied", "close_refused"), ("close", "denied", "close_announced")]
    later(world, DAY)
    world.once()
    assert world.forge.issue(REPO, 2).state == "open"
    later(world, DAY)
    world.once()

    issue = world.forge.issue(REPO, 2)
    assert (issue.state, len(issue.comments)) == ("closed", 1)
    assert "nothing waits for a person" in foreman("pending").answer


@on_both
def test_an_objection_ends_it_as_soon_as_it_is_heard(world: World, foreman: Command) -> None:
    announced(world)
    (waiting,) = json.loads(foreman("pending", "--json").answer)
    world.forge.comment(REPO, 2, author="kim", body="It is another one.")
    world.once()

    assert world.states(2)[:2] == [("comment", "done"), ("close", "denied")]
    assert "kim commented" in foreman("explain", waiting["decision_id"]).answer
    assert "nothing waits for a person" in foreman("pending").answer
    later(world, 5 * DAY)
    world.once()
    assert world.forge.issue(REPO, 2).state == "open"


@pytest.mark.parametrize(
    ("world", "order"),
    [("github", ("reject", "--because", "another version")), ("gitlab", ("undo", "--yes"))],
    indirect=["world"],
)
def test_a_person_takes_the_announcement_back_by_command(
    world: World, foreman: Command, order: tuple[str, ...]
) -> None:
    announced(world)
    (waiting,) = json.loads(foreman("pending", "--json").answer)
    if order[0] == "undo":
        shown = foreman("undo", waiting["decision_id"])
        assert (
            f"{world.key()}#2: close is not done yet and will not be   (decision {waiting['decision_id']})"
            in shown.answer
        )
        assert world.states(2)[1] == ("close", "planned")
    done = foreman(order[0], waiting["id" if order[0] == "reject" else "decision_id"], *order[1:])
    assert done.code == 0
    later(world, 5 * DAY)
    world.once()

    issue = world.forge.issue(REPO, 2)
    assert issue.state == "open"
    assert (SAY in issue.comments[0].body) == (order[0] == "reject")
    assert "rejected: close" in foreman("memory", "show", f"{world.key()}#2").answer
    assert "nothing waits for a person" in foreman("pending").answer
