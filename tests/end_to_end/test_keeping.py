"""A daemon that writes without a break, and what a person does meanwhile: pause it, copy its database."""

from __future__ import annotations

import subprocess
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from foreman.model import ActionState, RepoRef
from foreman.store import actions, polls
from foreman.store.backup import check
from foreman.store.database import Database
from tests.end_to_end.conftest import Command
from tests.end_to_end.test_daemon import ready
from tests.world import BOT, REPO, World, decision, wait_until

pytestmark = pytest.mark.timeout(600)

OTHER = "acme/other"
NAMES = [f"part-{number}" for number in range(8)]


def every_label(task: dict[str, Any]) -> dict[str, Any]:
    return decision(task, *({"type": "add_label", "label": name} for name in NAMES))


def polled_after(world: World, moment: datetime) -> bool:
    """Return whether every repository was looked at since then."""
    with closing(Database.open(world.folder / "memory.db")) as db, db.read() as connection:
        found = [polls.get(connection, RepoRef.parse(name)) for name in (REPO, OTHER)]
    return all(state is not None and state.last_poll_at is not None and state.last_poll_at > moment for state in found)


def looked_again(world: World, moment: datetime) -> bool:
    with closing(Database.open(world.folder / "memory.db")) as db, db.read() as connection:
        state = polls.get(connection, RepoRef.parse(REPO))
    return state is not None and state.last_poll_at is not None and state.last_poll_at > moment


def under_way(world: World) -> bool:
    with closing(Database.open(world.folder / "memory.db")) as db, db.read() as connection:
        return bool(actions.states(connection)[ActionState.SENT])


def begun(world: World, scope: str) -> list[datetime]:
    """Return when each write was begun, where it is to be paused."""
    found = [action for entry in world.entries() for action in entry.actions if scope in str(action.issue)]
    return [action.sent_at for action in found if action.sent_at is not None]


@pytest.mark.parametrize("scope", ["", REPO], ids=["all", "repository"])
def test_a_pause_by_another_process_holds_within_a_second_and_over_a_kill(
    world: World, foreman: Command, scope: str
) -> None:
    world.config["repos"].append(world.repo(OTHER))
    world.config["polling"]["write_interval_seconds"] = 1.0
    world.config["policy"] = {"max_labels": 8, "max_actions": 8, "labels": {"add": NAMES}}
    world.forge.add_repo(OTHER, labels=NAMES)
    world.forge.add_collaborator(OTHER, BOT)
    for name in NAMES:
        world.forge.create_label(REPO, name)
    world.agent.answer = every_label
    for repo in (REPO, OTHER):
        world.forge.open_issue(repo, title="It crashes", author="kim")
    issues, words = 2, [scope] if scope else []

    def written(*, inside: bool) -> list[str]:
        return [effect for effect in world.effects() if (scope in effect) is inside]

    def kill(process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait(60)

    with world.running() as process:
        ready(world, process)
        wait_until(lambda: written(inside=True), "it writes where it will be paused")
        assert foreman("pause", *words).code == 0
        returned = datetime.now(UTC)
        if not scope:  # where it goes on elsewhere, something always is under way
            wait_until(lambda: not under_way(world), "the one that was under way is done")
        paused = written(inside=True)
        assert 0 < len(paused) < len(NAMES) * (issues if not scope else 1), "it was still at it"
        moment = datetime.now(UTC)
        wait_until(lambda: polled_after(world, moment), "it goes on to look")
        if scope:
            wait_until(lambda: len(written(inside=False)) == len(NAMES), "it goes on elsewhere")
        assert len(written(inside=True)) <= len(paused) + bool(scope), "more than the one that was under way"
        paused = written(inside=True)
        assert all(at <= returned for at in begun(world, scope)), "begun after the command had returned"
        kill(process)
    with world.running() as process:
        ready(world, process, times=2)
        moment = datetime.now(UTC)
        wait_until(lambda: polled_after(world, moment), "it looks again")
        assert written(inside=True) == paused
        assert foreman("resume", *words).code == 0
        wait_until(lambda: len(world.effects()) == issues * len(NAMES), "all of it")


@pytest.mark.parametrize("scope", ["", REPO, f"{REPO}#1"], ids=["all", "repository", "issue"])
def test_a_pause_keeps_a_write_that_waits_for_its_turn_over_a_kill(world: World, foreman: Command, scope: str) -> None:
    polling = world.config["polling"]
    usual, polling["write_interval_seconds"] = polling["write_interval_seconds"], 60.0  # nobody waits that long here
    world.config["policy"] = {"max_labels": 8, "max_actions": 8, "labels": {"add": NAMES}}
    for name in NAMES:
        world.forge.create_label(REPO, name)
    world.agent.answer = every_label
    words = [scope] if scope else []
    with world.running() as process:
        ready(world, process)
        number = world.forge.open_issue(REPO, title="It crashes", author="kim")
        wait_until(lambda: world.states(number)[:1] == [("add_label", "done")], "the first, without waiting")
        assert foreman("pause", *words).code == 0
        process.kill()
        process.wait(60)
    first = world.effects()
    assert len(first) == 1
    assert {state for _, state in world.states(number)[1:]} == {"planned"}, "nothing is noted as sent before its turn"

    polling["write_interval_seconds"] = usual
    with world.running() as process:
        ready(world, process, times=2)
        moment = datetime.now(UTC)
        wait_until(lambda: looked_again(world, moment), "it looks again")
        if "#" in scope:
            wait_until(lambda: {state for _, state in world.states(number)[1:]} == {"denied"}, "it is left alone")
        assert world.effects() == first
        assert foreman("resume", *words).code == 0
        if "#" in scope:
            world.forge.open_issue(REPO, title="It crashes elsewhere", author="robin")
            wait_until(lambda: len(world.effects()) == len(first) + len(NAMES), "the other issue")
            assert not [effect for effect in world.effects()[1:] if f"#{number}" in effect], "what was refused"
        else:
            wait_until(lambda: len(world.effects()) == len(NAMES), "all of it")


def test_copies_made_while_it_writes_are_sound_and_brought_back_do_nothing_twice(world: World) -> None:
    world.agent.answer = lambda task: decision(
        task, {"type": "add_label", "label": "bug"}, {"type": "comment", "body": "Which version is that?"}
    )
    count = 12
    for number in range(1, count + 1):
        world.forge.add_account(f"person-{number}")  # more than one person may have done in a day
    with world.running() as process:
        ready(world, process)
        copies = []
        for number in range(1, count + 1):
            world.forge.open_issue(REPO, title=f"It crashes {number}", author=f"person-{number}")
            if number % 4 == 0:
                wait_until(lambda expected=number: len(world.effects()) > expected, "it writes")
                copies.append(world.folder / f"copy-{number}.db")
                done = world.command("db", "backup", str(copies[-1]))
                assert done.returncode == 0, done.stderr
        wait_until(lambda: len(world.effects()) == 2 * count, "all of it")
    final = Counter(world.effects())
    assert set(final.values()) == {1}

    open_ones = 0
    for copy in copies:
        assert check(copy) == []
        with closing(Database.open(copy)) as db, db.read() as connection:
            logged = actions.entries(connection, limit=1000)
            by_state = actions.states(connection)
        of_issue = Counter(entry.issue.number for entry in logged)
        assert set(of_issue.values()) <= {1}, "each decided once"
        told = [(entry.issue.number, one.type) for entry in logged for one in entry.actions]
        assert len(told) == len(set(told)) == sum(by_state.values())
        open_ones += by_state[ActionState.PLANNED] + by_state[ActionState.SENT]
    print(f"actions under way in {len(copies)} copies: {open_ones}")
    for copy in copies[:1]:
        restored = world.command("db", "restore", str(copy), "--yes")
        assert restored.returncode == 0, restored.stderr
        for _ in range(2):
            assert world.command("run", "--once").returncode == 0
        assert Counter(world.effects()) == final, "nothing was done a second time"
        assert check(world.folder / "memory.db") == []
        with closing(Database.open(world.folder / "memory.db")) as db, db.read() as connection:
            by_state = actions.states(connection)
        assert not any(by_state[state] for state in (ActionState.PLANNED, ActionState.SENT, ActionState.UNKNOWN))
