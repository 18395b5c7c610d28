from __future__ import annotations

import re
import subprocess
import sys

import jsonschema
import pytest
import yaml

from foreman.config.reference import SCHEMAS, keys
from tests.config.documents import SPECIFICATION, load

DECISION = {"task_id": "0" * 36, "decision": "skip", "rationale": "", "actions": []}


def valid(schema: str, document: object) -> bool:
    return jsonschema.Draft202012Validator(SCHEMAS[schema]()).is_valid(document)


def test_pages_and_schemas_are_up_to_date(project) -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=project, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_every_key_is_in_the_example(project) -> None:
    example = (project / "config.example.yaml").read_text()

    for path, *_ in keys():
        name = path.rpartition(".")[2]
        assert re.search(rf"\b{re.escape(name)}: |\b{re.escape(name)}:$", example, re.MULTILINE), path


def test_every_key_says_what_it_is_for() -> None:
    rows = list(keys())

    assert len(rows) > 60
    assert not [path for path, _, _, description in rows if len(description) < 5]
    assert not [path for path, takes, _, _ in rows if takes == "anything"]


def test_the_schema_takes_what_the_loader_takes(project) -> None:
    example = yaml.safe_load((project / "config.example.yaml").read_text())

    assert valid("config", yaml.safe_load(SPECIFICATION))
    assert valid("config", example)
    assert valid("config", {**example, "workers": "${WORKERS:-3}"})
    assert load(yaml.safe_dump({**example, "workers": "${WORKERS:-3}"})).workers == 3


@pytest.mark.parametrize(
    "change",
    [{"polcy": {}}, {"workers": 0}, {"mode": "fast"}, {"repos": None}, {"identity": {"github_token": "literal"}}],
)
def test_the_schema_refuses_what_the_loader_refuses(change: dict, project) -> None:
    example = yaml.safe_load((project / "config.example.yaml").read_text())

    assert not valid("config", {**example, **change})


def test_the_schema_takes_a_file_that_holds_a_part() -> None:
    assert valid("config", {"extends": ["base.yaml", "~/other.yaml"], "defaults": {"mode": "shadow"}})
    assert valid("config", {"extends": "base.yaml", "repos": [{"owner": "a", "name": "*", "exclude": ["x"]}]})
    assert not valid("config", {"defaults": {"enabled": True}})
    assert not valid("config", {"extends": 5})


def test_a_silent_decision_carries_no_actions_in_the_schema_either() -> None:
    label = {"type": "add_label", "label": "bug"}

    assert valid("decision", DECISION)
    assert valid("decision", {**DECISION, "decision": "label_and_respond", "actions": [label]})
    assert not valid("decision", {**DECISION, "actions": [label]})
    assert not valid("decision", {**DECISION, "extra": 1})
    assert not valid("decision", {**DECISION, "decision": "close", "actions": [{"type": "delete_repo"}]})
