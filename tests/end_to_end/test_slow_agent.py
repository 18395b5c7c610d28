"""One agent that never answers, beside another one: its tasks take places of its own alone."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.world import EVENTS, REPO, ScriptedAgent, World, decision, wait_until

SLOW = "acme/slow"


@pytest.mark.parametrize("workers", [1, 4])
def test_tasks_of_a_slow_agent_leave_another_agents_tasks_a_worker(world: World, workers: int) -> None:
    let_go = threading.Event()

    def never(task: dict[str, Any]) -> dict[str, Any]:
        let_go.wait(120)
        return decision(task)

    slow = ScriptedAgent()
    slow.answer = never
    world.config["workers"] = workers
    world.config["agents"]["sleepy"] = {
        "runtime": "url",
        "url": slow.url,
        "timeout_seconds": 120,
        "max_concurrency": 4,
    }
    world.forge.add_repo(SLOW, labels=["bug"])
    world.forge.add_collaborator(SLOW, "acme-foreman", permission="write")
    agent = {"type": "sleepy", "events": EVENTS, "config": {}}
    world.config["repos"].append({"owner": "acme", "name": "slow", "agents": [agent]})
    for _ in range(2 * workers + 2):
        world.forge.open_issue(SLOW, title="It crashes", author="kim")
    try:
        with world.running():
            wait_until(lambda: slow.tasks, "the slow agent is at work")
            numbers = [world.forge.open_issue(REPO, title="It crashes", author="kim") for _ in range(3)]
            for number in numbers:
                wait_until(lambda number=number: world.forge.issue(REPO, number).labels == ("bug",), f"#{number}")
            begun = len(slow.tasks)
            let_go.set()
    finally:
        let_go.set()
        slow.close()

    assert begun <= max(workers - 1, 1)
