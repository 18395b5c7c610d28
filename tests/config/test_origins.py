from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic_core import to_jsonable_python

from foreman.config import extends, load, reader
from foreman.config.origins import RepoTrace, Setting, trace
from foreman.config.peek import at
from foreman.config.policy import PolicySettings
from foreman.model import RepoRef
from tests.config.documents import IDENTITY
from tests.config.test_defaults import AGENTS, LEVEL, OTHER, REPO, some_of

MAIN = """\
extends: base.yaml
defaults:
  mode: approve
  polling: {interval_seconds: "${EVERY:-30}"}
  agents:
    - type: issue-triage
      config: {stale_days: 30, stale_label: old, labels: {bug: [crash]}, key: "${MY_TOKEN}", none: }
repos:
  - owner: my-org
    name: "*"
    policy: {modes: {close: shadow}, labels: {remove: [a]}}
  - owner: my-org
    name: website
    mode: auto
    policy: {labels: {add: [x]}}
    agents:
      - type: issue-triage
        events: [opened]
        config: {allow_close: yes, stale_label: }
"""
BASE = IDENTITY + "policy:\n  max_labels: 2\n  modes: {comment: approve}\nrepos:\n  - {path: my-org/base}\n"
ENVIRON = {"EVERY": "45", "MY_TOKEN": "hunter2-hunter2"}


def traced(folder: Path, repo: str) -> RepoTrace:
    (folder / "main.yaml").write_text(MAIN)
    (folder / "base.yaml").write_text(BASE)
    written = extends.read(folder / "main.yaml", ENVIRON)
    found = trace(load.build(written, "main.yaml", ENVIRON), written, "main.yaml", RepoRef.parse(repo))
    assert found is not None
    return found


def told(rows: tuple[Setting, ...], key: str) -> tuple[Any, ...]:
    (one,) = [row for row in rows if row.key == key]
    return one.value, one.level, one.path, Path(one.file).name, one.line, one.variables


def test_each_value_names_the_level_and_the_line_that_gave_it(tmp_path: Path) -> None:
    found = traced(tmp_path, "my-org/any")
    (agent,) = found.agents

    assert (found.entry, found.level, found.path, found.file, found.line) == (
        "my-org/*", "pattern", "repos[0]", "main.yaml", 9
    )  # fmt: skip
    assert {
        key: told(found.settings, key)
        for key in ("enabled", "polling.interval_seconds", "policy.max_labels", "policy.modes.close")
    } == {
        "enabled": (True, "default", "", "", None, ()),
        "polling.interval_seconds": (45, "defaults", "defaults.polling.interval_seconds", "main.yaml", 4, ("EVERY",)),
        "policy.max_labels": (2, "global", "policy.max_labels", "base.yaml", 3, ()),
        "policy.modes.close": ("shadow", "pattern", "repos[0].policy.modes.close", "main.yaml", 11, ()),
    }
    assert told(found.settings, "policy.modes.comment")[:4] == (
        "approve", "global", "policy.modes.comment", "base.yaml"
    )  # fmt: skip
    assert told(agent.settings, "mode")[:3] == ("approve", "defaults", "defaults.mode")
    assert told(agent.settings, "events")[1] == "default"
    assert told(agent.settings, "policy.labels.add")[:3] == (
        ["bug", "old"], "defaults", "defaults.agents[0].config.labels"
    )  # fmt: skip
    assert told(agent.settings, "config.none")[:2] == (None, "defaults")


def test_an_entry_and_its_agent_go_before_the_defaults(tmp_path: Path) -> None:
    found = traced(tmp_path, "my-org/website")
    (agent,) = found.agents

    assert (found.level, found.path) == ("repo", "repos[1]")
    assert told(agent.settings, "mode")[:3] == ("auto", "repo", "repos[1].mode")
    assert told(agent.settings, "events")[:3] == (["opened"], "agent", "repos[1].agents[0].events")
    assert told(agent.settings, "policy.allow_close")[:3] == (True, "agent", "repos[1].agents[0].config.allow_close")
    assert told(agent.settings, "config.stale_days")[:3] == (30, "defaults", "defaults.agents[0].config.stale_days")
    assert told(agent.settings, "config.stale_label")[:3] == (None, "agent", "repos[1].agents[0].config.stale_label")
    assert told(found.settings, "policy.labels.add")[:3] == (["x"], "repo", "repos[1].policy.labels.add")
    assert "policy.labels.add" not in {row.key for row in agent.settings}


def test_an_entry_of_a_file_below_is_named_as_it_stands_there(tmp_path: Path) -> None:
    found = traced(tmp_path, "my-org/base")

    assert (found.path, Path(found.file).name, found.line) == ("repos[0]", "base.yaml", 6)


def test_a_private_variable_is_shown_by_its_name(tmp_path: Path) -> None:
    found = traced(tmp_path, "my-org/any")

    assert told(found.agents[0].settings, "config.key")[0] == "${MY_TOKEN}"
    assert "hunter2" not in repr(found)


@settings(max_examples=60, deadline=None)
@given(
    top=some_of(**LEVEL),
    usual=some.fixed_dictionaries({"agents": AGENTS}, optional=LEVEL),
    repo=REPO,
    name=some.sampled_from(["r", "*"]),
)
def test_what_is_told_is_what_holds_and_stands_where_it_is_said_to(
    top: dict[str, Any], usual: dict[str, Any], repo: dict[str, Any], name: str
) -> None:
    sections = {**top, "defaults": usual, "repos": [{"owner": "acme", "name": name, **repo}]}
    text = IDENTITY + OTHER + "".join(f"{key}: {json.dumps(value)}\n" for key, value in sections.items())
    written = reader.parse(text.encode())
    config = load.build(written, "x", {})
    ref = RepoRef.parse("acme/r")
    plan, found = config.plan_of(ref), trace(config, written, "x", ref)
    assert plan is not None
    assert found is not None
    rows = {row.key: row for row in found.settings}

    for row in (*found.settings, *(row for agent in found.agents for row in agent.settings)):
        if row.level == "default":
            assert not row.path
        elif row.key != "policy.labels.add":
            assert row.value == at(written.data, *path_of(row.path)), row
    assert rows["enabled"].value == plan.enabled
    assert rows["polling.interval_seconds"].value == plan.interval_seconds
    assert [agent.agent for agent in found.agents] == [agent.agent for agent in plan.agents]
    for mine, agent in zip(found.agents, plan.agents, strict=True):
        all_rows = {**rows, **{row.key: row for row in mine.settings}}
        policy = {
            **{
                name: getattr(agent.policy, name)
                for name in PolicySettings.model_fields
                if name not in {"labels", "modes"}
            },
            "labels.add": agent.policy.labels_add,
            "labels.remove": agent.policy.labels_remove,
            **{f"modes.{kind}": mode for kind, mode in agent.policy.modes.items()},
        }
        for key, value in policy.items():
            assert all_rows[f"policy.{key}"].value == to_jsonable_python(value), key
        assert all_rows["mode"].value == agent.policy.mode
        assert {
            key.removeprefix("config."): row.value for key, row in all_rows.items() if key.startswith("config.")
        } == (agent.config)


def path_of(text: str) -> list[str | int]:
    parts = text.replace("[", ".[").split(".")
    return [int(part[1:-1]) if part.startswith("[") else part for part in parts]
