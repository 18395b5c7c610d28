"""What a reload brings that the start had no use for: the first repository, another forge, another agent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from foreman.store import inbox
from tests.end_to_end.conftest import Command, on_both
from tests.world import BOT, REPO, ScriptedAgent, World, decision, wait_until

pytestmark = pytest.mark.timeout(600)

OTHER = "acme/tools"
OTHER_BOT = "acme-other-foreman"
VARIABLE = "FOREMAN_TEST_OTHER_TOKEN"


def told(world: World, event: str) -> list[dict[str, Any]]:
    """Return what a running daemon logged of one kind."""
    return [json.loads(line) for line in world.log.splitlines() if f'"event": "{event}"' in line]


def reload(world: World, process: subprocess.Popen[bytes], *, refused: bool = False) -> dict[str, Any]:
    """Have the configuration read again; returns what came of it."""
    event = "reload_refused" if refused else "reloaded"
    before = len(told(world, event))
    assert world.file.exists()
    process.send_signal(signal.SIGHUP)
    return wait_until(lambda: told(world, event)[before:], event)[0]


def gets_label(world: World, path: str = REPO, forge: Any = None) -> None:
    forge = forge or world.forge
    number = forge.open_issue(path, title="It crashes", author="kim")
    wait_until(lambda: "bug" in forge.issue(path, number).labels, f"a label in {path}")


@on_both
def test_the_first_repository_is_taken_and_the_last_let_go_without_a_restart(world: World, foreman: Command) -> None:
    (repo,), world.config["repos"] = world.config["repos"], []
    with world.running() as process:
        wait_until(lambda: told(world, "nothing_to_look_after"), "it runs")
        world.config["repos"] = [repo]
        assert "needs_restart" not in reload(world, process)
        gets_label(world)
        assert foreman("status").code == 0

        world.config["repos"] = []
        assert reload(world, process)["repos"] == 0
        asked = len(world.agent.tasks)
        number = world.forge.open_issue(REPO, title="It crashes again", author="kim")
        world.config["repos"] = [repo]
        assert "needs_restart" not in reload(world, process)
        wait_until(lambda: world.forge.issue(REPO, number).labels, "what was opened meanwhile is found")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    assert len(world.agent.tasks) == asked + 1
    assert len(world.effects()) == 2
    assert not told(world, "step_failed")


@pytest.fixture
def other(world: World) -> Iterator[World]:
    """A world of the other kind, whose token the daemon of the first one may use; its own parts are not started."""
    made = World(world.folder / "other", kind="gitlab" if world.kind.value == "github" else "github")
    made.forge.add_repo(OTHER, labels=["bug"])
    made.forge.add_account(OTHER_BOT)
    made.forge.add_collaborator(OTHER, OTHER_BOT, permission="write")
    os.environ[VARIABLE] = made.forge.token(OTHER_BOT)
    os.environ["FOREMAN_TEST_TOKEN"] = world.token
    yield made
    made.close()
    os.environ.pop(VARIABLE, None)


def bring(world: World, other: World) -> None:
    """Configure the other forge beside the first one."""
    kind = other.kind.value
    address = "github_api_url" if kind == "github" else "gitlab_url"
    world.config["identity"] |= {
        f"{kind}_token": f"${{{VARIABLE}}}", f"{kind}_user": OTHER_BOT, address: other.forge.url
    }  # fmt: skip
    world.config["repos"].append(world.repo(OTHER) | {"forge": kind})


@on_both
def test_the_first_repository_on_another_forge_is_taken_beside_the_others(world: World, other: World) -> None:
    with world.running() as process:
        wait_until(lambda: told(world, "daemon_ready"), "it runs")
        gets_label(world)
        bring(world, other)
        assert "needs_restart" not in reload(world, process)
        gets_label(world, OTHER, other.forge)
        gets_label(world)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    assert {entry.login for entry in world.forge.writes()} == {BOT}
    assert {entry.login for entry in other.forge.writes()} == {OTHER_BOT}
    assert not told(world, "step_failed")


@pytest.mark.parametrize("trouble", ["away", "refuses the token"])
def test_a_forge_that_cannot_be_taken_leaves_all_as_it_was(world: World, other: World, trouble: str) -> None:
    port = int(other.forge.url.rpartition(":")[2])
    url = other.forge.url
    with world.running() as process:
        wait_until(lambda: told(world, "daemon_ready"), "it runs")
        bring(world, other)
        world.config["mode"] = "shadow"
        if trouble == "away":
            other.forge.close()
        else:
            other.forge.revoke(OTHER_BOT)
        refusal = reload(world, process, refused=True)
        why = f"gitlab at {url}: read account: cannot connect: nobody listens there" if trouble == "away" else "_token"
        assert why in json.dumps(refusal)
        gets_label(world)

        if trouble == "away":
            other.forge.start(port)
            reload(world, process)
            number = other.forge.open_issue(OTHER, title="It crashes", author="kim")
            wait_until(lambda: world.states(number), "it is decided upon")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    assert other.effects() == []


def test_an_agent_that_a_reload_brings_works_at_once(world: World) -> None:
    with closing(ScriptedAgent()) as newcomer:
        newcomer.answer = lambda task: decision(task, {"type": "add_label", "label": "docs"})
        with world.running() as process:
            wait_until(lambda: told(world, "daemon_ready"), "it runs")
            gets_label(world)
            world.config["agents"]["another"] = world.config["agents"]["issue-triage"] | {"url": newcomer.url}
            world.config["repos"][0]["agents"][0]["type"] = "another"
            assert "needs_restart" not in reload(world, process)
            number = world.forge.open_issue(REPO, title="A typo", author="kim")
            wait_until(lambda: world.forge.issue(REPO, number).labels == ("docs",), "its label")
            assert [line["agent"] for line in told(world, "agent_not_sealed")] == ["issue-triage", "another"]

            world.config["agents"]["another"]["timeout_seconds"] = 30
            assert reload(world, process)["needs_restart"] == ["agents"]
            world.config["agents"]["another"]["timeout_seconds"] = 60
            assert "needs_restart" not in reload(world, process)


def test_beside_a_daemon_that_runs_once_a_reload_starts_no_thread(world: World) -> None:
    world.config["workers"] = 1
    world.config["agents"]["another"] = dict(world.config["agents"]["issue-triage"])
    with world.shop() as shop:
        shop.daemon.once()
        world.config["repos"][0]["agents"].append(world.config["repos"][0]["agents"][0] | {"type": "another"})
        assert world.file.exists()
        assert shop.config.reload()
        number = world.forge.open_issue(REPO, title="It crashes", author="kim")
        shop.daemon.once()
        with shop.db.read() as connection:
            assert inbox.waiting(connection) == ()

    assert {entry.agent for entry in world.entries(number)} == {"issue-triage", "another"}
