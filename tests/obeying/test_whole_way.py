"""Orders in comments, from the forge through the daemon's own parts and back, by `run --once`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import BOT, REPO, World


@pytest.fixture(params=["github", "gitlab"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, kind=request.param)
    made.forge.add_collaborator(REPO, "kim", permission="maintain")
    made.forge.add_account("stranger")
    yield made
    made.close()


def test_a_comment_is_seen_obeyed_and_answered(world: World) -> None:
    number = world.forge.open_issue(REPO, title="It crashes", author="reporter")
    world.once()
    assert list(world.forge.issue(REPO, number).labels) == ["bug"]

    said = world.forge.comment(REPO, number, author="kim", body=f"@{BOT} undo\n@{BOT} label +question\n@{BOT} why")
    world.forge.comment(REPO, number, author="stranger", body=f"@{BOT} label +docs")
    world.once()

    issue = world.forge.issue(REPO, number)
    mine = next(comment for comment in issue.comments if comment.id == said)
    assert list(issue.labels) == ["question"]
    assert [(one.login, one.content) for one in mine.reactions] == [(BOT, "eyes"), (BOT, "+1")]
    assert [comment.reactions for comment in issue.comments if comment.author == "stranger"] == [()]
    (answer,) = [comment.body for comment in issue.comments if comment.author == BOT]
    assert "My last decision here" in answer, answer
    done = world.effects()
    world.once()
    assert world.effects() == done, "nothing is done twice"
    assert len(world.agent.asked_about(number)) == 1, "orders are no news to an agent"
