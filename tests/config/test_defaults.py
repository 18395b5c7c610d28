from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from foreman.config.effective import RepoPlan
from tests.config.documents import IDENTITY, load, problems

OTHER = 'agents: {other: {runtime: url, url: "http://127.0.0.1:9"}}\n'
MODES = ["shadow", "approve", "auto"]


def plans(**document: Any) -> tuple[RepoPlan, ...]:
    sections = "".join(f"{key}: {json.dumps(value)}\n" for key, value in document.items())
    return load(IDENTITY + OTHER + sections).plans()


def some_of(**values: some.SearchStrategy[Any]) -> some.SearchStrategy[dict[str, Any]]:
    return some.fixed_dictionaries({}, optional=values)


NAMES = some.lists(some.sampled_from(["bug", "docs", "no"]), max_size=2, unique=True)
MODE = some.sampled_from(MODES)
LEVEL = {
    "mode": MODE,
    "policy": some_of(
        modes=some_of(close=MODE, comment=MODE),
        allow_close=some.booleans(),
        max_labels=some.integers(0, 5),
        labels=some_of(add=NAMES, remove=NAMES),
        exempt_labels=NAMES,
    ),
    "polling": some_of(interval_seconds=some.integers(1, 600), first_run=some.sampled_from(["new", 0, 7])),
}
CONFIG = some_of(
    stale_days=some.integers(1, 90),
    labels=some.dictionaries(some.sampled_from(["bug", "docs"]), some.just(["word"])),
    allow_close=some.booleans(),
    stale_label=some.none() | some.just("stale"),
    own=some.none() | some.just({"deep": [1]}),
)
EXTRAS = some_of(mode=MODE, events=some.just(["opened"]), config=CONFIG)
AGENTS = some.lists(
    some.tuples(some.sampled_from(["issue-triage", "other"]), EXTRAS),
    min_size=1,
    max_size=2,
    unique_by=lambda one: one[0],
).map(lambda pairs: [{"type": kind, **extras} for kind, extras in pairs])
REPO = some.fixed_dictionaries({"enabled": some.booleans()}, optional={**LEVEL, "agents": AGENTS})


def written_out(usual: dict[str, Any], repo: dict[str, Any]) -> dict[str, Any]:
    """Say in an entry what it has of the defaults."""
    policy = {**usual.get("policy", {}), **repo.get("policy", {})}
    for key in {"modes", "labels"} & set(policy):
        policy[key] = {**usual.get("policy", {}).get(key, {}), **repo.get("policy", {}).get(key, {})}
    bases = {agent["type"]: agent for agent in usual["agents"]}
    agents = []
    for own in repo.get("agents", usual["agents"]):
        base = bases.get(own["type"], {})
        agents.append({**base, **own, "config": {**base.get("config", {}), **own.get("config", {})}})
    return {
        **{key: usual[key] for key in ("mode",) if key in usual},
        **repo,
        "policy": policy,
        "polling": {**usual.get("polling", {}), **repo.get("polling", {})},
        "agents": agents,
    }


@settings(max_examples=60, deadline=None)
@given(
    top=some_of(**LEVEL),
    usual=some.fixed_dictionaries({"agents": AGENTS}, optional=LEVEL),
    repos=some.lists(REPO, min_size=1, max_size=3),
)
def test_defaults_mean_the_same_as_every_entry_written_out(
    top: dict[str, Any], usual: dict[str, Any], repos: list[dict[str, Any]]
) -> None:
    named = [{"owner": "acme", "name": f"r{number}", **repo} for number, repo in enumerate(repos)]

    short = plans(**top, defaults=usual, repos=named)

    assert short == plans(**top, repos=[written_out(usual, repo) for repo in named])


LEVELS: dict[str, list[tuple[Any, tuple[str | int, ...]]]] = {
    "mode": [
        ("shadow", ("mode",)),
        ("approve", ("defaults", "mode")),
        ("auto", ("repos", 0, "mode")),
        ("shadow", ("defaults", "agents", 0, "mode")),
        ("approve", ("repos", 0, "agents", 0, "mode")),
    ],
    "mode of closing": [
        ("shadow", ("policy", "modes", "close")),
        ("approve", ("defaults", "policy", "modes", "close")),
        ("shadow", ("repos", 0, "policy", "modes", "close")),
    ],
    "max_labels": [
        (1, ("policy", "max_labels")),
        (2, ("defaults", "policy", "max_labels")),
        (4, ("repos", 0, "policy", "max_labels")),
    ],
    "allow_close": [
        (True, ("policy", "allow_close")),
        (False, ("defaults", "policy", "allow_close")),
        (True, ("repos", 0, "policy", "allow_close")),
        (False, ("defaults", "agents", 0, "config", "allow_close")),
        (True, ("repos", 0, "agents", 0, "config", "allow_close")),
    ],
    "interval_seconds": [
        (10, ("polling", "interval_seconds")),
        (20, ("defaults", "polling", "interval_seconds")),
        (30, ("repos", 0, "polling", "interval_seconds")),
    ],
    "first_run": [
        (1, ("polling", "first_run")),
        (2, ("defaults", "polling", "first_run")),
        (0, ("repos", 0, "polling", "first_run")),
    ],
    "stale_days": [
        (10, ("defaults", "agents", 0, "config", "stale_days")),
        (20, ("repos", 0, "agents", 0, "config", "stale_days")),
    ],
}
BUILT_IN = {
    "mode": "auto", "mode of closing": "auto", "max_labels": 3, "allow_close": False, "interval_seconds": 60,
    "first_run": None, "stale_days": None,
}  # fmt: skip


def put(document: Any, path: tuple[str | int, ...], value: Any) -> None:
    for part in path[:-1]:
        document = document[part] if isinstance(part, int) else document.setdefault(part, {})
    document[path[-1]] = value


@pytest.mark.parametrize("key", LEVELS)
def test_of_all_levels_the_most_specific_that_says_something_wins(key: str) -> None:
    for said in itertools.product([False, True], repeat=len(LEVELS[key])):
        document: dict[str, Any] = {
            "defaults": {"agents": [{"type": "issue-triage"}]},
            "repos": [{"owner": "a", "name": "b", "agents": [{"type": "issue-triage"}]}],
        }
        expected = BUILT_IN[key]
        for wanted, (value, path) in zip(said, LEVELS[key], strict=True):
            if wanted:
                put(document, path, value)
                expected = value

        (plan,) = plans(**document)
        (agent,) = plan.agents
        found = {
            "mode": agent.policy.mode,
            "mode of closing": agent.policy.mode_of("close"),
            "max_labels": agent.policy.max_labels,
            "allow_close": agent.policy.allow_close,
            "interval_seconds": plan.interval_seconds,
            "first_run": plan.first_run,
            "stale_days": agent.config.get("stale_days"),
        }
        assert found[key] == expected, document


def test_an_agent_begins_with_what_the_defaults_say_of_its_type() -> None:
    base = {
        "type": "issue-triage",
        "mode": "approve",
        "events": ["opened"],
        "config": {"stale_days": 9, "stale_label": "old", "labels": {"bug": ["crash"], "docs": ["manual"]}},
    }
    own = [{"type": "other"}, {"type": "issue-triage", "config": {"labels": {"bug": ["boom"]}, "stale_label": None}}]

    usual, special = plans(
        defaults={"agents": [base]}, repos=[{"path": "a/usual"}, {"path": "a/special", "agents": own}]
    )

    assert [agent.agent for agent in usual.agents] == ["issue-triage"]
    assert [agent.agent for agent in special.agents] == ["other", "issue-triage"]
    other, triage = special.agents
    assert (other.policy.mode, len(other.events)) == ("auto", 6)
    assert (triage.policy.mode, triage.events) == ("approve", usual.agents[0].events)
    assert triage.config == {"stale_days": 9, "stale_label": None, "labels": {"bug": ["boom"]}}
    assert triage.policy.labels_add == ("bug",)
    assert triage.policy.stale_label == ""
    assert usual.agents[0].policy.labels_add == ("bug", "docs", "old")


REPO_ALONE = "repos: [{owner: a, name: b}]\n"


@pytest.mark.parametrize(
    ("document", "path", "message"),
    [
        (REPO_ALONE, "repos[0].agents", "is required (or `defaults.agents`, for every repository) (line 2)"),
        (REPO_ALONE + "defaults: {agents: []}", "repos[0].agents", "is required"),
        (REPO_ALONE + "defaults: {agents: [{type: issue-traige}]}", "defaults.agents[0].type", "did you mean"),
        (
            REPO_ALONE + "defaults: {agents: [{type: issue-triage}, {type: issue-triage}]}",
            "defaults.agents[1].type",
            "is there twice in this list",
        ),
        (
            REPO_ALONE + "defaults: {agents: [{type: issue-triage, config: {stale_days: 0}}]}",
            "defaults.agents[0].config.stale_days",
            "must be at least 1",
        ),
        (
            REPO_ALONE + "defaults: {agents: [{type: issue-triage, config: {deep: {x: no}}}]}",
            "defaults.agents[0].config.deep.x",
            "`no` may mean a word or a switch",
        ),
        (
            REPO_ALONE + "defaults: {enabled: false, agents: [{type: issue-triage}]}",
            "defaults.enabled",
            "unknown key",
        ),
        (
            "repos: [{owner: a, name: b, agents: []}]\ndefaults: {agents: [{type: issue-triage}]}",
            "repos[0].agents",
            "must not be empty",
        ),
    ],
)
def test_a_fault_in_the_defaults_is_named(document: str, path: str, message: str) -> None:
    found = problems(IDENTITY + document)

    assert message in found[path]
    assert len(found) == 1, found


def test_no_is_a_label_and_yes_a_switch_in_the_defaults_too() -> None:
    config = "config: {labels: {no: [nein]}, allow_close: yes}"
    (plan,) = load(IDENTITY + REPO_ALONE + f"defaults: {{agents: [{{type: issue-triage, {config}}}]}}").plans()

    assert plan.agents[0].policy.labels_add == ("no",)
    assert plan.agents[0].policy.allow_close
