"""Modes, people's orders, quotas and loops, from an issue on the forge to what is or is not changed there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from foreman.forge.dry_run import DryRunWriter
from foreman.gate import marker
from foreman.store import controls
from foreman.store.database import Database
from tests.end_to_end.conftest import Command, on_both
from tests.world import BOT, REPO, World, decision, wait_until

BODY = "Which version is that?"
LABEL = {"type": "add_label", "label": "bug"}
COMMENT = {"type": "comment", "body": BODY}


def both(task: dict[str, Any]) -> dict[str, Any]:
    """Answer with a label and a comment."""
    return decision(task, LABEL, COMMENT)


def order(world: World, give: Callable[..., Any], *arguments: Any) -> None:
    """Give an order to the store, as a command does."""
    with closing(Database.open(Path(world.config["storage"]["path"]))) as db, db.transaction() as connection:
        give(connection, *arguments)


def pause(world: World, scope: str = controls.EVERYTHING) -> None:
    order(world, lambda connection: controls.pause(connection, scope, "kim", world.clock()))


def resume(world: World, scope: str = controls.EVERYTHING) -> None:
    order(world, controls.resume, scope)


def a_second_later() -> None:
    """Wait until forges, which tell whole seconds, tell another one than now."""
    now = int(time.time())
    wait_until(lambda: int(time.time()) > now, "the next second")


def waiting(foreman: Command) -> list[dict[str, Any]]:
    return json.loads(foreman("pending", "--json").answer)


@on_both
def test_a_dry_run_has_no_way_to_write_whatever_is_asked_of_it(world: World) -> None:
    with world.shop() as shop:
        shop.daemon.once()
    world.agent.answer = both
    world.forge.open_issue(REPO, title="It crashes", author="kim")
    with world.shop() as shop:
        shop.accounts[world.kind].poll_all()
        while shop.pipeline.work("test") is not None:
            pass  # the decision is judged, logged and allowed; nothing is sent yet
    before = len(world.forge.ledger)

    with world.shop(claim=False) as shop:
        (connection,) = shop.connections.values()
        assert isinstance(connection.writer, DryRunWriter)
        while shop.accounts[world.kind].write_next():
            pass

        assert [write.operation for write in connection.writer.writes] == ["add_label", "post_comment"]
    assert all(entry.method == "GET" for entry in world.forge.ledger[before:])


@on_both
def test_shadow_sends_no_write_and_a_switch_to_auto_does_not_replay(world: World) -> None:
    world.config["mode"] = "shadow"
    world.agent.answer = both
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    for _ in range(2):
        world.once()
    assert {entry.method for entry in world.forge.ledger} == {"GET"}
    assert world.states(number) == [("add_label", "shadow"), ("comment", "shadow")]

    world.config["mode"] = "auto"
    for _ in range(2):
        world.once()
    assert world.effects() == []
    world.forge.comment(REPO, number, author="kim", body="It still does")
    world.once()

    assert world.states(number)[2:] == [("add_label", "done"), ("comment", "done")]
    assert len(world.effects()) == 2


@on_both
def test_what_is_approved_is_posted_to_the_letter(world: World, foreman: Command) -> None:
    world.config["mode"] = "approve"
    world.agent.answer = both
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.once()
    _, comment = waiting(foreman)
    page = foreman("pending").answer
    shown = [line.removeprefix("    | ") for line in page.splitlines() if line.startswith("    |")]
    assert world.effects() == []

    assert foreman("approve", f"{comment['id']}:{comment['hash'][:8]}").code == 0

    (said,) = world.forge.issue(REPO, number).comments
    mark, _, rest = said.body.partition("\n")
    assert marker.read(f"{mark}\n") is not None
    assert rest.startswith(f"{comment['payload']['body']}\n\n")
    assert rest.splitlines() == shown
    assert world.states(number) == [("add_label", "held"), ("comment", "done")]


@on_both
def test_an_issue_that_moved_on_after_an_approval_asks_again(world: World, foreman: Command) -> None:
    world.config["mode"] = "approve"
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.once()
    (label,) = waiting(foreman)
    pause(world)
    foreman("approve", label["id"])
    world.forge.comment(REPO, number, author="kim", body="Not a crash after all")
    resume(world)
    world.agent.answer = lambda task: decision(task)
    world.once()

    (again,) = waiting(foreman)
    assert (again["id"], again["reason"]) == (label["id"], "stale")
    assert "kim commented" in foreman("pending").answer
    assert world.effects() == []
    a_second_later()
    assert foreman("approve", label["id"]).code == 0
    assert world.forge.issue(REPO, number).labels == ("bug",)


@on_both
def test_a_rejection_reaches_the_next_task_and_nothing_of_it_is_sent(world: World, foreman: Command) -> None:
    world.config["mode"] = "approve"
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.once()
    (label,) = waiting(foreman)
    foreman("reject", label["id"], "--because", "that is how it was meant")
    world.forge.comment(REPO, number, author="kim", body="Any news?")
    world.once()

    assert world.effects() == []
    summary = world.agent.tasks[-1]["context"]["memory_summary"]
    assert "rejected" in summary
    assert "bug" in summary


LEVELS = {
    # global, repository, agent, action types for all, action types here -> what becomes of a label and a comment
    "global": ("approve", None, None, {}, {}, ("held", "held")),
    "repository over global": ("auto", "shadow", None, {}, {}, ("shadow", "shadow")),
    "agent over repository": ("shadow", "approve", "auto", {}, {}, ("done", "done")),
    "stricter agent over repository": ("auto", "auto", "shadow", {}, {}, ("shadow", "shadow")),
    "action type over agent": ("auto", "auto", "shadow", {"add_label": "auto"}, {}, ("done", "shadow")),
    "stricter action type over agent": ("auto", None, "auto", {"comment": "approve"}, {}, ("done", "held")),
    "action type here over action type for all": (
        "auto", None, None, {"comment": "shadow"}, {"comment": "approve", "add_label": "shadow"}, ("shadow", "held"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("level", LEVELS)
def test_the_most_specific_mode_wins(world: World, level: str) -> None:
    everywhere, repository, agent, modes, here, expected = LEVELS[level]
    world.config |= {"mode": everywhere, "policy": {"modes": modes}}
    (repo,) = world.config["repos"]
    repo["policy"] = {"modes": here}
    repo |= {"mode": repository} if repository else {}
    repo["agents"][0] |= {"mode": agent} if agent else {}
    world.agent.answer = both
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.once()

    assert tuple(state for _, state in world.states(number)) == expected
    assert len(world.effects()) == expected.count("done")


@on_both
def test_a_pause_beats_every_mode_and_every_approval_and_survives_a_restart(world: World, foreman: Command) -> None:
    world.forge.add_repo("acme/other", labels=["bug"])
    world.forge.add_collaborator("acme/other", BOT)
    world.config["repos"].append(world.repo("acme/other", mode="auto"))
    world.config["policy"] = {"modes": {"comment": "approve"}}
    world.agent.answer = both
    assert foreman("status").code == 1  # there is no database yet
    world.once()
    assert foreman("pause", world.key()).code == 0
    paused = world.forge.open_issue(REPO, title="It crashes", author="kim")
    other = world.forge.open_issue("acme/other", title="It crashes", author="kim")
    world.once()
    (comment,) = [one for one in waiting(foreman) if one["issue"] == f"{world.key()}#{paused}"]

    def of_paused() -> list[tuple[str, str]]:
        entries = [entry for entry in world.entries(paused) if entry.issue.repo.path == REPO]
        return [(action.type, action.state.value) for entry in entries for action in entry.actions]

    foreman("approve", comment["id"])
    for _ in range(2):
        world.once()

    assert world.effects() == [f"label+ bug acme/other#{other}"]
    assert of_paused() == [("add_label", "planned"), ("comment", "planned")]
    (listed,) = [
        repo for repo in json.loads(foreman("status", "--json").answer)["repos"] if repo["repo"] == world.key()
    ]
    assert listed["paused"]

    foreman("resume", world.key())
    world.once()
    assert of_paused() == [("add_label", "done"), ("comment", "done")]


RELOADS = [
    ("auto", {"mode": "approve"}, "held", 0),
    ("auto", {"mode": "shadow"}, "shadow", 0),
    ("auto", {"policy": {"modes": {"add_label": "shadow"}}}, "shadow", 0),
    ("auto", {"enabled": False}, "shadow", 0),
    ("auto", {"agents": [{"type": "another"}]}, "shadow", 0),
    ("approve", {"mode": "auto"}, "held", 0),
    ("shadow", {"mode": "auto"}, "shadow", 0),
    ("auto", {"policy": {"modes": {"comment": "shadow"}}}, "done", 1),
]


@pytest.mark.parametrize(
    ("before", "change", "state", "writes", "restart"),
    [(*case, False) for case in RELOADS] + [(*case, True) for case in RELOADS[:2]],
)
def test_the_stricter_of_old_and_new_holds_for_what_is_planned(
    world: World, before: str, change: dict[str, Any], state: str, writes: int, restart: bool
) -> None:
    world.config["agents"]["another"] = dict(world.config["agents"]["issue-triage"])
    world.config["mode"] = before
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    with world.shop() as shop:
        with shop.db.transaction() as connection:
            controls.pause(connection, controls.EVERYTHING, "kim", shop.now())
        shop.daemon.once()
        world.config["repos"][0] |= change
        assert world.file.exists()
        if not restart:
            assert shop.config.reload()
            resume(world)
            shop.daemon.once()
    if restart:
        resume(world)
        world.once()

    # A restart has no rows of its own to take off: it refuses them when their turn comes.
    assert world.states(number)[0][1] in ({state, "denied"} if restart and state == "shadow" else {state})
    assert len(world.effects()) == writes
