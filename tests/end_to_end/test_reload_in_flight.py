"""A reload while an answer of the forge is on its way: nothing is lost, nothing is done twice, the new rules hold."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from typing import Any

import pytest

from foreman.sandbox.ledger import LedgerEntry
from tests.end_to_end.conftest import on_both
from tests.world import DEADLINE, REPO, World, decision, wait_until

pytestmark = pytest.mark.timeout(600)


class Withheld:
    """Keeps back the answer to one request that the forge has served."""

    def __init__(self, world: World, method: str, end: str, *, after: str = "") -> None:
        self.there, self.go = threading.Event(), threading.Event()
        self._wanted = (method, end, after)
        world.forge.on_exchange(self._keep)

    def _keep(self, entry: LedgerEntry, body: bytes) -> None:
        method, end, text = self._wanted
        path = entry.path.partition("?")[0]
        if entry.method == method and path.endswith(end) and text.encode() in body and not self.there.is_set():
            self.there.set()
            self.go.wait(DEADLINE)


def lines(world: World, event: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in world.log.splitlines() if f'"event": "{event}"' in line]


def reload(world: World, process: subprocess.Popen[bytes]) -> None:
    before = len(lines(world, "reloaded"))
    assert world.file.exists()
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(lines(world, "reloaded")) > before, "the reload, which waits for no forge")


def ends(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


@on_both
@pytest.mark.parametrize(("mode", "label"), [("auto", "done"), ("approve", "held"), ("shadow", "shadow")])
def test_a_write_whose_answer_is_on_its_way_is_done_once_and_the_next_goes_by_the_new_rules(
    world: World, mode: str, label: str
) -> None:
    said = "Which version is that?"
    world.agent.answer = lambda task: decision(
        task, {"type": "comment", "body": said}, {"type": "add_label", "label": "bug"}
    )
    kept = Withheld(world, "POST", "/comments" if world.kind.value == "github" else "/notes")
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    with world.running() as process:
        assert kept.there.wait(DEADLINE)
        world.config["mode"] = mode
        for seconds in (2, 1):
            world.config["polling"]["interval_seconds"] = seconds
            reload(world, process)
        assert world.states(number) == [("comment", "sent"), ("add_label", "planned" if mode == "auto" else label)]
        kept.go.set()
        wait_until(lambda: world.states(number) == [("comment", "done"), ("add_label", label)], "it is settled")
        ends(process)

    assert [comment.body.count(said) for comment in world.forge.issue(REPO, number).comments] == [1]
    assert [effect.partition(" ")[0] for effect in world.effects()] == ["comment", "label+"][: len(world.effects())]
    assert len(world.effects()) == (2 if label == "done" else 1)
    assert len(world.agent.tasks) == 1
    assert not lines(world, "step_failed")


@on_both
@pytest.mark.parametrize("gone", [False, True], ids=["stays", "goes and comes back"])
def test_a_poll_whose_answer_is_on_its_way_loses_no_issue_and_none_comes_twice(world: World, gone: bool) -> None:
    (repo,) = world.config["repos"]
    with world.running() as process:
        first = world.forge.open_issue(REPO, title="It crashes", author="kim")
        wait_until(lambda: world.forge.issue(REPO, first).labels, "it works")
        kept = Withheld(world, "GET", "/issues", after="crashes again")
        second = world.forge.open_issue(REPO, title="It crashes again", author="kim")
        assert kept.there.wait(DEADLINE)
        if gone:
            world.config["repos"] = []
            reload(world, process)
        world.config["repos"] = [repo | {"policy": {"labels": {"add": ["bug"]}}}]
        reload(world, process)
        third = world.forge.open_issue(REPO, title="And a third time", author="kim")
        kept.go.set()
        for number in (second, third):
            wait_until(lambda number=number: world.forge.issue(REPO, number).labels, f"a label on {number}")
        ends(process)

    assert [len(world.agent.asked_about(number)) for number in (first, second, third)] == [1, 1, 1]
    assert sorted(world.effects()) == sorted(f"label+ bug {REPO}#{number}" for number in (first, second, third))
    assert not lines(world, "step_failed")
