"""`foreman check` at tokens and apps: what is missing, what is too much, and when it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foreman.sandbox import Fault, reply
from tests.cli.test_checking import findings
from tests.end_to_end.test_app_identity import AppWorld
from tests.world import BOT, REPO, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AppWorld]:
    made = AppWorld(tmp_path)
    yield made
    made.close()


@pytest.fixture
def person(world: AppWorld) -> AppWorld:
    """The same world, looked after with a person's token."""
    world.config["identity"] = {
        "github_token": "${FOREMAN_TEST_TOKEN}",
        "github_user": BOT,
        "github_api_url": world.forge.url,
    }
    return world


def test_an_app_with_what_is_needed_is_in_place(world: AppWorld, run) -> None:
    done = run("check", "--json", config=world.file)

    found = findings(done)
    assert done.code == 0, done
    assert found["account"]["text"] == "the app writes as acme-triage[bot] on github"
    assert found["token"]["text"] == "an app with issues: write, metadata: read, which is what is needed"
    assert found[REPO]["text"] == "public; issues can be read and changed"
    assert {result["result"] for what, result in found.items() if not what.startswith("agent")} == {"ok"}
    assert not [token for token in world.forge.app_tokens() if token in done.answer]


def test_permissions_that_are_missing_or_of_no_use_are_named(world: AppWorld, run) -> None:
    granted = {"issues": "read", "contents": "write", "pull_requests": "read"}
    world.forge.grant_app(world.app.installation_id, permissions=granted)

    done = run("check", "--json", config=world.file)

    told = {one["text"]: one for one in json.loads(done.answer)["findings"] if one["what"] == "token"}
    missing = told["the app was not granted issues: write"]
    more = told["the app was granted what is of no use here: contents: write, pull_requests: read"]
    assert (missing["result"], more["result"], done.code) == ("fail", "warn", 1)
    assert "accept it on the page of the installation" in missing["remedy"]
    assert "take it away" in more["remedy"]


def test_an_agent_that_asks_for_pull_requests_needs_to_read_them(world: AppWorld, run) -> None:
    agent = world.config["repos"][0]["agents"][0]
    agent["events"] = [*agent["events"], "pull_request.opened"]

    assert findings(run("check", "--json", config=world.file))["token"]["text"] == (
        "the app was not granted pull_requests: read"
    )
    world.forge.grant_app(world.app.installation_id, permissions={"issues": "write", "pull_requests": "read"})
    assert findings(run("check", "--json", config=world.file))["token"]["result"] == "ok"


def test_a_private_repositorys_files_take_a_permission_that_nothing_else_needs(world: AppWorld, run) -> None:
    world.forge.write_file(REPO, "MISSION.md", "Ours.")
    world.forge._world.repo(REPO).private = True

    without = findings(run("check", "--json", config=world.file))
    world.forge.grant_app(world.app.installation_id, permissions={"issues": "write", "contents": "read"})
    granted = findings(run("check", "--json", config=world.file))

    assert (without["token"]["result"], without[f"{REPO} files"]["result"]) == ("ok", "warn")
    assert "contents: read" in without[f"{REPO} files"]["remedy"]
    assert granted["token"]["text"].startswith("an app with contents: read, issues: write")
    assert granted[f"{REPO} files"]["text"] == "can be read; agents are told its MISSION.md"


@pytest.mark.parametrize(("how", "text"), [("archive", "is archived"), ("disable", "is disabled by the forge")])
def test_a_repository_where_nothing_can_be_done_is_told(world: AppWorld, run, how: str, text: str) -> None:
    getattr(world.forge, how)(REPO)

    found = findings(run("check", "--json", config=world.file))[REPO]

    assert (found["result"], text in found["text"]) == ("fail", True)


def test_what_shadow_does_not_need_is_a_warning(world: AppWorld, run) -> None:
    world.config["mode"] = "shadow"
    world.forge.grant_app(world.app.installation_id, permissions={"issues": "read"})

    done = run("check", "--json", config=world.file)

    assert (done.code, findings(done)["token"]["result"]) == (0, "warn")


def test_repositories_outside_of_the_installation_are_named(world: AppWorld, run) -> None:
    world.forge.add_repo("acme/hidden", private=True)
    world.forge.add_repo("elsewhere/thing")
    world.config["repos"] += [world.repo("acme/hidden"), world.repo("elsewhere/thing")]

    done = run("check", "--json", config=world.file)

    found = findings(done)
    assert done.code == 1
    assert found["installation"]["text"] == "the app is not installed on acme/hidden, elsewhere/thing"
    assert found["acme/hidden"]["result"] == "fail"
    assert found["elsewhere/thing"]["remedy"].startswith("let the app into it, with issues: read and write: ")
    assert found[REPO]["result"] == "ok", "one that is missing spoils nothing for the rest"


def test_a_pattern_is_looked_up_and_its_repositories_count(world: AppWorld, run) -> None:
    world.forge.add_repo("acme/hidden", private=True)
    world.forge.grant_app(world.app.installation_id, repositories=[REPO, "acme/hidden"])
    agents = world.config["repos"][0]["agents"]
    world.config["repos"] = [{"path": "acme/*", "agents": agents}, {"path": "nobody/*", "agents": agents}]

    done = run("check", "--json", config=world.file)

    found = findings(done)
    assert found["acme/*"]["text"] == "2 repositories at the moment"
    assert found["nobody/*"]["result"] == "warn"
    assert found["token"]["result"] == "ok"
    assert "installation" not in found


@pytest.mark.parametrize(
    ("scopes", "private", "result", "text"),
    [
        ("public_repo", False, "ok", "a classic token with public_repo, which is what is needed"),
        ("repo", False, "warn", "more than is needed: repo"),
        ("public_repo, admin:org, workflow", False, "warn", "more than is needed: admin:org, workflow"),
        ("repo", True, "ok", "a classic token with repo, which is what is needed"),
        ("repo, delete_repo", True, "warn", "more than is needed: delete_repo"),
        ("public_repo", True, "fail", f"with public_repo: repo is needed for {REPO}"),
        ("", False, "fail", "with no scope: public_repo is needed to change issues"),
        (None, False, "ok", "a fine-grained token; the forge does not tell what it may do"),
    ],
)
def test_a_persons_token_is_told_by_its_scopes(
    person: AppWorld, run, monkeypatch, scopes: str | None, private: bool, result: str, text: str
) -> None:
    token = person.forge.give_token(BOT, scopes=scopes, token="" if scopes is not None else "github_pat_" + "A1" * 20)
    monkeypatch.setenv("FOREMAN_TEST_TOKEN", token)
    person.forge._world.repo(REPO).private = private

    found = findings(run("check", "--json", config=person.file))["token"]

    assert (found["result"], bool(found["remedy"])) == (result, result != "ok")
    assert text in found["text"]


@pytest.mark.parametrize(("days", "result"), [(3, "warn"), (60, None)])
def test_a_token_that_ends_soon_is_told(person: AppWorld, run, days: int, result: str | None) -> None:
    at = datetime.now(UTC) + timedelta(days=days)
    person.forge.give_token(BOT, expires=f"{at:%Y-%m-%d %H:%M:%S} UTC")

    found = findings(run("check", "--json", config=person.file))

    assert found.get("token end", {}).get("result") == result
    if result:
        assert found["token end"]["text"] == f"ends on {at:%Y-%m-%d}"


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, kind="gitlab")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("scopes", "mode", "result", "text"),
    [
        (["api"], "auto", "ok", "a personal access token with api, which is what is needed"),
        (["api", "sudo", "write_repository"], "auto", "warn", "more than is needed: sudo, write_repository"),
        (["read_api"], "auto", "fail", "with read_api: api is needed to change issues"),
        (["read_api"], "shadow", "warn", "with read_api: api is needed to change issues"),
    ],
)
def test_a_token_of_gitlab_is_told_by_its_scopes(
    gitlab: World, run, scopes: list[str], mode: str, result: str, text: str
) -> None:
    gitlab.config["mode"] = mode
    gitlab.forge.limit_token(BOT, *scopes)

    done = run("check", "--json", config=gitlab.file)

    found = findings(done)["token"]
    assert (found["result"], bool(found["remedy"])) == (result, result != "ok")
    assert text in found["text"]
    assert findings(done)["clock"]["result"] == "ok"


def test_a_role_on_gitlab_that_is_too_low_is_told_with_the_one_it_takes(gitlab: World, run) -> None:
    gitlab.forge.add_collaborator(REPO, BOT, permission="read")

    found = findings(run("check", "--json", config=gitlab.file))[f"gitlab:{REPO}"]

    assert found["result"] == "fail"
    assert found["remedy"].startswith(
        "give the bot at least the role Planner, or Reporter where there is no Planner: "
    )


def test_what_cannot_be_asked_is_a_warning_and_a_pattern_of_nobody_a_failure(person: AppWorld, run) -> None:
    agents = person.config["repos"][0]["agents"]
    person.config["repos"] = [{"path": "nobody/*", "agents": agents}, {"path": "acme/*", "agents": agents}]
    person.forge.add_collaborator(REPO, BOT, permission="read")

    found = findings(run("check", "--json", config=person.file))

    assert found["nobody/*"]["result"] == "fail"
    assert found["acme/*"]["result"] == "warn"
    assert found["acme/*"]["text"] == "the token may not change issues on acme/widget of 1"


def test_an_app_whose_installation_cannot_be_read_is_a_warning(world: AppWorld, run) -> None:
    world.forge.inject(Fault(path="/installation/repositories", action=reply(502)))

    found = findings(run("check", "--json", config=world.file))["token"]

    assert found["result"] == "warn"
    assert "could not be read" in found["text"]


def test_a_login_that_is_not_the_apps_is_told(world: AppWorld, run) -> None:
    world.config["identity"]["github_user"] = "acme-triage"

    found = findings(run("check", "--json", config=world.file))["account"]

    assert found["result"] == "fail"
    assert found["text"] == "identity.github_user: is 'acme-triage', but the app writes as 'acme-triage[bot]'"
    assert found["remedy"].startswith("correct it, or leave it out")


def test_a_clock_that_is_off_is_told_by_the_forges(world: AppWorld, run) -> None:
    world.forge._clock = lambda: datetime.now(UTC) + timedelta(minutes=4)
    world.forge._front._clock = world.forge._clock

    found = findings(run("check", "--json", config=world.file))["clock"]

    assert found["result"] == "warn"
    assert 230 < int(found["text"].split()[0]) < 250
