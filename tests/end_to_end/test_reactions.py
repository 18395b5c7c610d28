"""A thumbs-down on what we said, from the click to what the next task, `memory` and `explain` say of it."""

from __future__ import annotations

import json

from tests.end_to_end.conftest import Command
from tests.world import REPO, World, decision


def test_a_thumbs_down_is_heard_at_the_next_look_and_told_to_people_and_to_the_agent(
    world: World, foreman: Command
) -> None:
    world.agent.answer = lambda task: decision(task, {"type": "comment", "body": "Which version is that?"})
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.once()
    (said,) = world.forge.issue(REPO, number).comments
    world.forge.react(REPO, number, "-1", by="kim", comment_id=said.id)
    world.forge.react(REPO, number, "-1", by="kim")
    world.agent.answer = decision
    world.forge.clear_ledger()
    for text in ("Are you serious?", "Hello?"):
        world.forge.comment(REPO, number, author="kim", body=text)
        world.once()

    asked = [entry.path for entry in world.forge.ledger if entry.path.endswith("/reactions")]
    assert asked == [f"/repos/{REPO}/issues/comments/{said.id}/reactions"], "once: the number is known now"
    summary = foreman("memory", "show", f"{REPO}#{number}").answer
    assert summary.count("kim gave a thumbs-down to our comment of") == 1
    told = world.agent.tasks[-1]["payload"]["issue"]
    assert (told["thumbs_up"], told["thumbs_down"]) == (0, 1)
    assert "kim gave a thumbs-down" in world.agent.tasks[-1]["context"]["memory_summary"]
    (entry,) = [one for one in json.loads(foreman("log", "--json").answer) if one["actions"]]
    document = json.loads(foreman("explain", entry["id"], "--json").answer)
    assert [(one["by"], one["kind"], one["gone_at"]) for one in document["reactions"]] == [
        ("kim", "thumbs_down", None)
    ]
    assert "kim: thumbs down, " in foreman("explain", entry["id"]).answer
