from __future__ import annotations

import json

import pytest

from tests.world import REPO, decision


@pytest.fixture
def given_up(world, run):
    """Return a world with one task that gave up."""
    world.config["agents"]["issue-triage"]["max_retries"] = 0
    world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.agent.answer = lambda task: b"no decision"
    assert run("run", "--once", config=world.file).code == 1
    return world


def test_dead_tells_the_whole_story(given_up, run) -> None:
    (one,) = json.loads(run("dead", "--json", config=given_up.file).answer)
    people = run("dead", config=given_up.file)

    assert (one["issue"], one["agent"], one["event"]) == (f"{REPO}#1", "issue-triage", "opened")
    assert one["reason"]
    assert [run_["outcome"] for run_ in one["story"]] == ["dead"]
    assert people.code == 0
    assert f"{one['id']}  {REPO}#1  issue-triage, opened" in people.answer
    assert f"foreman retry {one['id']}" in people.answer


def test_retry_does_it_now(given_up, run) -> None:
    (one,) = json.loads(run("dead", "--json", config=given_up.file).answer)
    still = run("retry", one["id"], config=given_up.file)
    given_up.agent.answer = lambda task: decision(task, {"type": "add_label", "label": "bug"})
    (again,) = json.loads(run("dead", "--json", config=given_up.file).answer)

    done = run("retry", again["id"], config=given_up.file)

    assert still.code == 1
    assert done.code == 0, done.story
    assert "+bug: done" in done.answer
    assert given_up.forge.issue(REPO, 1).labels == ("bug",)
    assert run("dead", config=given_up.file).answer == "no task gave up\n"


def test_drop_shows_what_it_would_and_gives_up_for_good(given_up, run) -> None:
    (one,) = json.loads(run("dead", "--json", config=given_up.file).answer)

    plan = run("drop", one["id"], config=given_up.file)
    assert plan.code == 0
    assert "nothing was changed yet: say --yes to do it" in plan.answer
    assert json.loads(run("dead", "--json", config=given_up.file).answer)
    assert run("drop", one["id"], "--yes", config=given_up.file).code == 0
    assert json.loads(run("dead", "--json", config=given_up.file).answer) == []
    gone = run("retry", one["id"], config=given_up.file)
    assert gone.code == 2
    assert f"task {one['id']} is cancelled, not dead" in gone.story


@pytest.mark.parametrize("command", ["retry", "drop"])
def test_a_task_that_is_not_there_is_wrong_usage(command, demo, run) -> None:
    done = run(command, "4711", config=demo.config)

    assert (done.code, done.answer) == (2, "")
    assert "there is no task 4711 (`foreman dead` lists those that gave up)" in done.story


def test_a_task_of_a_repository_that_left_the_configuration_can_only_be_dropped(given_up, run) -> None:
    (one,) = json.loads(run("dead", "--json", config=given_up.file).answer)
    given_up.config["repos"] = [given_up.repo("acme/other")]

    done = run("retry", one["id"], config=given_up.file)

    assert done.code == 2
    assert f"issue-triage does not work on {REPO} any more: `foreman drop {one['id']}`" in done.story


def test_a_pause_stops_writing_survives_and_is_shown(world, run) -> None:
    world.forge.open_issue(REPO, title="It crashes", author="kim")

    paused = run("pause", REPO, "--reason", "release day", config=world.file)
    run("run", "--once", config=world.file)
    status = run("status", config=world.file)

    assert (paused.code, paused.answer) == (0, f"paused: nothing is written to {REPO} until `foreman resume {REPO}`\n")
    assert world.effects() == []
    assert ": release day" in status.answer
    assert "auto (paused)" in status.answer

    assert run("resume", REPO, config=world.file).answer == f"{REPO}: resumed\n"
    run("run", "--once", config=world.file)
    assert len(world.effects()) == 1


def test_an_issue_is_left_alone_until_it_is_resumed(world, run) -> None:
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    issue = f"{REPO}#{number}"
    told = run("pause", issue, config=world.file)
    run("run", "--once", config=world.file)

    assert told.answer == f"paused: nothing is done about {issue} until `foreman resume {issue}`\n"
    assert (world.agent.tasks, world.effects()) == ([], [])
    assert run("resume", issue, config=world.file).answer == f"{issue}: resumed\n"


def test_resuming_one_repository_does_not_end_the_pause_of_all(world, run) -> None:
    run("pause", config=world.file)

    done = run("resume", REPO, config=world.file)

    assert done.answer.splitlines() == [f"{REPO}: was not paused", "still paused: every repository"]
    assert run("resume", config=world.file).answer == "every repository: resumed\n"


@pytest.mark.parametrize(("word", "message"), [("acme/other", "is not in the configuration"), ("x", "no repository")])
def test_a_pause_of_what_is_not_there_is_wrong_usage(word, message, demo, run) -> None:
    done = run("pause", word, config=demo.config)

    assert (done.code, done.answer) == (2, "")
    assert message in done.story


def test_an_issue_that_is_left_to_a_person_is_named_until_it_was_seen(world, run) -> None:
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.agent.answer = lambda task: decision(task, decision="escalate", rationale="Draft: please write to us.")
    assert run("run", "--once", config=world.file).code == 0
    told = run("status", config=world.file)

    assert told.code == 1
    assert f"{REPO}#{number} is left to you" in told.answer
    assert "Draft" in run("explain", 1, config=world.file).answer
    assert run("seen", 99, config=world.file).code == 2
    assert run("seen", 1, config=world.file).code == 0
    assert run("status", config=world.file).code == 0


def test_a_report_of_a_hole_gets_no_answer_in_public_and_is_told_to_a_person(world, run) -> None:
    number = world.forge.open_issue(
        REPO, title="SQL injection in the search", body="An attacker can read everything.", author="kim"
    )
    world.agent.answer = lambda task: decision(
        task, {"type": "add_label", "label": "bug"}, {"type": "comment", "body": "Thanks, which version?"}
    )
    run("run", "--once", config=world.file)
    told = run("status", config=world.file)

    issue = world.forge.issue(REPO, number)
    assert (issue.labels, issue.comments) == ((), ())
    assert f"{REPO}#{number} may report a security hole in public" in told.answer
    assert told.code == 1
