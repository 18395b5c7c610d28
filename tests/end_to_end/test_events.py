"""Events that an agent must ask for, from the forge to what the agent did."""

from __future__ import annotations

from datetime import timedelta

from tests.end_to_end.conftest import Command
from tests.world import BOT, REPO, World, decision, wait_until

ATTIC = "acme/attic"


def asks_for(world: World, *events: str) -> None:
    """Let the agent get these events, and no others."""
    for agent in world.config["repos"][0]["agents"]:
        agent["events"] = list(events)


def test_a_new_pull_request_is_handled_for_an_agent_that_asks_and_can_be_taken_back(
    world: World, foreman: Command
) -> None:
    asks_for(world, "opened", "pull_request.opened")
    world.agent.answer = lambda task: decision(
        task, {"type": "add_label", "label": "bug"}, {"type": "comment", "body": "Which version is that for?"}
    )
    before = world.forge.open_issue(REPO, title="An older change", author="kim", pull_request=True)
    world.once()
    wait_until(lambda: world.forge.now() > world.forge.issue(REPO, before).created_at + timedelta(seconds=1))
    number = world.forge.open_issue(REPO, title="A change", author="kim", pull_request=True)
    world.once()
    world.forge.comment(REPO, before, author="kim", body="Any news?")
    world.forge.comment(REPO, number, author="kim", body="2.4.1")
    world.once()

    (task,) = world.agent.tasks
    assert (task["type"], task["payload"]["event"]) == ("issue.triage", "pull_request.opened")
    assert task["payload"]["issue"]["url"].endswith(f"/{REPO}/pull/{number}")
    found = world.forge.issue(REPO, number)
    assert (found.labels, [said.author for said in found.comments]) == (("bug",), [BOT, "kim"])
    assert foreman("undo", "1", "--yes").code == 0
    assert world.forge.issue(REPO, number).labels == ()


def test_a_pull_request_asked_about_by_hand_is_for_agents_that_get_them_alone(world: World, foreman: Command) -> None:
    number = world.forge.open_issue(REPO, title="A change", author="kim", pull_request=True)
    refused = foreman("triage", f"{REPO}#{number}")
    asks_for(world, "pull_request.opened")
    done = foreman("triage", f"{REPO}#{number}")

    assert "pull request" in refused.answer
    assert done.code == 0
    assert [task["payload"]["event"] for task in world.agent.tasks] == ["requested"]
    assert world.forge.issue(REPO, number).labels == ("bug",)


def test_an_issue_that_came_from_another_repository_is_handled_here_and_once(world: World) -> None:
    asks_for(world, "opened", "transferred")
    world.forge.add_repo(ATTIC)
    world.config["polling"]["first_run"] = "new"
    world.forge.open_issue(REPO, title="Old", author="kim")
    world.once()
    yesterday = world.forge.now() - timedelta(days=1)
    number = world.forge.open_issue(ATTIC, title="It crashes", author="kim", at=yesterday)
    arrived = world.forge.transfer(ATTIC, number, REPO, by="mira")
    world.once()
    world.once()

    (task,) = world.agent.tasks
    assert (task["payload"]["event"], task["payload"]["issue"]["number"]) == ("transferred", arrived)
    assert world.forge.issue(REPO, arrived).labels == ("bug",)
