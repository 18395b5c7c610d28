"""One trace for each piece of work, from the look that finds it to the write on the forge; collectors that are ill."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collector import Collector
from tests.end_to_end.conftest import Command, on_both
from tests.world import REPO, World, decision, wait_until

pytestmark = pytest.mark.timeout(600)

TITLE = "It crashes with a most peculiar noise"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def traced(world: World, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world whose commands send traces."""
    monkeypatch.setenv("FOREMAN_OTLP_ENDPOINT", collector.url)
    return world


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def ask_model(task: dict[str, Any]) -> str:
    """Ask the gateway as an agent does; returns what it says."""
    llm = task["context"]["llm_backend"]
    body = json.dumps({"model": llm["model"], "messages": [{"role": "user", "content": TITLE}]}).encode()
    request = urllib.request.Request(
        f"{llm['base_url']}/chat/completions",
        data=body,
        headers={"Authorization": f"Bearer {llm['token']}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()


def put_record(folder: Path, said: str) -> None:
    """Record an answer to the question whose hash the gateway has just named."""
    name = next(word for word in said.split() if word.endswith(".json"))
    choice = {"index": 0, "message": {"role": "assistant", "content": "docs"}, "finish_reason": "stop"}
    response = {"id": "1", "choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
    record = {"made": "by hand", "request": {}, "response": response, "provider": "ollama", "model": "llama3"}
    (folder / name).write_text(json.dumps(record))


TREE = [
    " > poll",
    "agent > brief",
    "agent > model",
    "agent > model",
    "poll > task",
    "task > agent",
    "task > gate",
    "task > look",
    "task > record",
    "task > write",
]


def test_a_whole_triage_is_one_trace_told_in_the_log_to_the_agent_and_by_explain(
    world: World, collector: Collector, foreman: Command
) -> None:
    answers = world.folder / "answers"
    answers.mkdir()
    world.config["llm"] = {"provider": "recorded", "model": "llama3", "when": "always"}

    def answer(task: dict[str, Any]) -> dict[str, Any]:
        put_record(answers, ask_model(task))
        ask_model(task)
        return decision(task, {"type": "add_label", "label": "bug"})

    world.agent.answer = answer
    number = world.forge.open_issue(REPO, title=TITLE, author="kim")
    with world.running(FOREMAN_OTLP_ENDPOINT=collector.url, FOREMAN_LLM_RECORD=str(answers)):
        wait_until(lambda: collector.named("write"), "the write's span")
        wait_until(lambda: len(collector.spans) >= len(TREE), "all spans")

    (poll,) = collector.named("poll")
    assert collector.tree(poll.trace) == TREE
    assert {span.trace for span in collector.spans} == {poll.trace}
    assert collector.resource["service.name"] == "foreman"
    assert all(span.start <= span.end for span in collector.spans)
    refused, answered = collector.named("model")
    assert (refused.failed, answered.failed) == ("ModelError", None)
    assert (answered.facts["foreman.input_tokens"], answered.facts["foreman.provider"]) == (7, "ollama")
    (task,) = collector.named("task")
    assert (task.facts["foreman.ending"], task.facts["foreman.issue"]) == ("decided", number)
    assert collector.named("gate")[0].facts["foreman.allow"] == 1
    assert (collector.named("write")[0].facts["foreman.state"], task.failed) == ("done", None)
    everything = "".join(span.raw for span in collector.spans)
    assert "peculiar" not in everything and world.token not in everything

    (header,) = world.agent.headers
    assert header["traceparent"] == f"00-{poll.trace}-{collector.named('agent')[0].id}-01"
    told = {line["event"]: line for line in lines(world.log) if "trace_id" in line}
    assert {line["trace_id"] for line in told.values()} == {poll.trace}
    assert told["task_finished"]["span_id"] == task.id
    assert (told["model_failed"]["span_id"], told["model_recovered"]["span_id"]) == (refused.id, answered.id)
    assert told["action_finished"]["span_id"] == collector.named("write")[0].id
    (entry,) = world.entries(number)
    assert json.loads(foreman("explain", str(entry.id), "--json").answer)["trace"] == poll.trace
    assert poll.trace in foreman("explain", str(entry.id)).answer


@on_both
def test_what_a_person_approves_days_later_and_takes_back_belongs_to_the_same_trace(
    traced: World, collector: Collector, foreman: Command
) -> None:
    traced.config["mode"] = "approve"
    number = traced.forge.open_issue(REPO, title=TITLE, author="kim")
    traced.once()
    (entry,) = traced.entries(number)
    assert foreman("approve", str(entry.actions[0].id)).code == 0
    traced.once()
    wait_until(lambda: collector.named("write"), "the write's span")
    assert foreman("undo", str(entry.id), "--yes").code == 0
    traced.once()
    wait_until(lambda: len(collector.named("write")) == 2, "the span of taking it back")

    (poll,) = collector.named("poll")
    assert {span.trace for span in collector.spans} == {poll.trace}
    assert "task > write" in collector.tree(poll.trace)


def test_work_that_a_person_asks_for_and_a_retry_of_it_are_one_trace(
    traced: World, collector: Collector, foreman: Command
) -> None:
    traced.config["agents"]["issue-triage"]["max_retries"] = 1
    traced.config["polling"]["first_run"] = "new"
    number = traced.forge.open_issue(REPO, title=TITLE, author="kim")
    traced.once()
    traced.agent.answer = lambda _task: 500
    assert foreman("triage", f"{REPO}#{number}").code == 1
    traced.agent.answer = lambda task: decision(task)
    wait_until(lambda: traced.once().tasks.get("decided"), "the second attempt")
    wait_until(lambda: len(collector.named("task")) == 2, "both attempts")

    (asked,) = collector.named("asked")
    first, second = collector.named("task")
    assert {span.trace for span in collector.spans} == {asked.trace}
    assert (first.parent, second.parent) == (asked.id, asked.id)
    assert (first.failed, second.failed) == ("retry", None)
    assert collector.named("agent")[0].failed == "AgentUnavailable"


@pytest.mark.kill
def test_a_daemon_that_dies_between_decision_and_write_leaves_one_trace(world: World, collector: Collector) -> None:
    number = world.forge.open_issue(REPO, title=TITLE, author="kim")
    killed = world.start(FOREMAN_OTLP_ENDPOINT=collector.url, FOREMAN_KILL_AT="pipeline.record.committed")
    assert killed.wait(120) == -signal.SIGKILL
    (entry,) = world.entries(number)
    assert entry.trace
    with world.running(FOREMAN_OTLP_ENDPOINT=collector.url):
        wait_until(lambda: collector.named("write"), "the write's span")

    (write,) = collector.named("write")
    assert write.trace == entry.trace.split("-")[1]
    assert {span.trace for span in collector.spans} == {write.trace}


def closed_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("illness", ["dead", "refusing", "hanging"])
def test_a_collector_that_is_ill_does_no_harm_and_is_told_of_once(
    world: World, collector: Collector, illness: str
) -> None:
    if illness == "refusing":
        collector.status = 503
    if illness == "hanging":
        collector.hold.set()
    first = world.forge.open_issue(REPO, title=TITLE, author="kim")
    with world.running(FOREMAN_OTLP_ENDPOINT=closed_port() if illness == "dead" else f"{collector.url}/") as process:
        wait_until(lambda: "traces_not_taken" in world.log, "the line")
        second = world.forge.open_issue(REPO, title=TITLE, author="kim")
        for number in (first, second):
            wait_until(lambda number=number: world.forge.issue(REPO, number).labels, "a label")  # type: ignore[misc]
        if illness == "refusing":
            collector.status = 200
            world.forge.open_issue(REPO, title=TITLE, author="kim")
            wait_until(lambda: "traces_taken_again" in world.log, "the line of its recovery")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    told = [line for line in lines(world.log) if line["event"].startswith("traces_")]
    assert [line["event"] for line in told] == ["traces_not_taken", *["traces_taken_again"] * (illness == "refusing")]
    assert told[0]["reason"] and told[0]["collector"].startswith("http://127.0.0.1:")
    assert "Traceback" not in world.log and "library_message" not in world.log


WITHOUT = """
import sys
for name in ("opentelemetry.sdk", "opentelemetry.exporter"):
    sys.modules[name] = None
from foreman.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:9"])
def test_without_the_extra_everything_works_until_traces_are_wanted(world: World, endpoint: str) -> None:
    number = world.forge.open_issue(REPO, title=TITLE, author="kim")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, "--config", str(world.file), "run", "--once"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "FOREMAN_OTLP_ENDPOINT": endpoint},
    )

    if endpoint:
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert "FOREMAN_OTLP_ENDPOINT" in line and "pip install 'foreman[otel]'" in line
    else:
        assert done.returncode == 0, done.stderr
        assert world.forge.issue(REPO, number).labels == ("bug",)
        assert world.entries(number)[0].trace == ""
