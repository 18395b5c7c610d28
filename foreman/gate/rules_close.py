"""Rules about closing what is stale or a duplicate, and about what is said along with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from foreman.gate import rules_action, staleness
from foreman.gate.admission import Objection
from foreman.gate.reasons import Reason
from foreman.gate.situation import Situation
from foreman.model import Deny, EventKind
from foreman.protocol import AddComment, AddLabel, Close


def stale_label_owed(at: Situation) -> Objection:
    """An issue is called stale only where the reporter owes an answer, whatever the agent was asked about."""
    stale = at.policy.stale_label
    if not stale or not isinstance(at.action, AddLabel) or at.action.label != stale:
        return None
    return staleness.objection(at.facts, at.policy)


def not_objected(at: Situation) -> Objection:
    """What a person would not have closed, or opened again, is left to people."""
    objected = isinstance(at.action, Close) and at.facts.close_objected
    return Deny(Reason.CLOSE_OBJECTED) if objected else None


def not_announced_yet(at: Situation) -> Objection:
    """What was announced once is not announced again while it waits for objections."""
    again = isinstance(at.action, Close) and at.facts.close_announced
    return Deny(Reason.CLOSE_ANNOUNCED) if again else None


def reminded(at: Situation) -> Objection:
    """Nothing is closed for want of an answer but days after a reminder, and while the answer is still owed."""
    if not isinstance(at.action, Close) or at.action.reason != "not_planned":
        return None
    if at.facts.event is not EventKind.STALE and at.policy.stale_label not in at.facts.issue.labels:
        return None
    if no := staleness.objection(at.facts, at.policy):
        return no
    reminder, since = at.facts.reminded_at, at.facts.owed.since if at.facts.owed else None
    if reminder is None or since is None or reminder < since:
        return Deny(Reason.NOT_REMINDED)
    early = at.facts.now - reminder < timedelta(days=at.policy.close_after_days)
    return Deny(Reason.NOT_REMINDED, f"reminded on {reminder:%Y-%m-%d}") if early else None


def announced(at: Situation) -> Objection:
    """Before an issue is closed as a duplicate a comment says so, and how to object."""
    if not isinstance(at.action, Close) or at.action.reason != "duplicate":
        return None
    said = any(isinstance(action, AddComment) for action in at.earlier)
    return None if said else Deny(Reason.UNANNOUNCED)


_ABOUT_CLOSING = (
    rules_action.close_allowed,
    rules_action.close_not_exempt,
    rules_action.close_names_duplicate,
    rules_action.close_open_issue,
    not_objected,
    not_announced_yet,
    reminded,
)


def comment_stands(at: Situation) -> Objection:
    """A comment that tells of a close is not posted where the close is refused."""
    if not isinstance(at.action, AddComment):
        return None
    closes = [replace(at, action=action) for action in at.decision.actions if isinstance(action, Close)]
    refused = any(rule(close) is not None for close in closes for rule in _ABOUT_CLOSING)
    return Deny(Reason.CLOSE_REFUSED) if refused else None
