"""The bundled agent in a real container, at work on issues of the sandbox forge. Needs an engine (`.ci/docker-up`)."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from foreman.agent.engine import engine, engine_version
from foreman.agent.sealing import OWNER_LABEL
from foreman.errors import ContainerError
from tests.world import REPO, World, wait_until


def _why_not() -> str:
    try:
        engine_version()
    except ContainerError as error:
        return str(error)
    return ""


WHY_NOT = _why_not()
pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(bool(WHY_NOT), reason=f"no container engine: {WHY_NOT}"),
    pytest.mark.xdist_group("docker"),
    pytest.mark.timeout(300),
]


def containers() -> list[str]:
    """Return the names of all containers of any Foreman, running or not, that are this test's own."""
    with engine(timeout_seconds=20) as client:
        return [found.name for found in client.containers.list(all=True, filters={"label": OWNER_LABEL})]


def test_issues_are_triaged_by_a_sealed_agent_and_nothing_is_left_behind(world: World) -> None:
    world.config["agents"]["issue-triage"] = {"runtime": "docker", "timeout_seconds": 120}
    before = set(containers())
    crash = world.forge.open_issue(REPO, title="It crashes at start", author="kim")
    question = world.forge.open_issue(REPO, title="How do I install it?", author="kim")
    process = world.start()
    try:
        wait_until(lambda: world.forge.issue(REPO, crash).labels == ("bug",), "the label bug", 150)
        wait_until(lambda: world.forge.issue(REPO, question).labels == ("question",), "the label question", 60)
        running = set(containers()) - before
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        took = time.monotonic() - began
    finally:
        process.kill()
        process.wait(5)
    print(f"SIGTERM to exit with a container running: {took:.1f} s")

    assert process.returncode == 0, world.log[-2000:]
    assert len(running) == 1
    assert set(containers()) <= before


def test_what_a_kill_left_is_replaced_at_the_next_start(world: World, tmp_path: Path) -> None:
    world.config["agents"]["issue-triage"] = {"runtime": "docker", "timeout_seconds": 120}
    before = set(containers())
    first = world.forge.open_issue(REPO, title="It crashes at start", author="kim")
    process = world.start()
    try:
        wait_until(lambda: world.forge.issue(REPO, first).labels == ("bug",), "the label bug", 150)
    finally:
        process.kill()
        process.wait(5)
    left = set(containers()) - before
    second = world.forge.open_issue(REPO, title="It crashes again", author="kim")
    with world.running():
        wait_until(lambda: world.forge.issue(REPO, second).labels == ("bug",), "the second label", 150)
        now = set(containers()) - before

    assert len(left) == 1
    assert len(now) == 1
    assert set(containers()) <= before
