"""A decision held by the real gate, listed, approved and rejected on the forge, and carried out, by `run --once`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import BOT, REPO, World, decision

OPS = "acme/ops"


@pytest.fixture(params=["github", "gitlab"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, kind=request.param)
    made.forge.add_repo(OPS, private=True)
    made.forge.add_collaborator(OPS, BOT, permission="write")
    made.forge.add_collaborator(REPO, "kim", permission="maintain")
    yield made
    made.close()


def test_held_listed_ordered_and_done_by_the_daemon(world: World) -> None:
    world.config["mode"] = "approve"
    world.config["policy"] = {"dashboard": OPS}
    world.agent.answer = lambda task: decision(
        task, {"type": "add_label", "label": "bug"}, {"type": "comment", "body": "Which version is it?"}
    )
    number = world.forge.open_issue(REPO, title="It crashes", author="reporter")
    world.once()

    (page,) = world.forge.issues(OPS)
    label, comment = re.findall(r"^\*\*`([0-9a-f]+)`\*\*", page.body, re.MULTILINE)
    assert world.effects() == [f"open {OPS}#{page.number}"], "nothing else was written"
    assert "Which version is it?" in page.body
    assert "\n\n---\n\n## The last 7 days\n\n### `" in page.body
    assert "* came in: 1 issue\n* not done: waiting for your word 2\n" in page.body

    world.forge.comment(OPS, page.number, author="kim", body=f"@{BOT} approve {label}")
    world.forge.comment(OPS, page.number, author="kim", body=f"@{BOT} reject {comment} because it says so")
    world.once()

    assert list(world.forge.issue(REPO, number).labels) == ["bug"]
    # On a slow machine the page, which has the same number, is written anew meanwhile.
    told = [state for state in world.states(number) if state[0] != "edit_issue"]
    assert told == [("add_label", "done"), ("comment", "denied")]
    assert [entry.decision for entry in world.entries() if entry.issue.repo.path == OPS].count("dashboard") >= 3
    assert len(world.forge.issues(OPS)) == 1
