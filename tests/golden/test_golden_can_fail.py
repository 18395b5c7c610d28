"""The golden set is worth something only if it notices: an agent that is broken in any way must be caught."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from agents.issue_triage.agent import decide
from foreman.agent.managed import ManagedRuntime
from foreman.llm.budget import Budget
from foreman.llm.gateway import Gateway
from foreman.llm.recorded import RecordedBackend
from foreman.protocol import Decision, Task
from foreman.store.database import Database
from foreman.store.usage import UsageStore
from tests.golden.bench import LIMITS, Bench
from tests.golden.case import FOLDER, load

pytestmark = [pytest.mark.xdist_group("golden")]

CASES = load()
Change = Callable[[dict[str, Any]], None]
Spoil = Callable[[Task, dict[str, Any]], None]


def _nothing(_: dict[str, Any]) -> None:
    """Leave the task as it is."""


def _do(decision: dict[str, Any], *more: dict[str, Any]) -> None:
    decision["actions"] = [*decision["actions"], *more]
    decision["decision"] = "close" if any(each["type"] == "close" for each in more) else "label_and_respond"


def _label(name: str) -> dict[str, Any]:
    return {"type": "add_label", "label": name}


def _say(body: str = "Thank you for your report! We will look into it.") -> dict[str, Any]:
    return {"type": "comment", "body": body}


def _over_a_person(task: Task, decision: dict[str, Any]) -> None:
    if "question" in task.payload.issue.labels:
        _do(decision, {"type": "remove_label", "label": "question"}, _label("bug"))


def _asks_again(task: Task, decision: dict[str, Any]) -> None:
    if "comment posted" in task.context.memory_summary:
        _do(decision, _say("Which version do you use?"))


def _talks_of_holes(task: Task, decision: dict[str, Any]) -> None:
    if decision["decision"] == "escalate":
        _do(decision, _say("This is a serious vulnerability."))


def _two_categories(task: Task, decision: dict[str, Any]) -> None:
    if _label("bug") in decision["actions"]:
        _do(decision, _label("feature"))


def _made_up_label(task: Task, decision: dict[str, Any]) -> None:
    if _label("bug") in decision["actions"]:
        _do(decision, _label("critical"))


def _forbidden_label(task: Task, decision: dict[str, Any]) -> None:
    _do(decision, _label("security"))


def _thanks_everybody(task: Task, decision: dict[str, Any]) -> None:
    if not any(each["type"] == "comment" for each in decision["actions"]):
        _do(decision, _say())


def _closes_duplicates(task: Task, decision: dict[str, Any]) -> None:
    if any("#" in each.get("body", "") for each in decision["actions"]):
        same = {"type": "close", "reason": "duplicate", "duplicate_of": task.context.similar[0]["number"]}
        _do(decision, same)


def _answers_from_memory(task: Task, decision: dict[str, Any]) -> None:
    if _label("question") in decision["actions"]:
        _do(decision, _say("Set it in the settings."))


def _closes_what_is_old(task: Task, decision: dict[str, Any]) -> None:
    if task.payload.event == "stale" and decision["actions"]:
        _do(decision, {"type": "close", "reason": "not_planned"})


def _does_nothing(task: Task, decision: dict[str, Any]) -> None:
    decision.update(decision="skip", actions=[])


def _keeps_the_question_open(task: Task, decision: dict[str, Any]) -> None:
    decision["actions"] = [each for each in decision["actions"] if each["type"] != "remove_label"]
    if not decision["actions"]:
        decision["decision"] = "skip"


def _never_asks(task: Task, decision: dict[str, Any]) -> None:
    decision["actions"] = [each for each in decision["actions"] if each["type"] == "add_label"]
    if not decision["actions"]:
        decision["decision"] = "skip"


def _as_spoken(_: Task, __: dict[str, Any]) -> None:
    """Leave the decision as it is."""


def _everything_is_open(task: dict[str, Any]) -> None:
    for row in task["context"]["similar"]:
        row["state"] = "open"


def _english_for_all(task: dict[str, Any]) -> None:
    task["payload"]["config"]["language"] = "en"


def _no_memory(task: dict[str, Any]) -> None:
    task["context"]["memory_summary"] = ""
    task["payload"]["issue"]["labels"] = []


def _forms_are_ignored(task: dict[str, Any]) -> None:
    task["payload"]["issue"]["form"] = None


def _rules_are_ignored(task: dict[str, Any]) -> None:
    task["payload"]["config"]["allow_close"] = True


WAYS: list[tuple[str, str, bool, Change, Spoil]] = [
    ("labels over a person's choice", "bugs", False, _nothing, _over_a_person),
    ("asks twice", "bugs", False, _nothing, _asks_again),
    ("forgets that it asked", "bugs", False, _no_memory, _as_spoken),
    ("asks nobody for anything", "bugs", False, _nothing, _never_asks),
    ("does not look at the form", "bugs", False, _forms_are_ignored, _as_spoken),
    ("never takes its question back", "bugs", False, _nothing, _keeps_the_question_open),
    ("sets two categories", "bugs", False, _nothing, _two_categories),
    ("makes up a label", "bugs", False, _nothing, _made_up_label),
    ("sets a label it must not set", "features", False, _nothing, _forbidden_label),
    ("thanks everybody", "features", False, _nothing, _thanks_everybody),
    ("does nothing at all", "features", False, _nothing, _does_nothing),
    ("writes about a hole in public", "security", False, _nothing, _talks_of_holes),
    ("names an original that was turned down", "duplicates", False, _everything_is_open, _as_spoken),
    ("closes every duplicate", "duplicates", False, _nothing, _closes_duplicates),
    ("closes a duplicate without leave", "duplicates", True, _rules_are_ignored, _as_spoken),
    ("answers from memory", "questions", False, _nothing, _answers_from_memory),
    ("writes English to everybody", "languages", False, _english_for_all, _as_spoken),
    ("closes an old issue instead of asking", "stale", False, _nothing, _closes_what_is_old),
]


class Within:
    """Stands in for the agent's process: the agent itself, its task changed before and its answer spoiled after."""

    def __init__(self, gateway_url: str) -> None:
        self.gateway_url = gateway_url
        self.change: Change = _nothing
        self.spoil: Spoil = _as_spoken

    def ask(self, raw: bytes, *, timeout_seconds: float) -> bytes:
        whole = Task.model_validate_json(raw).model_dump(mode="json")
        self.change(whole)
        task = Task.model_validate(whole)
        decision = decide(task).model_dump(mode="json")
        self.spoil(task, decision)
        return Decision.model_validate_json(json.dumps(decision)).model_dump_json().encode()


@pytest.fixture(scope="module")
def within(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Within, Bench]]:
    folder: Path = tmp_path_factory.mktemp("f")
    db = Database.open(folder / "golden.db")
    gateway = Gateway(
        backend=None, ledger=UsageStore(db), budget=Budget(), directory=folder / "g",
        now=lambda: datetime.now(UTC), limits=LIMITS,
    )  # fmt: skip
    gateway.start()
    agent = Within(gateway.tcp_url)
    yield agent, Bench(cast("ManagedRuntime", agent), gateway)
    gateway.stop()
    db.close()


def _problems(bench: Bench, theme: str, *, model: bool) -> Iterator[str]:
    backend = RecordedBackend(FOLDER / "recorded") if model else None
    for case in CASES:
        if case.theme == theme and not case.waits_for:
            yield from bench.run(case, backend).problems()


def test_the_agent_as_it_is_passes_here_as_well(within: tuple[Within, Bench]) -> None:
    agent, bench = within
    agent.change, agent.spoil = _nothing, _as_spoken

    assert not [
        problem for theme in sorted({way[1] for way in WAYS}) for problem in _problems(bench, theme, model=False)
    ]


@pytest.mark.parametrize(("way", "theme", "model", "change", "spoil"), WAYS, ids=[each[0] for each in WAYS])
def test_an_agent_that_is_broken_is_caught(
    within: tuple[Within, Bench], way: str, theme: str, *, model: bool, change: Change, spoil: Spoil
) -> None:
    agent, bench = within
    agent.change, agent.spoil = change, spoil

    assert any(_problems(bench, theme, model=model)), f"{way}: nobody noticed"
