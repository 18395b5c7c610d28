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
