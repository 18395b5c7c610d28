"""Every command that names an issue or a repository, given on GitLab's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import BOT, World, decision

PROJECT = "acme/tools/ui/widget"
KEY = f"gitlab:{PROJECT}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, kind="gitlab")
    made.forge.add_repo(PROJECT, labels=["bug"])
    made.forge.add_collaborator(PROJECT, BOT, permission="planner")
    made.config["repos"] = [made.repo(PROJECT)]
    yield made
    made.close()


@pytest.fixture
def say(world, run):
    """Return a function that gives a command and returns what it answered; the command must end with this code."""

    def call(*words: object, code: int = 0) -> str:
        done = run(*words, config=world.file)
        assert done.code == code, done.answer + done.story
        return done.answer

    return call


def test_an_issue_is_named_by_its_key_or_by_the_address_of_its_page(world, say) -> None:
    number = world.forge.open_issue(PROJECT, title="It crashes", author="kim")
    page = f"{world.forge.url}/{PROJECT}/-/issues/{number}"
    work_item = f"{world.forge.url}/{PROJECT}/-/work_items/{number}"

    assert "add_label bug: allow" in say("triage", page, "--dry-run")
    assert world.effects() == []
    assert "+bug: done" in say("triage", work_item)
    assert world.forge.issue(PROJECT, number).labels == ("bug",)
    for where in (KEY, f"{KEY}#{number}", page, work_item):
        assert f"{KEY}#{number}" in say("log", where)
        assert "label bug added" in say("memory", "show", where)
    assert "gitlab:" in say("explain", 1)
    assert "take label bug off   (decision 1: +bug)" in say("undo", "--since", "1h", "--repo", KEY)
    say("undo", 1, "--yes")
    assert world.forge.issue(PROJECT, number).labels == ()
    assert f"forgot 1 memory of {KEY}#{number}" in say("memory", "forget", page, "--yes")
    assert [row["kind"] for row in json.loads(say("memory", "export"))] == ["correction"]


def test_what_waits_and_what_gave_up_is_settled_by_command(world, say) -> None:
    world.config["policy"] = {"modes": {"comment": "approve"}}
    world.config["agents"]["issue-triage"]["max_retries"] = 0
    world.agent.answer = lambda task: b"no decision"
    first = world.forge.open_issue(PROJECT, title="It crashes", author="kim")
    second = world.forge.open_issue(PROJECT, title="It crashes", author="kim")
    say("run", "--once", code=1)
    dead = {one["issue"]: one["id"] for one in json.loads(say("dead", "--json"))}
    assert set(dead) == {f"{KEY}#{first}", f"{KEY}#{second}"}

    say("drop", dead[f"{KEY}#{second}"], "--yes")
    world.agent.answer = lambda task: decision(
        task, {"type": "add_label", "label": "bug"}, {"type": "comment", "body": "Which version is that?"}
    )
    assert f"paused: nothing is written to {KEY}" in say("pause", KEY)
    assert "+bug: planned" in say("retry", dead[f"{KEY}#{first}"])
    assert world.effects() == []
    assert f"{KEY}: resumed" in say("resume", KEY)
    say("run", "--once")
    (held,) = json.loads(say("pending", KEY, "--json"))
    say("approve", held["id"])
    issue = world.forge.issue(PROJECT, first)
    assert (issue.labels, [said.author for said in issue.comments]) == (("bug",), [BOT])
    say("status")
    checked = say("check")
    assert f"{KEY}: public; issues can be read and changed" in checked
    assert "a personal access token with api, which is what is needed" in checked
