"""What a policy no longer allows."""

from __future__ import annotations

from typing import Any

import pytest

from foreman.config.effective import Policy
from foreman.gate.permission import withdrawn
from foreman.model import Deny

LOOSE = Policy(allow_close=True, allow_reopen=True, labels_add=("bug",), assignees=("kim",))
STRICT = Policy(max_comments_per_issue_per_day=0)


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        ("close", {"reason": "completed"}, "close_off"),
        ("reopen", {}, "reopen_off"),
        ("comment", {"body": "Hello"}, "comments_off"),
        ("add_label", {"label": "bug"}, "label_not_listed"),
        ("assign", {"user": "kim"}, "assignee_not_listed"),
        ("remove_label", {"label": "foreman:triage"}, None),
    ],
)
def test_what_a_stricter_policy_no_longer_allows_is_withdrawn(
    kind: str, payload: dict[str, Any], reason: str | None
) -> None:
    found = withdrawn(kind, payload, STRICT)

    assert withdrawn(kind, payload, LOOSE) is None
    assert (found.reason if isinstance(found, Deny) else None) == reason


@pytest.mark.parametrize(("confidential", "wanted", "withdrawn_"), [(0, 0, 0), (1, 1, 0), (1, 0, 1), (0, 1, 0)])
def test_nothing_goes_on_where_confidential_issues_are_not_looked_after_any_more(
    confidential: int, wanted: int, withdrawn_: int
) -> None:
    policy = Policy(labels_add=("bug",), act_on_confidential=bool(wanted))

    found = withdrawn("add_label", {"label": "bug"}, policy, confidential=bool(confidential))

    assert isinstance(found, Deny) is bool(withdrawn_)
