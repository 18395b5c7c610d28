"""Orders in comments, from the forge through the daemon's own parts and back, by `run --once`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import command
from tests.durability import audit
from tests.world import BOT, REPO, World, decision


@pytest.fixture(params=["github", "gitlab"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, kind=request.param)
    made.forge.add_collaborator(REPO, "kim", permission="maintain")
    made.forge.add_account("stranger")
    yield made
    made.close()


def signs(world: World, number: int, comment_id: int) -> list[str]:
    (mine,) = [comment for comment in world.forge.issue(REPO, number).comments if comment.id == comment_id]
    return [one.content for one in mine.reactions if one.login == BOT]


def test_orders_are_seen_obeyed_and_answered_and_the_log_is_what_the_forge_was_told(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    number = world.forge.open_issue(REPO, title="It crashes", author="reporter")
    world.once()
    assert list(world.forge.issue(REPO, number).labels) == ["bug"]
    with world.shop() as shop:
        said = world.forge.comment(REPO, number, author="kim", body=f"@{BOT} undo\n@{BOT} label +question\n@{BOT} why")
        other = world.forge.comment(REPO, number, author="stranger", body=f"@{BOT} label +docs")
        hidden = {"internal": True} if world.kind == "gitlab" else {}
        note = world.forge.comment(
            REPO, number, author="kim" if hidden else "stranger", body=f"@{BOT} pause", **hidden
        )
        shop.daemon.once()

        issue = world.forge.issue(REPO, number)
        assert list(issue.labels) == ["question"]
        assert signs(world, number, said) == ["eyes", "+1"]
        assert (signs(world, number, other), signs(world, number, note)) == ([], [])
        (answer,) = [comment.body for comment in issue.comments if comment.author == BOT]
        assert "My last decision here: `+bug` " in answer
        assert len(world.agent.asked_about(number)) == 1, "orders are no news to an agent"

        # Whoever said hold is obeyed before the next write, and no agent is asked.
        world.agent.answer = lambda task: decision(task, {"type": "add_label", "label": "docs"})
        held = world.forge.comment(REPO, number, author="kim", body=f"@{BOT} hold")
        shop.daemon.once()
        world.forge.comment(REPO, number, author="reporter", body="It still crashes")
        shop.daemon.once()

    assert signs(world, number, held) == ["eyes", "+1"]
    assert len(world.agent.asked_about(number)) == 1
    (left,) = [entry for entry in world.entries(number) if entry.agent == "issue-triage"][:1]
    assert left.rationale == "hold_label"
    assert audit.logged(world.entries()) == audit.written(world.forge.writes())

    taken = [entry for entry in world.entries(number) if entry.seen.get("comment_id") == said][-1]
    told = command(capsys, "--config", world.file, "explain", taken.id).answer.splitlines()
    assert f"  why         kim wrote comment {said} on the forge" in told
    assert told[3:6] == ["  ordered     undo", "              label +question", "              why"]
    assert any(line.endswith(" UTC  ordered on the forge by kim") for line in told)
    assert not any("mode ," in line or "policy" in line for line in told)


def test_the_other_orders_on_either_forge(world: World) -> None:
    world.config["repos"][0]["agents"][0]["mode"] = "approve"
    world.agent.answer = lambda task: decision(
        task, {"type": "add_label", "label": "bug"}, {"type": "add_label", "label": "question"}
    )
    number = world.forge.open_issue(REPO, title="It crashes", author="reporter")
    world.once()

    def waiting() -> list[str]:
        held = [action for entry in world.entries(number) for action in entry.actions if action.state == "held"]
        return [action.payload_hash[:8] for action in held]

    bug, _ = waiting()

    def say(body: str, by: str = "kim") -> int:
        return world.forge.comment(REPO, number, author=by, body=body)

    with world.shop() as shop:
        no_order = [
            say(f"```\n@{BOT} approve {bug}\n```\n\n> @{BOT} approve {bug}\n\n    @{BOT} pause"),
            say(f"@{BOT} approve {bug}", by="stranger"),
        ]
        triage = say(f"@{BOT} triage")
        wrong = say(f"@{BOT} approve 00000000")
        shop.daemon.once()
        assert [signs(world, number, one) for one in no_order] == [[], []]
        assert (signs(world, number, triage), signs(world, number, wrong)) == (["eyes", "+1"], ["eyes", "-1"])
        assert len(world.agent.asked_about(number)) == 2
        answers = [comment.body for comment in world.forge.issue(REPO, number).comments if comment.author == BOT]
        assert ["That did not work:" in answer for answer in answers] == [True]

        bug, question = waiting()  # as it was decided again
        settled = say(f"@{BOT} reject {question} because it is a bug\n@{BOT} approve {bug}")
        paused = say(f"@{BOT} pause")
        shop.daemon.once()
        assert signs(world, number, paused) == ["eyes", "+1"]
        resumed = say(f"@{BOT} resume")
        shop.daemon.once()
        shop.daemon.once()

    assert list(world.forge.issue(REPO, number).labels) == ["bug"]
    assert [signs(world, number, one) for one in (settled, resumed)] == [["eyes", "+1"]] * 2
    assert len([c for c in world.forge.issue(REPO, number).comments if c.author == BOT]) == len(answers)
    assert audit.logged(world.entries()) == audit.written(world.forge.writes())
