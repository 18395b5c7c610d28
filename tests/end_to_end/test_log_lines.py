"""What a daemon says of a day: a line for each unit of work, trouble when it begins and when it ends, else nothing."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from foreman.sandbox import Fault, reply
from tests.world import REPO, World, decision, wait_until

pytestmark = pytest.mark.timeout(600)

LABEL = {"type": "add_label", "label": "bug"}
COMMENT = {"type": "comment", "body": "Thanks for the report."}


def test_a_day_is_a_line_for_each_unit_of_work_and_two_for_an_outage(world: World) -> None:
    def lines(*events: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in world.log.splitlines() if line.startswith("{")]
        return [line for line in found if not events or line["event"] in events]

    def requests() -> int:
        return len(world.forge.ledger)

    def labelled(*numbers: int) -> bool:
        return all(world.forge.issue(REPO, number).labels for number in numbers)

    world.agent.answer = lambda task: decision(task, LABEL, COMMENT)
    world.config["agents"]["issue-triage"]["max_retries"] = 1
    with world.running() as process:
        wait_until(lambda: lines("daemon_ready"), "it is ready")
        numbers = [world.forge.open_issue(REPO, title=f"It crashes {number}", author="kim") for number in range(3)]
        wait_until(lambda: len(lines("action_finished")) == 6, "every action's line")
        wait_until(lambda: labelled(*numbers), "every label")

        world.agent.answer = lambda _task: 500
        failing = world.forge.open_issue(REPO, title="It crashes while the agent fails", author="kim")
        wait_until(lambda: any(line["ending"] == "retry" for line in lines("task_finished")), "the failed attempt")
        world.agent.answer = lambda task: decision(task, LABEL)
        wait_until(lambda: labelled(failing), "its label")

        world.forge.inject(Fault(times=None, action=reply(503)))
        wait_until(lambda: lines("host_away", "poll_failed"), "the outage is noticed")
        before = requests()
        wait_until(lambda: requests() > before, "it goes on for a while")
        world.forge.clear_faults()
        wait_until(lambda: lines("poll_recovered"), "its end")
        assert process.poll() is None

    told = Counter(line["event"] for line in lines())
    tasks = lines("task_finished")
    assert Counter(line["ending"] for line in tasks) == {"decided": 4, "retry": 1}
    assert len({line["task_id"] for line in tasks}) == 5
    assert Counter(line["state"] for line in lines("action_finished")) == {"done": 7}
    assert len({line["action"] for line in lines("action_finished")}) == 7
    assert (told["poll_failed"], told["poll_recovered"]) == (1, 1)
    assert told["host_away"] == told["host_answers_again"] <= 1
    assert {line["level"] for line in lines()} == {"info", "warning"}
    units = sum(told[event] for event in ("poll_finished", "task_finished", "action_finished"))
    assert len(lines()) - units <= 12, told
