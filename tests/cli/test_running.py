from __future__ import annotations

import json

import pytest

from foreman.cli.running import show_thoughts


def test_a_dry_run_decides_and_changes_nothing_on_the_forge_nor_in_the_log(own_demo, run) -> None:
    before = own_demo.forge_state
    logged = run("log", "--json", config=own_demo.config).answer

    done = run("triage", "acme/widget#3", "--dry-run", "--json", config=own_demo.config)

    facts = json.loads(done.answer)
    assert done.code == 0
    assert facts["dry_run"]
    assert facts["decisions"][0]["decision"] == "skip"
    assert facts["decisions"][0]["model_calls"] == 0
    assert json.loads(own_demo.forge_state) == json.loads(before)
    assert run("log", "--json", config=own_demo.config).answer == logged


def test_a_dry_run_that_would_act_sends_the_forge_nothing_but_reads(world, run) -> None:
    number = world.forge.open_issue("acme/widget", title="It crashes", author="kim")

    done = run("triage", f"acme/widget#{number}", "--dry-run", config=world.file)

    assert done.code == 0
    assert "add_label bug: allow, would be planned" in done.answer
    assert {entry.method for entry in world.forge.ledger} == {"GET"}
    assert world.entries(number) == ()


@pytest.mark.parametrize(
    ("spent", "told"),
    [
        ({"model_calls": 0}, "model: not asked, USD 0; 7 ms"),
        (
            {"model_calls": 1, "model": "m-1", "input_tokens": 14, "output_tokens": 5, "usd": 0.00012},
            "model: m-1, 1 call, 14 + 5 tokens, USD 0.0001; 7 ms",
        ),
        (
            {"model_calls": 2, "model": "m-2", "input_tokens": 3, "output_tokens": 4, "usd": None},
            "model: m-2, 2 calls, 3 + 4 tokens, USD unknown; 7 ms",
        ),
    ],
)
def test_a_dry_run_tells_which_model_was_asked_and_what_it_cost(spent, told, capsys) -> None:
    fact = {"issue": "a/b#1", "title": "t", "agent": "issue-triage", "mode": "auto", "decision": "skip"}
    nothing = {"rationale": "why", "actions": [], "input_tokens": 0, "output_tokens": 0, "usd": 0.0, "duration_ms": 7}
    show_thoughts([{**fact, **nothing, **spent}])

    assert capsys.readouterr().out.splitlines()[-1].strip() == told


def test_triage_acts_on_one_issue_and_tells_what_was_done(world, run) -> None:
    number = world.forge.open_issue("acme/widget", title="It crashes", author="kim")
    world.forge.open_issue("acme/widget", title="Another", author="kim")

    done = run("triage", f"{world.forge.url}/api/v3/repos/acme/widget/issues/{number}", config=world.file)

    assert done.code == 0, done.story
    assert "+bug: done" in done.answer
    assert [task["payload"]["issue"]["number"] for task in world.agent.tasks] == [number]
    assert len(world.effects()) == 1


def test_triage_tells_when_the_work_has_not_ended(world, run) -> None:
    number = world.forge.open_issue("acme/widget", title="It crashes", author="kim")
    world.agent.answer = lambda task: 500

    done = run("triage", f"acme/widget#{number}", "--json", config=world.file)

    assert done.code == 1
    facts = json.loads(done.answer)
    assert facts["decisions"] == []
    assert "issue-triage: ready" in facts["waiting"]


def test_triage_of_an_issue_that_is_not_there_fails_and_says_so(world, run) -> None:
    """The number of a discussion is such a one: GitHub's API for issues knows nothing of it."""
    plain = run("triage", "acme/widget#999", config=world.file)
    facts = json.loads(run("triage", "acme/widget#999", "--json", config=world.file).answer)
    dry = run("triage", "acme/widget#999", "--dry-run", config=world.file)

    assert (plain.code, dry.code) == (1, 1)
    assert "read issue acme/widget: Not Found" in plain.answer
    assert "Not Found" in facts["waiting"] + facts["dropped"], "asked again for a while: a forge can be behind"
    assert "read issue acme/widget: Not Found" in dry.story
    for said in (plain.answer, dry.story):
        assert "acme/widget#999 is no issue that the account can see" in said
        assert "or a discussion" in said
        assert said.count("\n") == 1
    assert world.agent.tasks == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["acme/widget"], "'acme/widget' is no issue: write owner/repo#12"),
        (["acme/other#1"], "acme/other is not in the configuration; there is acme/widget"),
        (["acme/widget#1", "--agent", "gardener"], "no agent 'gardener' works on acme/widget; there is issue-triage"),
        (["https://example.org/acme/widget/pull/1"], "is elsewhere"),
        (["https://github.com/acme/widget/issues/1"], "is elsewhere: the configuration's forges are 127.0.0.1"),
    ],
)
def test_triage_of_what_is_not_there_is_wrong_usage(arguments, message, demo, run) -> None:
    done = run("triage", *arguments, config=demo.config)

    assert done.code == 2
    assert not done.answer
    assert message in done.story


def test_run_once_tells_what_it_did_and_why_a_first_look_does_nothing(world, run) -> None:
    world.config["polling"]["first_run"] = "new"
    world.forge.open_issue("acme/widget", title="Old", author="kim")
    first = run("run", "--once", config=world.file)
    world.forge.open_issue("acme/widget", title="It crashes", author="kim")
    second = run("run", "--once", config=world.file)

    assert (first.code, second.code) == (0, 0)
    assert "first look: only what is opened from now on is handled" in first.story
    assert "polled 1: 1 decided" in second.story


def test_run_once_fails_when_a_poll_or_a_task_failed(world, run) -> None:
    world.forge.open_issue("acme/widget", title="It crashes", author="kim")
    world.agent.answer = lambda task: b"no decision"
    unanswered = run("run", "--once", config=world.file)
    world.config["repos"].append(world.repo("acme/gone"))
    unknown = run("run", "--once", config=world.file)

    assert (unanswered.code, unknown.code) == (1, 1)
    assert " retry" in unanswered.story  # a slow machine has time for more than one
    assert "acme/gone: " in unknown.story


def test_a_token_of_somebody_else_is_a_wrong_configuration(world, run) -> None:
    world.config["identity"]["github_user"] = "somebody-else"

    done = run("run", "--once", config=world.file)

    assert done.code == 2
    assert "identity.github_user: is 'somebody-else', but the token belongs to 'acme-foreman'" in done.story
    assert world.token not in done.story
