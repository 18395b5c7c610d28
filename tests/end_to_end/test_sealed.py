"""The bundled agent in a real container, at work on issues of the sandbox forge. Needs an engine (`.ci/docker-up`)."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest

from foreman.agent.engine import engine
from foreman.agent.sealing import OWNER_LABEL
from foreman.app.rundir import owner_of
from tests.engines import needs_engine
from tests.world import REPO, World, wait_until

pytestmark = [
    pytest.mark.docker,
    needs_engine,
    pytest.mark.xdist_group("docker"),
    pytest.mark.timeout(600),
]


def containers(world: World) -> set[str]:
    """Return the ids of all containers of this world's Foreman, running or not."""
    owner = f"{OWNER_LABEL}={owner_of(world.folder / 'memory.db')}"
    with engine(timeout_seconds=60) as client:
        return {str(found.id) for found in client.containers.list(all=True, filters={"label": owner})}


def test_issues_are_triaged_by_a_sealed_agent_and_nothing_is_left_behind(world: World) -> None:
    world.config["agents"]["issue-triage"] = {"runtime": "docker", "timeout_seconds": 120}
    crash = world.forge.open_issue(REPO, title="It crashes at start", author="kim")
    question = world.forge.open_issue(REPO, title="How do I install it?", author="kim")
    process = world.start()
    try:
        wait_until(lambda: world.forge.issue(REPO, crash).labels == ("bug",), "the label bug", 150)
        wait_until(lambda: world.forge.issue(REPO, question).labels == ("question",), "the label question", 60)
        running = containers(world)
        beside = world.command("triage", f"{REPO}#{question}", "--dry-run")
        kept = containers(world)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        took = time.monotonic() - began
    finally:
        process.kill()
        process.wait(60)
    print(f"SIGTERM to exit with a container running: {took:.1f} s")

    assert process.returncode == 0, world.log[-2000:]
    assert len(running) == 1
    assert beside.returncode == 0, beside.stderr
    assert kept == running  # a command beside the daemon leaves its containers alone
    assert containers(world) == set()


def test_a_sealed_agent_asks_a_model_through_the_gateways_socket(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is written by hand, under the name that the first, unanswered question tells."""
    monkeypatch.setenv("FOREMAN_LLM_RECORD", str(tmp_path))
    world.config["agents"]["issue-triage"] = {"runtime": "docker", "timeout_seconds": 120}
    world.config["llm"] = {"provider": "recorded", "model": "m", "when": "always"}
    world.config["polling"]["mirror_issues"] = 0  # the second question is the first only without similar issues
    text = {"title": "A strange page", "body": "The second page of the manual looks odd.", "author": "kim"}
    world.forge.open_issue(REPO, **text)
    with world.running():
        missing = wait_until(lambda: re.search(r"no recorded answer (\w+\.json)", world.log), "the question", 150)
        verdict = {"labels": ["docs"], "comment": "", "confidence": 0.9, "reason": "about a page"}
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": json.dumps(verdict)},
        }
        usage = {"prompt_tokens": 9, "completion_tokens": 4}
        response = {"object": "chat.completion", "choices": [choice], "usage": usage}
        record = {"made": "by hand", "provider": "recorded", "model": "m", "usd": "0.01", "response": response}
        (tmp_path / missing[1]).write_text(json.dumps(record))
        number = world.forge.open_issue(REPO, **text)
        wait_until(lambda: world.forge.issue(REPO, number).labels == ("docs",), "what the model said", 60)

    (entry,) = world.entries(number)
    assert (entry.input_tokens, entry.output_tokens, str(entry.usd)) == (9, 4, "0.01")


def test_what_a_kill_left_is_replaced_at_the_next_start(world: World, tmp_path: Path) -> None:
    world.config["agents"]["issue-triage"] = {"runtime": "docker", "timeout_seconds": 120}
    (tmp_path / "run").mkdir()
    places = {"FOREMAN_RUN_DIR": str(tmp_path / "run")}
    first = world.forge.open_issue(REPO, title="It crashes at start", author="kim")
    process = world.start(**places)
    try:
        wait_until(lambda: world.forge.issue(REPO, first).labels == ("bug",), "the label bug", 150)
    finally:
        process.kill()
        process.wait(60)
    left = containers(world)
    second = world.forge.open_issue(REPO, title="It crashes again", author="kim")
    with world.running(**places) as process:
        wait_until(lambda: world.forge.issue(REPO, second).labels == ("bug",), "the second label", 150)
        now = containers(world)
        process.kill()
        process.wait(60)
    # Also where no agent runs in a container any more.
    world.config["agents"]["issue-triage"] = {"runtime": "process"}
    with world.running(**places):
        wait_until(lambda: not containers(world), "the leftover is removed", 60)
        # Asked to end before it is up, it ends as it is, and the next start clears what it left.
        wait_until(lambda: world.log.count('"daemon_ready"') == 3, "it is up", 60)

    assert len(left) == 1
    assert len(now) == 1
    assert left != now
    assert list((tmp_path / "run").iterdir()) == []
