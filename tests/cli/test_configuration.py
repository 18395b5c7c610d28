from __future__ import annotations

import json

import pytest
import yaml

from foreman.cli.main import main
from tests.config.documents import SPECIFICATION

SECRETS = {"GITHUB_TOKEN": "token-" + "x" * 20, "ANTHROPIC_API_KEY": "key-" + "y" * 20}


@pytest.fixture
def config(tmp_path, monkeypatch) -> str:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "config.yaml"
    path.write_text(SPECIFICATION)
    return str(path)


def test_show_prints_yaml_with_defaults_and_without_secrets(config, capsys) -> None:
    code = main(["--config", config, "config", "show"])

    answer, story = capsys.readouterr()
    assert code == 0
    assert not story
    data = yaml.safe_load(answer)
    assert data["identity"]["github_token"] == "${GITHUB_TOKEN}"
    assert data["policy"]["max_actions"] == 5
    assert "# my-org/my-repo, every 60 s" in answer
    assert not [value for value in SECRETS.values() if value in answer]


def test_show_as_json_holds_what_is_effective_for_each_repository(config, capsys) -> None:
    assert main(["--config", config, "config", "show", "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    (plan,) = document["effective"]
    assert document["source"] == config
    assert plan["repo"] == "my-org/my-repo"
    assert plan["agents"][0]["policy"]["labels_add"] == ["bug", "question"]
    assert not [value for value in SECRETS.values() if value in json.dumps(document)]


MANY = """
repos:
  - {owner: acme, name: "*", exclude: [old], enabled: no}
  - {forge: gitlab, path: group/**, agents: [{type: issue-triage, mode: shadow, config: {proxy: "${PROXY_PASSWORD}"}}]}
"""
BASE = """
identity: {github_token: "${GITHUB_TOKEN}", github_user: bot, gitlab_token: "${GITHUB_TOKEN}", gitlab_user: bot}
defaults: {agents: [{type: issue-triage}], policy: {links: ["https://example.org/${PROXY_PASSWORD}/"]}}
repos: [{owner: acme, name: own}]
"""


@pytest.fixture
def many(config, tmp_path, monkeypatch) -> str:
    monkeypatch.setenv("PROXY_PASSWORD", "hunter2-hunter2")
    (tmp_path / "config.yaml").write_text("extends: base.yaml\n" + MANY)
    (tmp_path / "base.yaml").write_text(BASE)
    return config


def test_show_tells_what_holds_for_one_repository_and_where_it_is_written(many, run) -> None:
    done = run("config", "show", "gitlab:group/sub/project", config=many)

    assert (done.code, done.story) == (0, "")
    lines = done.answer.splitlines()
    assert lines[0] == f"gitlab:group/sub/project by the pattern gitlab:group/**: repos[1] ({many}:5)"
    assert lines[2].split() == ["KEY", "VALUE", "FROM", "WHERE"]
    rows = {line.split()[0]: line.split()[1:] for line in lines if len(line.split()) > 2}
    assert rows["mode"] == ["shadow", "agent", f"{many}:5"]
    assert rows["enabled"] == ["true", "built", "in"]
    assert rows["config.proxy"] == ["${PROXY_PASSWORD}", "agent,", "${PROXY_PASSWORD}", f"{many}:5"]
    assert rows["policy.links"][1:3] == ["defaults,", "${PROXY_PASSWORD}"]


def test_show_of_one_repository_as_json_keeps_its_shape(many, run, tmp_path) -> None:
    document = json.loads(run("config", "show", "acme/any", "--json", config=many).answer)

    settings, agents = document.pop("settings"), document.pop("agents")
    assert document == {
        "source": many,
        "extends": [str(tmp_path / "base.yaml")],
        "repo": "acme/any",
        "entry": "acme/* (not old)",
        "level": "pattern",
        "path": "repos[0]",
        "file": many,
        "line": 4,
    }
    assert settings[0] == {
        "key": "enabled", "value": False, "level": "pattern", "path": "repos[0].enabled",
        "file": many, "line": 4, "variables": [],
    }  # fmt: skip
    assert [set(one) for one in agents] == [{"agent", "settings"}]
    assert {frozenset(row) for one in agents for row in one["settings"]} == {frozenset(settings[0])}


def test_show_refuses_what_no_entry_is_for(many, run) -> None:
    for where, message in (
        ("acme/old", "there is acme/own, acme/* (not old), gitlab:group/**"),
        ("acme", "is no repository"),
    ):
        done = run("config", "show", where, config=many)

        assert done.code == 2
        assert message in done.story


@pytest.mark.parametrize("where", [[], ["acme/own"], ["gitlab:group/x"]])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_form_of_show_tells_a_secret(where: list[str], form: list[str], many, run) -> None:
    done = run("config", "show", *where, *form, config=many)

    assert done.code == 0
    assert "${PROXY_PASSWORD}" in done.answer
    assert "hunter2" not in done.answer
    assert not [value for value in SECRETS.values() if value in done.answer]


def test_validate_looks_at_every_file(many, run, tmp_path) -> None:
    assert run("config", "validate", config=many).answer == f"{many}: valid, 1 repository and 2 patterns\n"

    (tmp_path / "base.yaml").write_text(BASE + "polcy: {}\n")
    done = run("config", "validate", config=many)

    assert done.code == 2
    assert f"(line 5 of {tmp_path}/base.yaml)" in done.story


def test_validate_says_that_all_is_well(config, capsys) -> None:
    assert main(["--config", config, "config", "validate"]) == 0
    assert capsys.readouterr().out == f"{config}: valid, 1 repository\n"

    assert main(["--config", config, "config", "validate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"source": config, "valid": True, "problems": []}


def test_the_configuration_of_the_demo_is_valid(demo, run) -> None:
    """Its token is there only while its forge runs."""
    done = run("config", "validate", config=demo.config)

    assert (done.code, done.story) == (0, "")


def test_validate_tries_every_secret(config, capsys, monkeypatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")

    code = main(["--config", config, "config", "validate"])

    answer, story = capsys.readouterr()
    assert code == 2
    assert not answer
    assert "identity.github_token: the variable GITHUB_TOKEN is not set" in story
    assert "llm.api_key: the variable ANTHROPIC_API_KEY is empty" in story
    assert len(story.splitlines()) == 2


def test_validate_lists_every_problem_in_both_forms(config, capsys, tmp_path) -> None:
    (tmp_path / "config.yaml").write_text("identity: {github_usr: x}\nrepo: []\n")

    assert main(["--config", config, "config", "validate"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert main(["--config", config, "config", "validate", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)

    assert not document["valid"]
    assert document["source"] == config
    assert lines == [f"foreman: {config}: {one['path']}: {one['message']}" for one in document["problems"]]
    assert {one["path"] for one in document["problems"]} == {"identity.github_usr", "repo", "repos"}


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        ([], "Foreman configuration"),
        (["config"], "Foreman configuration"),
        (["task"], "Task (agent protocol v0)"),
        (["decision"], "Decision (agent protocol v0)"),
    ],
)
def test_schema_prints_the_published_schema(arguments: list[str], title: str, capsys, project) -> None:
    assert main(["config", "schema", *arguments]) == 0

    schema = json.loads(capsys.readouterr().out)
    name = arguments[0] if arguments else "config"
    assert schema["title"] == title
    assert schema == json.loads((project / "docs/schema" / f"{name}.json").read_text())


def test_without_a_configuration_it_says_how_to_get_one(capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["config", "show"]) == 2

    assert "`foreman init` writes one" in capsys.readouterr().err
