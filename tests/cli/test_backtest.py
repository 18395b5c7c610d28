"""`foreman backtest` with models, budgets and interruptions: a forge, a scripted agent, recorded answers."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from foreman.llm.recorded import key_of
from foreman.model import RepoRef
from foreman.store import controls, mirror_reading
from foreman.store.database import Database
from tests.world import REPO, World, decision

ISSUES = 8
PRICES = {"cheap": ("0.001", 100, 7), "dear": ("0.01", 200, 9), "unpriced": (None, 100, 7)}
MAINTAINER = "mira"
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def _fill(world: World, count: int = ISSUES, first: int = 0) -> None:
    """Open issues, one a day, that a maintainer labels and closes later: `bug`, but every fourth a `question`."""
    for number in range(first, first + count):
        at = BEGAN + number * DAY
        opened = world.forge.open_issue(REPO, title=f"Crash in part {number}", body="It crashes.", author="kim", at=at)
        label = "bug" if number % 4 else "question"
        world.forge.add_label(REPO, opened, label, by=MAINTAINER, at=at + DAY / 2)
        world.forge.close_issue(REPO, opened, by=MAINTAINER, reason="completed", at=at + DAY)


@pytest.fixture
def filled(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path / "data"))
    world.forge.add_account(MAINTAINER)
    world.forge.add_collaborator(REPO, MAINTAINER, permission="write")
    _fill(world)
    return world


@pytest.fixture(params=["github", "gitlab"])
def either(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path / "data"))
    made = World(tmp_path, kind=request.param)
    made.forge.add_account(MAINTAINER)
    made.forge.add_collaborator(REPO, MAINTAINER, permission="write")
    _fill(made)
    yield made
    made.close()


def _with_models(world: World, monkeypatch: pytest.MonkeyPatch, *, model: str = "cheap", **budget: Any) -> Path:
    """Let the agent ask a model what to put on; what it answers is recorded."""
    records = world.folder / "answers"
    records.mkdir()
    monkeypatch.setenv("FOREMAN_LLM_RECORD", str(records))
    world.config["llm"] = {"provider": "recorded", "model": model, "budget": {"usd_per_task": 1} | budget}
    world.agent.answer = _asks_the_model
    for name, (usd, tokens_in, tokens_out) in PRICES.items():
        for number in range(1, ISSUES + 1):
            label = "bug" if name == "dear" and number % 4 != 1 else "question"
            request = {**_question(name, number), "temperature": 0.0}
            response = {
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": label}}],
                "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out},
            }
            record = {"request": request, "response": response, "provider": "recorded", "model": name, "usd": usd}
            (records / f"{key_of(request)}.json").write_text(json.dumps(record))
    return records


def _question(model: str, number: int) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": f"issue {number}"}], "max_tokens": 10}


def _asks_the_model(task: dict[str, Any]) -> Any:
    backend = task["context"]["llm_backend"]
    asked = json.dumps(_question(backend["model"], task["payload"]["issue"]["number"])).encode()
    headers = {"Authorization": f"Bearer {backend['token']}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{backend['base_url']}/chat/completions", data=asked, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            label = json.load(reply)["choices"][0]["message"]["content"]
    except OSError:
        return decision(task, decision="escalate")
    return decision(task, {"type": "add_label", "label": label}, confidence=0.9)


SCHEMA = {
    "repo agent provider model issues reused read_from_forge not_read_because comments_not_read_because asked"
    " left_alone failed failures stopped decisions held denied labels duplicates stale comments closes input_tokens"
    " output_tokens usd model_calls no_model_needed compared annoying": "",
    "labels": "issues_people_labelled who_labelled_not_known hits wrong missed precision recall f1 macro_f1 coverage"
    " calibration_error calibration precision_over_coverage per_label confusion",
    "calibration": "from to issues confidence right",
    "precision_over_coverage": "min_confidence coverage right issues",
    "per_label": "hits wrong missed precision recall f1",
    "duplicates": "closed_as_duplicate original_known found_at suggested suggested_right"
    " suggested_where_people_closed_as_duplicate",
    "stale": "comments_known would_be_stale person_would_have_reversed",
    "annoying": "number title url what weight",
}
"""What scripts may rely on: a key that goes is a breaking change."""


def _keys(facts: dict[str, Any]) -> dict[str, str]:
    labels = facts["labels"]
    parts = {
        "labels": labels,
        "calibration": labels["calibration"][0],
        "precision_over_coverage": labels["precision_over_coverage"][0],
        "per_label": labels["per_label"]["bug"],
        "duplicates": facts["duplicates"],
        "stale": facts["stale"],
        "annoying": facts["annoying"][0],
    }
    return {" ".join(facts): ""} | {name: " ".join(part) for name, part in parts.items()}


def test_tokens_and_money_are_those_of_the_models_and_two_of_them_are_compared(filled, run, monkeypatch) -> None:
    _with_models(filled, monkeypatch)

    cheap = json.loads(run("backtest", REPO, "--json", config=filled.file).answer)
    again = json.loads(run("backtest", REPO, "--json", config=filled.file).answer)
    asked = len(filled.agent.tasks)
    dear = run("backtest", REPO, "--model", "dear", "--json", config=filled.file)

    assert asked == ISSUES, "what is known is not asked again"
    assert _keys(cheap) == SCHEMA
    assert (cheap["usd"], cheap["input_tokens"], cheap["output_tokens"], cheap["model_calls"]) == (0.008, 800, 56, 8)
    assert (again["reused"], again["usd"]) == (8, 0.008)
    facts = json.loads(dear.answer)
    assert (facts["usd"], facts["input_tokens"], facts["reused"]) == (0.08, 1600, 0)
    assert [(one["model"], one["issues"], one["precision"], one["usd"]) for one in facts["compared"]] == [
        ("cheap", 8, 0.25, 0.008),
        ("dear", 8, 1.0, 0.08),
    ]
    assert facts["labels"]["calibration"] == [{"from": 0.9, "to": 1.0, "issues": 8, "confidence": 0.9, "right": 1.0}]
    assert filled.effects() == []
    cost = run("log", "--cost", REPO, config=filled.file).answer
    assert "spent  USD 0.0880: 16 model calls, 2,400 + 128 tokens" in cost
    shown = run("backtest", REPO, "--model", "dear", config=filled.file).answer
    assert "both models on the same 8 issues:" in shown
    filled.config["repos"][0]["agents"][0]["config"]["labels"]["bug"] = ["boom"]
    other = json.loads(run("backtest", REPO, "--json", config=filled.file).answer)
    assert other["reused"] == 0, "another configuration"
    filled.config["mode"] = "shadow"
    assert json.loads(run("backtest", REPO, "--json", config=filled.file).answer)["reused"] == 8


@pytest.mark.parametrize(
    ("model", "budget", "arguments", "tried", "why"),
    [
        ("cheap", {"calls_per_repo_per_day": 5}, (), 5, "5 model calls for acme/widget today"),
        ("cheap", {"usd_per_day": 0.003}, (), 3, "today's budget of 0.003 USD is spent"),
        ("cheap", {"usd_per_day": 0, "calls_per_repo_per_day": 0}, ("--max-usd", "0.002"), 2, "--max-usd"),
        ("unpriced", {}, ("--max-usd", "1"), 1, "the price of this model is not known"),
    ],
)
def test_a_run_ends_where_its_money_does_and_goes_on_from_there(
    filled, run, monkeypatch, model, budget, arguments, tried, why
) -> None:
    _with_models(filled, monkeypatch, model=model, **budget)

    done = run("backtest", REPO, "--json", *arguments, config=filled.file)

    facts = json.loads(done.answer)
    assert done.code == 1
    assert (facts["issues"], facts["model_calls"], facts["failed"]) == (tried, tried, 0)
    assert why in facts["stopped"]
    more = run("backtest", REPO, "--max-usd", "5", config=filled.file)
    assert f"{tried} answers are from an earlier run" in more.answer
    if model == "cheap":
        assert more.code == 0
        assert len(filled.agent.tasks) == ISSUES


def test_what_an_agent_says_without_its_model_is_no_answer_of_that_model(filled, run, monkeypatch) -> None:
    records = _with_models(filled, monkeypatch)
    hidden = records.rename(records.with_name("hidden"))

    failed = run("backtest", REPO, "--json", config=filled.file)
    hidden.rename(records)
    done = run("backtest", REPO, "--json", config=filled.file)

    facts = json.loads(failed.answer)
    assert failed.code == 1
    assert (facts["failed"], facts["asked"]) == (3, 0)
    assert facts["stopped"].startswith("3 failures in a row: the model failed: no recorded answer")
    assert (done.code, json.loads(done.answer)["reused"]) == (0, 0)


@pytest.mark.kill
@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_ended_asks_nothing_twice(filled, run, with_signal) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def answer(task: dict[str, Any]) -> Any:
        if len(filled.agent.tasks) == 4:
            reached.set()
            go_on.wait(60)
        return decision(task, {"type": "add_label", "label": "bug"})

    filled.agent.answer = answer
    command = [sys.executable, "-m", "foreman.cli.main", "--config", str(filled.file), "backtest", REPO]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert reached.wait(60)
        process.send_signal(with_signal)
        go_on.set()
        _, story = process.communicate(timeout=60)
    (kept,) = (filled.folder / "data").glob("backtest/*.jsonl")
    assert kept.stat().st_mode & 0o777 == 0o600
    with kept.open("a") as cut:
        cut.write('{"number": 3, "dig')
    done = run("backtest", REPO, "--json", config=filled.file)

    assert process.returncode == (130 if with_signal == signal.SIGINT else -signal.SIGKILL)
    assert "Traceback" not in story
    if with_signal == signal.SIGINT:
        assert "the same command goes on from here" in story
    assert json.loads(done.answer)["reused"] in (3, 4)
    asked = [len(filled.agent.asked_about(number)) for number in range(1, ISSUES + 1)]
    assert asked[:3] + asked[4:] == [1] * 7
    assert asked[3] <= 2, "the one under way"
    assert filled.effects() == []


def test_there_is_a_bar_on_a_terminal_and_nothing_elsewhere(filled, run) -> None:
    command = [sys.executable, "-m", "foreman.cli.main", "--config", str(filled.file), "backtest", REPO, "--json"]
    ours, theirs = pty.openpty()
    shown = bytearray()

    def read() -> None:
        try:
            while piece := os.read(ours, 4096):
                shown.extend(piece)
        except OSError:
            return  # nobody holds the other end any more

    reader = threading.Thread(target=read)
    reader.start()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "NO_COLOR": "", "FOREMAN_LOG_LEVEL": "warning"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment) as process:
        os.close(theirs)
        answer, _ = process.communicate(timeout=60)
    reader.join(60)
    os.close(ours)
    quiet = run("backtest", REPO, config=filled.file)

    assert f"{ISSUES}/{ISSUES}" in shown.decode()
    assert json.loads(answer)["issues"] == ISSUES
    assert b"\x1b" not in answer
    assert "\x1b" not in quiet.answer + quiet.story
    assert f"{ISSUES}/{ISSUES}" not in quiet.story


def _was_long_ago(world: World) -> None:
    """Make the mirror one that nobody has read into for long."""
    db = Database.open(Path(world.config["storage"]["path"]))
    repo = RepoRef(world.kind, REPO)
    with db.transaction() as connection:
        reading = mirror_reading.get(connection, repo)
        assert reading is not None
        mirror_reading.save(connection, replace(reading, done_at=BEGAN))
        controls.meta_set(connection, f"backtest:read:{repo.key}", BEGAN.isoformat())
    db.close()


def test_the_mirror_is_all_it_needs_and_what_is_missing_is_told(either, run) -> None:
    first = json.loads(run("backtest", either.key(), "--json", config=either.file).answer)
    assert (first["issues"], first["read_from_forge"], first["not_read_because"]) == (ISSUES, ISSUES, "")
    assert first["labels"]["hits"] == 6
    assert first["annoying"][0]["what"] == "would have put on bug; people chose question"
    assert first["annoying"][0]["url"].startswith(f"{either.forge.url}/{REPO}/")
    requests = len(either.forge.ledger)

    assert json.loads(run("backtest", either.key(), "--json", config=either.file).answer)["reused"] == ISSUES
    assert len(either.forge.ledger) == requests, "read only just now"

    _fill(either, 1, first=ISSUES)
    _was_long_ago(either)
    third = json.loads(run("backtest", either.key(), "--json", config=either.file).answer)
    assert (third["issues"], third["reused"], third["read_from_forge"]) == (ISSUES + 1, ISSUES, 1)

    either.forge.close()
    _was_long_ago(either)
    done = run("backtest", either.key(), config=either.file)
    assert done.code == 0
    assert "some may be missing: " in done.answer
    assert f"{ISSUES + 1} answers are from an earlier run" in done.answer
    assert len(either.agent.tasks) == ISSUES + 1
    assert all(task["payload"]["issue"]["state"] == "open" for task in either.agent.tasks)
    assert all(task["payload"]["issue"]["labels"] == [] for task in either.agent.tasks)


def test_everything_printed_fits_eighty_columns(filled, run, monkeypatch) -> None:
    long = "a label with a name of fifty characters, no less!!"
    filled.config["repos"][0]["agents"][0]["config"]["labels"][long] = ["crash in part 5"]
    filled.agent.answer = lambda task: decision(task, {"type": "add_label", "label": long}, confidence=0.7)

    shown = run("backtest", REPO, config=filled.file).answer

    assert [line for line in shown.splitlines() if len(line) > 80 and "http" not in line] == []
    assert "a label with a name of fift…" in shown


def test_originals_and_silence_are_told_by_comments_that_are_read_once(either, run) -> None:
    copy, quiet, back = 5, 6, 7
    say = either.forge.comment
    say(REPO, copy, author=MAINTAINER, body="Duplicate of #2", at=BEGAN + 100 * DAY)
    say(REPO, quiet, author=MAINTAINER, body="Which version is that?", at=BEGAN + 8 * DAY)
    say(REPO, back, author=MAINTAINER, body="Which version is that?", at=BEGAN + 8 * DAY)
    say(REPO, back, author="kim", body="2.4, sorry for the wait", at=BEGAN + 90 * DAY)
    either.forge.reopen(REPO, quiet, by=MAINTAINER, at=BEGAN + 9 * DAY)
    either.forge.close_issue(REPO, quiet, by=MAINTAINER, reason="not_planned", at=BEGAN + 200 * DAY)

    facts = json.loads(run("backtest", either.key(), "--json", config=either.file).answer)
    requests = len(either.forge.ledger)
    run("backtest", either.key(), config=either.file)

    assert facts["duplicates"]["original_known"] == 1
    assert facts["duplicates"]["found_at"]["10"] == 1.0
    assert facts["stale"] == {"comments_known": 8, "would_be_stale": 2, "person_would_have_reversed": 1}
    assert facts["comments_not_read_because"] == ""
    assert len(either.forge.ledger) == requests
    assert either.effects() == []
