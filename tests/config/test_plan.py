from __future__ import annotations

import pytest

from foreman.config.effective import AgentPlan
from foreman.config.models import Config
from foreman.config.plan import policy_version
from foreman.model import Mode, RepoRef
from tests.config.documents import IDENTITY, load

TWO_AGENTS = """
agents: {other: {runtime: url, url: "http://127.0.0.1:9"}}
mode: shadow
polling: {interval_seconds: 120, first_run: 5}
policy:
  modes: {close: approve, comment: auto}
  max_labels: 7
  exempt_labels: [mine]
  labels: {add: [one], remove: [two]}
repos:
  - owner: a
    name: b
    mode: approve
    polling: {first_run: new, interval_seconds: 10}
    policy: {modes: {comment: shadow}, allow_close: true, max_labels: 1, labels: {add: []}}
    agents:
      - type: issue-triage
        mode: auto
        config: {allow_close: false, labels: {bug: [x], no: []}, stale_label: stale, needs_info_label: bug}
      - type: other
  - {owner: a, name: c, enabled: false, agents: [{type: issue-triage}]}
"""


def agents(text: str) -> dict[str, AgentPlan]:
    return {
        f"{plan.repo.name}/{agent.agent}": agent for plan in load(IDENTITY + text).plans() for agent in plan.agents
    }


def test_the_most_specific_mode_wins() -> None:
    found = agents(TWO_AGENTS)

    assert found["b/issue-triage"].policy.mode is Mode.AUTO
    assert found["b/other"].policy.mode is Mode.APPROVE
    assert found["c/issue-triage"].policy.mode is Mode.SHADOW
    assert found["b/other"].policy.mode_of("comment") is Mode.SHADOW
    assert found["b/other"].policy.mode_of("close") is Mode.APPROVE
    assert found["b/other"].policy.mode_of("add_label") is Mode.APPROVE
    assert found["c/issue-triage"].policy.mode_of("comment") is Mode.AUTO


def test_the_most_specific_policy_wins_key_by_key() -> None:
    found = agents(TWO_AGENTS)

    assert not found["b/issue-triage"].policy.allow_close
    assert found["b/other"].policy.allow_close
    assert not found["c/issue-triage"].policy.allow_close
    assert found["b/other"].policy.max_labels == 1
    assert found["c/issue-triage"].policy.max_labels == 7
    assert found["b/other"].policy.exempt_labels == ("mine",)
    assert found["b/other"].policy.labels_remove == ("two",)


def test_without_a_list_the_labels_of_the_agents_config_may_be_added() -> None:
    found = agents(TWO_AGENTS)

    assert found["b/issue-triage"].policy.labels_add == ("bug", "no", "stale")
    assert found["b/other"].policy.labels_add == ()
    assert found["c/issue-triage"].policy.labels_add == ("one",)


def test_polling_may_differ_for_a_repository() -> None:
    first, second = load(IDENTITY + TWO_AGENTS).plans()

    assert (first.interval_seconds, first.first_run, first.enabled) == (10, None, True)
    assert (second.interval_seconds, second.first_run, second.enabled) == (120, 5, False)


def test_a_policys_name_changes_with_its_content_alone() -> None:
    found = agents(TWO_AGENTS)
    again = agents(TWO_AGENTS)

    names = {key: policy_version(agent.policy) for key, agent in found.items()}
    assert names == {key: policy_version(agent.policy) for key, agent in again.items()}
    assert len(set(names.values())) == 3


@pytest.mark.parametrize(
    ("top", "defaults", "entry", "expected"),
    [(100, None, None, None), (100, 30, None, 30), (None, 30, "new", None), (100, None, 7, 7)],
)
def test_a_pattern_takes_up_old_issues_only_where_that_is_meant_for_it(top, defaults, entry, expected) -> None:
    written = {
        "identity": {"github_token": "${T}", "github_user": "bot"},
        "polling": {} if top is None else {"first_run": top},
        "defaults": {"polling": {} if defaults is None else {"first_run": defaults}},
        "repos": [
            {"owner": "acme", "name": name, "polling": polling, "agents": [{"type": "issue-triage"}]}
            for name, polling in (("*", {} if entry is None else {"first_run": entry}), ("named", {}))
        ],
    }
    config = Config.model_validate(written)
    found = config.plan_of(RepoRef.parse("acme/found"))
    named = config.plan_of(RepoRef.parse("acme/named"))

    assert found is not None
    assert named is not None
    assert found.first_run == expected
    assert named.first_run == (defaults or top)
