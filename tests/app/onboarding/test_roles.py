from __future__ import annotations

import pytest

from agents.issue_triage.kinds import kind_of
from foreman.app.onboarding.roles import LabelRole, role_of

NAMES = {
    LabelRole.BUG: "bug|kind/bug|Type: Defect|type: bug|C-bug|Bug report|regression|:bug: bug",
    LabelRole.QUESTION: "question|support|kind/support|Type: Question|help|usage",
    LabelRole.FEATURE: "enhancement|kind/feature|feature request|Type: Enhancement|C-feature-request|proposal",
    LabelRole.DOCUMENTATION: "documentation|docs|kind/documentation|area: docs|T-doc",
    LabelRole.STALE: "stale|Stale|lifecycle/stale|status: stale|inactive|no recent activity",
    LabelRole.NEEDS_INFO: "needs-info|needs info|needs more info|needs more information|needinfo|info needed|"
    "waiting for response|awaiting reply|waiting-for-user|Needs Reproduction|needs-repro|status: needs feedback|"
    "triage/needs-information|more information needed|pending author response|incomplete",
    LabelRole.EXEMPT: "pinned|security|help wanted|good first issue|confirmed|accepted|never-stale|no stale|on hold|"
    "roadmap|lifecycle/frozen|stale-exempt|in progress|stage/backlog",
    LabelRole.CHORE: "duplicate|invalid|wontfix|won't fix|needs-triage|P1|priority: high|size/XL|released|"
    "status: upstream|foreman:hold|dependencies|resolution: fixed|ready for review",
    LabelRole.TOPIC: "windows|area: parser|performance|charts|macOS|i18n|component/api",
}


@pytest.mark.parametrize("role", list(NAMES))
def test_a_label_is_known_by_its_name(role) -> None:
    names = NAMES[role].split("|")

    assert {name: role_of(name) for name in names} == dict.fromkeys(names, role)


def test_the_agent_takes_these_kinds_for_the_same() -> None:
    kinds = {LabelRole.BUG: "bug", LabelRole.QUESTION: "question", LabelRole.FEATURE: "feature"}

    different = {
        name: kind_of(name)
        for role, meant in kinds.items()
        for name in NAMES[role].split("|")
        if kind_of(name) != meant
    }
    assert different == {}
