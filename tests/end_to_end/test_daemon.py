"""A daemon that runs: work within seconds, commands beside it, reload, pause, bad agents, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from foreman.sandbox import Fault, delay
from foreman.store import breakers, inbox, polls
from foreman.store.database import Database
from tests.end_to_end.conftest import Command
from tests.world import BOT, REPO, ScriptedAgent, World, decision, wait_until

pytestmark = pytest.mark.timeout(600)

SLOW = "acme/slow"
SCOPE = "agent:issue-triage"


def ready(world: World, process: subprocess.Popen[bytes], times: int = 1) -> None:
    """Wait until the daemon says that it works."""
    wait_until(lambda: process.poll() is not None or told(world, "daemon_ready") >= times, "it is ready", 60)
    assert process.poll() is None, world.log[-2000:]


def told(world: World, event: str) -> int:
    """Return how often the log has an event."""
    return sum(1 for line in world.log.splitlines() if f'"event": "{event}"' in line or f'"{event}"' in line)


def looked(world: World, count: int = 1) -> bool:
    """Return whether so many repositories were looked at for the first time."""
    with closing(Database.open(world.folder / "memory.db")) as db, db.read() as connection:
        return sum(state.first_done for state in polls.all(connection)) >= count


def labelled(world: World, repo: str, number: int) -> bool:
    return world.forge.issue(repo, number).labels == ("bug",)


def test_what_the_database_could_not_take_is_worked_on_again_at_once(world: World) -> None:
    """The lock is taken by somebody else just when the first answer is to be written down."""
    held = threading.Event()

    def refused() -> bool:
        return any("store_trouble" in line and "work:" in line for line in world.log.splitlines())

    def take_the_lock() -> None:
        with closing(sqlite3.connect(world.folder / "memory.db", isolation_level=None, timeout=60)) as other:
            other.execute("BEGIN IMMEDIATE")
            held.set()
            wait_until(refused, "a worker's step was refused", 60)
            other.execute("ROLLBACK")

    def answer(task: dict[str, Any]) -> dict[str, Any]:
        if len(world.agent.tasks) == 1:
            threading.Thread(target=take_the_lock).start()
            held.wait(60)
        return decision(task, {"type": "add_label", "label": "bug"})

    world.agent.answer = answer
    world.config["workers"] = 1  # or another one is refused, and the lock free again before this one's time is over
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    with world.running() as process:
        ready(world, process)
        wait_until(lambda: labelled(world, REPO, number), "a label", 60)

    (entry,) = world.entries(number)
    assert (entry.attempt, len(world.agent.tasks)) == (1, 2)


def test_an_issue_is_handled_within_seconds_beside_commands_and_a_second_daemon(
    world: World, foreman: Command
) -> None:
    world.config["polling"]["first_run"] = "new"
    old = world.forge.open_issue(REPO, title="It crashed long ago", author="kim")
    with world.running() as process:
        ready(world, process)
        wait_until(lambda: looked(world), "the first look")
        began = time.monotonic()
        number = world.forge.open_issue(REPO, title="It crashes", author="kim")
        wait_until(lambda: labelled(world, REPO, number), "a label")
        print(f"from an issue to its label: {time.monotonic() - began:.1f} s")

        asked = foreman("triage", f"{REPO}#{old}")
        assert (asked.code, "+bug: done" in asked.answer) == (0, True), asked.story

        second = subprocess.run(
            [sys.executable, "-m", "foreman.cli.main", "--config", str(world.file), "run"],
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 2
        (line,) = [line for line in second.stderr.decode().splitlines() if "another" in line]
        assert str(process.pid) in line
        assert b"Traceback" not in second.stderr
        another = world.forge.open_issue(REPO, title="It crashes again", author="kim")
        wait_until(lambda: labelled(world, REPO, another), "the first one goes on")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert "Traceback" not in world.log
    assert len(world.effects()) == 3


def test_with_nothing_to_look_after_it_runs_says_so_and_ends_well(world: World, foreman: Command) -> None:
    world.config["repos"] = []
    world.config["server"] = {"enabled": True, "port": 0}
    with world.running() as process:
        ready(world, process)
        wait_until(lambda: told(world, "nothing_to_look_after"), "it says so")
        (line,) = [line for line in world.log.splitlines() if "health_server_started" in line]
        with urllib.request.urlopen(json.loads(line)["url"] + "/healthcheck/ready", timeout=60) as answer:
            assert answer.status == 200
        assert foreman("status").code == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert foreman("config", "validate").answer.endswith("valid, no repository\n")


def test_a_reload_takes_what_is_valid_and_keeps_the_old_when_it_is_not(world: World) -> None:
    world.forge.add_repo("acme/later", labels=["bug"])
    world.forge.add_collaborator("acme/later", BOT)
    with world.running() as process:
        ready(world, process)
        world.config["repos"].append(world.repo("acme/later"))
        valid = world.file.read_text()
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: told(world, "reloaded"), "the reload")
        later = world.forge.open_issue("acme/later", title="It crashes", author="kim")
        wait_until(lambda: labelled(world, "acme/later", later), "a label in the new repository")

        (world.folder / "config.yaml").write_text(valid.replace("repos:", "repositories:"))
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: told(world, "reload_refused"), "the refusal")
        (line,) = [line for line in world.log.splitlines() if "reload_refused" in line]
        assert "repositories" in json.dumps(json.loads(line)["problems"])
        number = world.forge.open_issue(REPO, title="It crashes", author="kim")
        wait_until(lambda: labelled(world, REPO, number), "the old configuration works on")

        world.config["mode"] = "shadow"
        assert world.file.exists()
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: told(world, "reloaded") == 2, "the second reload")
        quiet = world.forge.open_issue(REPO, title="It crashes", author="kim")
        wait_until(lambda: ("add_label", "shadow") in world.states(quiet), "a decision that is not sent")
    assert world.forge.issue(REPO, quiet).labels == ()


def test_a_pause_stops_what_is_under_way_within_a_second(world: World, foreman: Command) -> None:
    world.config["polling"]["write_interval_seconds"] = 1.5
    names = ["bug", "question", "docs", "stale", "needs-info"]
    world.config["policy"] = {"max_labels": 5, "labels": {"add": names}}
    world.agent.answer = lambda task: decision(task, *({"type": "add_label", "label": name} for name in names))
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    with world.running() as process:
        ready(world, process)
        wait_until(world.effects, "it has begun to write")
        assert foreman("pause").code == 0
        paused = len(world.effects())
        threading.Event().wait(4.0)  # time for two more
        assert len(world.effects()) <= min(paused + 1, 4), "more than the one that was under way"
        assert foreman("resume").code == 0
        wait_until(lambda: len(world.effects()) == 5, "all of it")
    assert set(world.forge.issue(REPO, number).labels) == set(names)


def test_a_repository_that_answers_slowly_keeps_no_other_waiting_for_long(world: World) -> None:
    world.config["polling"]["first_run"] = "new"
    world.forge.add_repo(SLOW, labels=["bug"])
    world.forge.add_collaborator(SLOW, BOT)
    world.config["repos"].insert(0, world.repo(SLOW))
    with world.running() as process:
        ready(world, process)
        wait_until(lambda: looked(world, 2), "both were looked at")
        world.forge.inject(Fault(path=SLOW, times=None, action=delay(0.6)))
        for _ in range(3):
            world.forge.open_issue(SLOW, title="It crashes", author="kim")
        wait_until(lambda: any(task["repo"] == SLOW for task in world.agent.tasks), "it is at work on the slow one")
        began = time.monotonic()
        number = world.forge.open_issue(REPO, title="It crashes", author="kim")
        wait_until(lambda: labelled(world, REPO, number), "a label", 60)
        took = time.monotonic() - began
    print(f"beside a repository whose every request takes 0.6 s: {took:.1f} s")


def free_port() -> int:
    """Return a port where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Inside:
    """What the database of a running daemon says."""

    def __init__(self, world: World) -> None:
        self.path = world.folder / "memory.db"

    def held_back(self) -> bool:
        """Return whether the agent is kept away from work."""
        with closing(Database.open(self.path)) as db, db.read() as connection:
            state = breakers.get(connection, SCOPE)
        return state is not None and state.open

    def time_is_up(self) -> None:
        """Let the time be over for which the agent is kept away."""
        now = datetime.now(UTC)
        with closing(Database.open(self.path)) as db, db.transaction() as connection:
            breakers.open_until(connection, SCOPE, until=now, reason="the test says so", now=now)

    def items(self) -> list[tuple[str, int]]:
        """Return state and counted attempts of all work."""
        with closing(Database.open(self.path)) as db, db.read() as connection:
            found = [inbox.get(connection, number + 1) for number in range(50)]
        return [(item.state.value, item.attempt) for item in found if item is not None]


def test_a_dead_agent_costs_no_task_and_comes_back_without_a_restart(world: World, foreman: Command) -> None:
    port = free_port()
    world.config["agents"]["issue-triage"] |= {"url": f"http://127.0.0.1:{port}", "max_retries": 0}
    numbers = [world.forge.open_issue(REPO, title="It crashes", author="kim") for _ in range(6)]
    inside = Inside(world)
    with world.running() as process:
        ready(world, process)
        wait_until(inside.held_back, "it is kept away")
        status = foreman("status")
        assert status.code == 1
        assert "issue-triage" in status.answer
    assert inside.held_back()

    with world.running() as process:
        ready(world, process, times=2)
        assert inside.held_back(), "a restart is no cure"
        assert inside.items() == [("ready", 0)] * len(numbers)
        agent = ScriptedAgent(port)
        try:
            inside.time_is_up()
            wait_until(lambda: all(labelled(world, REPO, number) for number in numbers), "all of it is done", 60)
        finally:
            agent.close()
    assert inside.items() == [("done", 1)] * len(numbers)
    assert foreman("status").code == 0


@pytest.mark.parametrize("signals", [1, 2], ids=["one signal", "a second one"])
def test_a_stop_while_an_agent_hangs_ends_in_time_and_uses_up_no_attempt(world: World, signals: int) -> None:
    world.config["agents"]["issue-triage"]["max_retries"] = 0 if signals == 1 else 1
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    hangs = threading.Event()
    world.agent.answer = lambda task: hangs.wait(240) and 500
    process = world.start()
    try:
        ready(world, process)
        wait_until(lambda: world.agent.tasks, "it thinks")
        began = time.monotonic()
        # One that comes before the last was taken is lost: a second one is sent until it is heard.
        wait_until(
            lambda: process.send_signal(signal.SIGTERM) or signals == 1 or process.poll() is not None, "the end"
        )
        code = process.wait(60)
        took = time.monotonic() - began
    finally:
        hangs.set()
        process.kill()
        process.wait(60)
    print(f"{signals} x SIGTERM to the end: {took:.1f} s")

    assert code == (0 if signals == 1 else 128 + signal.SIGTERM)
    world.agent.answer = lambda task: decision(task, {"type": "add_label", "label": "bug"})
    assert world.once().tasks == {"decided": 1}
    assert labelled(world, REPO, number)
