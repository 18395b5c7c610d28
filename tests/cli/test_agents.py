from __future__ import annotations

import json
import os

import pytest

from tests.engines import needs_engine
from tests.world import REPO, decision


def test_list_tells_how_each_agent_is_run_and_whether_it_is_sealed(world, run) -> None:
    world.config["agents"]["gardener"] = {"runtime": "process", "command": ["python", "-m", "gardener"]}

    done = run("agent", "list", config=world.file)
    found = {one["agent"]: one for one in json.loads(run("agent", "list", "--json", config=world.file).answer)}

    assert done.code == 0
    assert found["issue-triage"]["runs"] == world.agent.url
    assert found["issue-triage"]["repos"] == [REPO]
    assert (found["gardener"]["runtime"], found["gardener"]["sealed"], found["gardener"]["repos"]) == (
        "process",
        False,
        [],
    )
    world.config["agents"] = {}
    (bundled,) = json.loads(run("agent", "list", "--json", config=world.file).answer)
    assert (bundled["runtime"], bundled["sealed"], bundled["bundled"]) == ("docker", True, True)
    assert bundled["runs"].startswith("foreman-agent-issue-triage:")


def test_the_bundled_agent_passes_its_examination(demo, run) -> None:
    done = run("agent", "test", "issue-triage", "--json", config=demo.config)

    facts = json.loads(done.answer)
    assert done.code == 0, done.story
    assert facts["passed"]
    assert {"starts", "task: opened", "refuses what is no task"} <= {check["name"] for check in facts["checks"]}


def test_an_agent_at_an_address_is_examined_without_a_configuration_and_told_its_faults(world, run) -> None:
    world.agent.answer = lambda task: {**task, "decision": "delete_repo"}

    done = run("agent", "test", world.agent.url)

    assert done.code == 1
    assert "FAIL" in done.answer
    assert "task: opened: " in done.story
    assert f"{world.agent.url}: " in done.answer.splitlines()[-1]


def test_its_author_is_told_what_it_wrote_and_what_would_do(world, run) -> None:
    world.agent.answer = lambda task: decision(task, {"type": "delete\x1b[31m_repo"})

    done = run("agent", "test", world.agent.url)

    assert done.code == 1
    assert "delete" in done.story
    assert "'add_label', 'remove_label', 'comment'" in done.story
    assert "\x1b" not in done.story + done.answer


def test_an_agent_that_is_not_there_fails_at_once(run) -> None:
    done = run("agent", "test", "http://127.0.0.1:9")

    assert done.code == 1
    assert "starts: issue-triage does not answer GET http://127.0.0.1:9/health with 200" in done.story
    assert done.answer.splitlines()[-1] == "http://127.0.0.1:9: 0 of 1 passed"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["test", "gardener"], "there is no agent 'gardener'; there is issue-triage"),
        (["test", "ftp://127.0.0.1/"], "is no address of an agent"),
        (["build", "gardener"], "gardener is not bundled with Foreman"),
    ],
)
def test_an_agent_nobody_knows_is_wrong_usage(arguments, message, demo, run) -> None:
    done = run("agent", *arguments, config=demo.config)

    assert (done.code, done.answer) == (2, "")
    assert message in done.story


def test_without_an_engine_building_says_what_to_do(demo, run, monkeypatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    done = run("agent", "build", "issue-triage", config=demo.config)

    assert done.code == 1
    assert "no container engine answers" in done.story


@pytest.mark.docker
@needs_engine
def test_an_image_is_built_once(run, monkeypatch) -> None:
    """As the help's example has it; `run` holds both documents to their schema."""
    monkeypatch.setenv("FOREMAN_BUILD_BASE", os.environ.get("FOREMAN_BUILD_BASE", "python:3.12-slim"))
    monkeypatch.setenv("FOREMAN_BUILD_NETWORK", "host")
    built = json.loads(run("agent", "build", "issue-triage", "--json").answer)
    again = json.loads(run("agent", "build", "issue-triage", "--json").answer)

    assert built["tag"].startswith("foreman-agent-issue-triage:")
    assert (again["built"], again["id"]) == (False, built["id"])
