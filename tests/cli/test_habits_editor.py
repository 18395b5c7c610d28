"""The schema of the configuration does its work in an editor: found by its line, read by validators of any age."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

MODELINE = re.compile(r"^# yaml-language-server: \$schema=(\S+)$", re.MULTILINE)


@pytest.fixture
def example(project) -> str:
    return Path(project, "config.example.yaml").read_text(encoding="utf-8")


def test_the_line_for_editors_leads_to_the_schema(project, example, run) -> None:
    (named,) = MODELINE.findall(example)

    assert json.loads(Path(project, named).read_text()) == json.loads(run("config", "schema").answer)


def test_the_validator_of_editors_and_hooks_takes_the_example_and_finds_what_is_wrong(
    project, example, tmp_path
) -> None:
    wrong = tmp_path / "wrong config.yaml"
    wrong.write_text(example.replace("timeout_seconds: 60 ", "timeout_seconds: soon ").replace("workers:", "wrokers:"))
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", "docs/schema/config.json"]

    good = subprocess.run([*command, "config.example.yaml"], cwd=project, capture_output=True, text=True, timeout=110)
    bad = subprocess.run([*command, str(wrong)], cwd=project, capture_output=True, text=True, timeout=110)

    assert (good.returncode, bad.returncode) == (0, 1), good.stdout + good.stderr
    assert "llm.timeout_seconds" in bad.stdout
    assert "wrokers" in bad.stdout


@pytest.mark.parametrize("validator", [jsonschema.Draft7Validator, jsonschema.Draft202012Validator])
def test_a_language_server_of_an_older_draft_comes_to_the_same(project, example, validator) -> None:
    """Many read draft 7 alone, whatever the schema declares: nothing in it may mean something else there."""
    schema: dict[str, Any] = json.loads(Path(project, "docs/schema/config.json").read_text())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    check = validator({key: value for key, value in schema.items() if key != "$schema"})
    document = yaml.safe_load(example)

    assert check.is_valid(document)
    for change in (
        {"polcy": {}},
        {"workers": 0},
        {"mode": "fast"},
        {"llm": {"provider": 5}},
        {"repos": [{"owner": 1}]},
    ):
        assert not check.is_valid({**document, **change}), change


def test_every_key_tells_an_editor_what_it_is_for(project) -> None:
    schema = json.loads(Path(project, "docs/schema/config.json").read_text())

    silent = [
        f"{name}.{key}"
        for name, one in {"": schema, **schema["$defs"]}.items()
        for key, about in one.get("properties", {}).items()
        if not {**schema["$defs"].get(about.get("$ref", "").rpartition("/")[2], {}), **about}.get("description")
    ]
    assert silent == []
