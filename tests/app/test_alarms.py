"""The alert rules that come with Foreman: well formed, about metrics that there are, each shown firing and silent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.promtool import promtool

EXTENSIONS = ("_bucket", "_sum", "_count")


@pytest.fixture
def folder(project: Path) -> Path:
    return project / "deploy" / "prometheus"


@pytest.fixture
def rules(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "foreman.rules.yml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


@pytest.mark.parametrize(("what", "file"), [("check", "foreman.rules.yml"), ("test", "foreman.test.yml")])
def test_prometheus_takes_the_rules_and_they_fire_when_they_should(folder: Path, what: str, file: str) -> None:
    done = promtool(what, "rules", file, folder=folder)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


def test_rules_name_only_metrics_that_there_are(rules: list[dict[str, Any]], project: Path) -> None:
    handbook = (project / "docs" / "operations.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\| `(foreman_[a-z_]+)`", handbook, re.MULTILINE))
    named = {name for rule in rules for name in re.findall(r"\bforeman_[a-z_]+", rule["expr"])}

    assert len(named) > 8
    assert {re.sub(rf"({'|'.join(EXTENSIONS)})$", "", name) for name in named} - known == set()


def test_each_rule_says_what_to_do_and_is_shown_firing_and_silent(folder: Path, rules: list[dict[str, Any]]) -> None:
    shown = [test["name"] for test in yaml.safe_load((folder / "foreman.test.yml").read_text())["tests"]]

    names = [rule["alert"] for rule in rules]
    assert sorted(shown) == sorted(f"{name}, {how}" for name in names for how in ("fires", "keeps silent"))
    for rule in rules:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert len(rule["annotations"]["description"]) > 60, rule["alert"]
        assert rule["annotations"]["summary"]


def test_what_a_rule_tells_people_to_run_exists(rules: list[dict[str, Any]], project: Path) -> None:
    from foreman.cli.main import command_names

    known = command_names()
    said = {
        command
        for rule in rules
        for command in re.findall(r"`foreman ([a-z]+(?: test)?)\b", rule["annotations"]["description"])
    }

    assert len(said) > 5
    assert said - known == set()
    config = (project / "docs" / "config.md").read_text(encoding="utf-8")
    keys = {key for rule in rules for key in re.findall(r"`([a-z_]+\.[a-z_]+)`", rule["annotations"]["description"])}
    assert {key for key in keys if key.rpartition(".")[2] not in config} == set()
