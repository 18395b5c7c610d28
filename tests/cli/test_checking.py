from __future__ import annotations

import json
import os

import pytest

from foreman.app.checkup_agents import QUESTION
from foreman.llm.recorded import key_of
from tests.fake_engine import fake_engine
from tests.world import BOT, REPO, TOKEN


def findings(done) -> dict[str, dict]:
    """Return what was found, by what was looked at; all of it says why it matters and what mends it."""
    found = json.loads(done.answer)["findings"]
    for one in found:
        assert (one["result"] == "ok") == (not one["why"]) == (not one["remedy"])
    return {one["what"]: one for one in found}


def test_on_the_demo_everything_is_in_place_but_a_seal(demo, run) -> None:
    done = run("check", config=demo.config)

    assert (done.code, done.story) == (0, "")
    results = {line.split(": ")[0].split(maxsplit=1)[1]: line.split()[0] for line in done.answer.splitlines()}
    assert results == {
        "config": "ok",
        "secrets": "ok",
        "account": "ok",
        "clock": "ok",
        "token": "ok",
        "acme/widget": "ok",
        "acme/widget labels": "ok",
        "acme/widget files": "ok",
        "model": "ok",
        "agent issue-triage": "warn",
        "disk": "ok",
        "database": "ok",
    }


def test_it_writes_nothing(world, run) -> None:
    assert run("check", config=world.file).code == 0

    assert world.effects() == []
    assert world.entries() == ()


def _read_only(world) -> None:
    world.forge.add_collaborator(REPO, BOT, permission="read")


def _wrong_owner(world) -> None:
    world.config["identity"]["github_user"] = "somebody-else"


def _no_repo(world) -> None:
    world.config["repos"] = [world.repo("acme/gone")]


def _more_labels(world) -> None:
    world.config["repos"][0]["agents"][0]["config"]["labels"]["regression"] = ["worked before"]


def _dead_agent(world) -> None:
    world.config["agents"]["issue-triage"]["url"] = "http://127.0.0.1:9"


def _no_engine(world) -> None:
    world.config["agents"] = {}


def _deaf_forge(world) -> None:
    world.config["identity"]["github_api_url"] = "http://127.0.0.1:9"


def _no_key(world) -> None:
    world.config["llm"] = {"provider": "anthropic", "model": "m", "api_key": "${FOREMAN_TEST_UNSET}"}


@pytest.mark.parametrize(
    ("trouble", "what", "result", "text"),
    [
        (_read_only, REPO, "fail", "the token may not change its issues"),
        (_wrong_owner, "account", "fail", "identity.github_user"),
        (_no_repo, "acme/gone", "fail", "does not exist, or the token may not see it"),
        (_more_labels, f"{REPO} labels", "warn", "not on the repository: regression"),
        (_dead_agent, "agent issue-triage", "fail", "does not answer GET http://127.0.0.1:9/health"),
        (_no_engine, "agent issue-triage", "fail", "no container engine answers"),
        (_deaf_forge, "forge", "fail", ""),
        (_no_key, "secrets", "fail", "llm.api_key"),
    ],
)
def test_each_trouble_is_one_line_with_what_to_do(trouble, what, result, text, world, run, monkeypatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    trouble(world)

    done = run("check", "--json", config=world.file)

    found = findings(done)[what]
    assert found["result"] == result
    assert text in found["text"]
    assert found["remedy"]
    assert done.code == (1 if result == "fail" else 0)
    assert not done.story
    assert world.token not in done.answer


@pytest.mark.parametrize(
    ("kernel", "result", "text"),
    [(os.uname().release, "ok", "sealed, image"), ("6.6.12-linuxkit", "warn", "over loopback TCP with a token")],
)
def test_an_engine_in_another_machine_is_told_not_to_seal(world, run, monkeypatch, kernel, result, text) -> None:
    world.config["agents"] = {}
    with fake_engine(kernel) as address:
        monkeypatch.setenv("DOCKER_HOST", address)

        found = findings(run("check", "--json", config=world.file))["agent issue-triage"]
        (listed,) = json.loads(run("agent", "list", "--json", config=world.file).answer)

    assert (found["result"], listed["sealed"]) == (result, result == "ok")
    assert text in found["text"]


def test_an_engine_that_holds_no_limits_is_told(world, run, monkeypatch) -> None:
    world.config["agents"] = {}
    with fake_engine(os.uname().release, limits=False) as address:
        monkeypatch.setenv("DOCKER_HOST", address)

        found = findings(run("check", "--json", config=world.file))["agent issue-triage"]

    assert found["result"] == "warn"
    assert "holds no limit on processes, CPU" in found["text"]


def test_shadow_needs_no_right_to_write(world, run) -> None:
    _read_only(world)
    world.config["mode"] = "shadow"

    done = run("check", "--json", config=world.file)

    assert done.code == 0
    assert findings(done)[REPO]["result"] == "warn"


def test_an_unset_token_is_told_once_for_what_it_is(world, run, monkeypatch) -> None:
    file = world.file
    monkeypatch.delenv(TOKEN)

    done = run("check", "--json", config=file)

    assert done.code == 1
    lacking = findings(done)["secrets"]
    assert lacking["text"] == f"identity.github_token: the variable {TOKEN} is not set"
    assert lacking["remedy"].startswith(f"`read -rs {TOKEN}; export {TOKEN}`")
    assert lacking["remedy"].endswith(f"; made on {world.forge.url}/settings/tokens")
    assert "account" not in findings(done)
    assert "disk" in findings(done)


def test_a_token_that_the_forge_does_not_take_is_told_with_where_to_make_another(world, run, monkeypatch) -> None:
    file = world.file
    monkeypatch.setenv(TOKEN, "no-token-of-anybody")

    refused = findings(run("check", "--json", config=file))["account"]

    assert refused["text"] == "identity.github_token: the forge does not accept this token"
    assert refused["remedy"].endswith(f"; made on {world.forge.url}/settings/tokens")


def test_an_unset_key_of_a_model_is_told_once(world, run) -> None:
    _no_key(world)

    found = findings(run("check", "--json", config=world.file))

    assert found["secrets"]["text"] == "llm.api_key: the variable FOREMAN_TEST_UNSET is not set"
    assert "model" not in found


def test_the_model_is_asked_only_on_demand(world, run, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("FOREMAN_LLM_RECORD", str(tmp_path))
    world.config["llm"] = {"provider": "recorded", "model": "m", "api_base": "http://127.0.0.1:9"}

    quiet = run("check", "--json", config=world.file)
    asked = run("check", "--model", "--json", config=world.file)
    record = {"provider": "recorded", "model": "m-1", "response": {"usage": {"prompt_tokens": 9}}, "usd": None}
    (tmp_path / f"{key_of(QUESTION)}.json").write_text(json.dumps(record))
    answered = run("check", "--model", "--json", config=world.file)

    assert (quiet.code, asked.code, answered.code) == (0, 1, 0)
    assert "not asked" in findings(quiet)["model"]["text"]
    assert "no recorded answer" in findings(asked)["model"]["text"]
    assert findings(answered)["model"]["text"] == "recorded m answers as m-1, 9 + 0 tokens"
