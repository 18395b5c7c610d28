"""Is a type of action still allowed by a policy at all? Asked again before what is planned or approved is sent.

Pure. The rules of `rules_action` and `rules_label` said yes once, perhaps by an earlier configuration; of the two the
stricter counts. What depends on the issue is not asked again here: `executor.freshness` looks at that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foreman.config.effective import Policy
from foreman.gate.reasons import Reason
from foreman.model import Deny


def withdrawn(
    action_type: str, payload: Mapping[str, Any], policy: Policy, *, confidential: bool = False
) -> Deny | None:
    """Return why an action may not be done any more, None when it may.

    Args:
        action_type: `close`, `add_label`, ….
        payload: What it does.
        policy: What holds now.
        confidential: The issue was, when it was decided upon.

    Returns:
        The objection.
    """
    if confidential and not policy.act_on_confidential:
        return Deny(Reason.CONFIDENTIAL)
    match action_type:
        case "close" if not policy.allow_close:
            return Deny(Reason.CLOSE_OFF)
        case "reopen" if not policy.allow_reopen:
            return Deny(Reason.REOPEN_OFF)
        case "comment" if policy.max_comments_per_issue_per_day <= 0:
            return Deny(Reason.COMMENTS_OFF)
        case "add_label" if payload["label"] not in policy.labels_add:
            return Deny(Reason.LABEL_NOT_LISTED, str(payload["label"])[:80])
        case "assign" if payload["user"] not in policy.assignees:
            return Deny(Reason.ASSIGNEE_NOT_LISTED, str(payload["user"])[:80])
        case _:
            return None
