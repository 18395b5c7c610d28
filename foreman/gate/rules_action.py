"""Rules for comments, closing, reopening and assigning: only where the config says so."""

from __future__ import annotations

from foreman.gate.admission import Objection, carried
from foreman.gate.reasons import Reason
from foreman.gate.situation import Situation
from foreman.model import Deny, Hold
from foreman.protocol import AddComment, Assign, Close, Reopen


def comments_on(at: Situation) -> Objection:
    """A cap of 0 is a no for good, not something to wait for."""
    off = isinstance(at.action, AddComment) and at.policy.max_comments_per_issue_per_day <= 0
    return Deny(Reason.COMMENTS_OFF) if off else None


def comment_cap(at: Situation) -> Objection:
    """A second comment within a day waits for a person."""
    if not isinstance(at.action, AddComment):
        return None
    count = at.facts.our_comments_today
    if count is None:
        return Hold(Reason.COMMENTS_UNKNOWN)
    over = count >= at.policy.max_comments_per_issue_per_day
    return Hold(Reason.COMMENT_CAP, f"{count} in 24 hours") if over else None


def close_allowed(at: Situation) -> Objection:
    """Closing happens only where the config says so."""
    return Deny(Reason.CLOSE_OFF) if isinstance(at.action, Close) and not at.policy.allow_close else None


def close_not_exempt(at: Situation) -> Objection:
    """An issue somebody pinned is never closed."""
    if not isinstance(at.action, Close):
        return None
    exempt = carried(at.facts.issue.labels, at.policy.exempt_labels)
    return Deny(Reason.EXEMPT_LABEL, exempt[0]) if exempt else None


def close_names_duplicate(at: Situation) -> Objection:
    """A duplicate is one of another issue, and the agent must say of which."""
    if not isinstance(at.action, Close) or at.action.reason != "duplicate":
        return None
    named = at.action.duplicate_of not in (None, at.facts.ref.number)
    return None if named else Deny(Reason.DUPLICATE_UNNAMED)


def close_open_issue(at: Situation) -> Objection:
    """There is nothing to close."""
    closed = isinstance(at.action, Close) and at.facts.issue.state == "closed"
    return Deny(Reason.NOTHING_TO_DO) if closed else None


def reopen_allowed(at: Situation) -> Objection:
    """Reopening happens only where the config says so."""
    return Deny(Reason.REOPEN_OFF) if isinstance(at.action, Reopen) and not at.policy.allow_reopen else None


def reopen_closed_issue(at: Situation) -> Objection:
    """There is nothing to reopen."""
    still_open = isinstance(at.action, Reopen) and at.facts.issue.state != "closed"
    return Deny(Reason.NOTHING_TO_DO) if still_open else None


def assignee_listed(at: Situation) -> Objection:
    """Only people the maintainer named: assigning some accounts starts a machine."""
    if not isinstance(at.action, Assign) or at.action.user in at.policy.assignees:
        return None
    return Deny(Reason.ASSIGNEE_NOT_LISTED, at.action.user[:80])


def not_assigned(at: Situation) -> Objection:
    """There is nobody to assign."""
    there = isinstance(at.action, Assign) and at.action.user in at.facts.issue.assignees
    return Deny(Reason.NOTHING_TO_DO) if there else None
