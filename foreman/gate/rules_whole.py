"""Rules for a decision as a whole, whatever its actions are: caps, contradictions, and how sure the agent is."""

from __future__ import annotations

from foreman.gate import security
from foreman.gate.admission import Objection
from foreman.gate.facts import Facts
from foreman.gate.reasons import Reason
from foreman.gate.situation import Situation
from foreman.model import INSIDERS, Deny, Hold
from foreman.protocol import AddComment, AddLabel, Close, RemoveLabel, Reopen


def no_public_report(at: Situation) -> Objection:
    """Whoever reports a security hole in public gets no answer there; a maintainer who asks by hand knows of it."""
    return Deny(Reason.SECURITY_REPORT) if is_public_report(at.facts) else None


def is_public_report(facts: Facts) -> bool:
    """Return whether somebody reports a hole where everybody reads it, or might for all we know."""
    issue = facts.issue
    private = (facts.private_repo and facts.visibility_known) or issue.confidential
    if private or facts.requested or issue.role in INSIDERS:
        return False
    return security.is_report(issue.title, issue.body)


def max_actions(at: Situation) -> Objection:
    """A decision over the cap is refused whole: there is no telling which part was meant."""
    count = len(at.decision.actions)
    return Deny(Reason.TOO_MANY_ACTIONS, f"{count} actions") if count > at.policy.max_actions else None


def max_labels(at: Situation) -> Objection:
    """The same for labels."""
    count = sum(isinstance(action, AddLabel) for action in at.decision.actions)
    return Deny(Reason.TOO_MANY_LABELS, f"{count} labels") if count > at.policy.max_labels else None


def one_comment(at: Situation) -> Objection:
    """Two comments in one decision are one too many."""
    count = sum(isinstance(action, AddComment) for action in at.decision.actions)
    return Deny(Reason.TOO_MANY_COMMENTS, f"{count} comments") if count > 1 else None


def repeated(at: Situation) -> Objection:
    """The same action twice is done once."""
    return Deny(Reason.REPEATED) if at.action in at.earlier else None


def contradictory(at: Situation) -> Objection:
    """Neither of two opposites is done."""
    if isinstance(at.action, AddLabel | RemoveLabel):
        other = RemoveLabel if isinstance(at.action, AddLabel) else AddLabel
        both = any(isinstance(a, other) and a.label == at.action.label for a in at.decision.actions)
    elif isinstance(at.action, Close | Reopen):
        opposite = Reopen if isinstance(at.action, Close) else Close
        both = any(isinstance(action, opposite) for action in at.decision.actions)
    else:
        both = False
    return Deny(Reason.CONTRADICTORY) if both else None


def issue_open(at: Situation) -> Objection:
    """On a closed issue nothing happens but reopening it."""
    closed = at.facts.issue.state == "closed"
    return Deny(Reason.ISSUE_CLOSED) if closed and not isinstance(at.action, Reopen | Close) else None


def confident(at: Situation) -> Objection:
    """A less sure decision waits for a person; one that does not say how sure it is counts as not sure."""
    confidence = at.decision.confidence
    if at.policy.min_confidence <= 0 or (confidence is not None and confidence >= at.policy.min_confidence):
        return None
    return Hold(Reason.LOW_CONFIDENCE, "not given" if confidence is None else f"{confidence:.2f}")


def stepped_down(at: Situation) -> Objection:
    """What people kept reversing waits for them, whatever the mode says, until one of them lifts that."""
    return Hold(Reason.STEPPED_DOWN, at.action.type) if at.action.type in at.facts.stepped_down else None


def breaker(at: Situation) -> Objection:
    """Something is going on that nobody planned."""
    return Hold(Reason.BREAKER_OPEN) if at.facts.breaker_open else None


def hourly_cap(at: Situation) -> Objection:
    """Writes on one repository are counted with those this decision has been allowed already."""
    count = at.facts.writes_this_hour + at.allowed_before
    over = count >= at.policy.max_actions_per_hour
    return Hold(Reason.HOURLY_CAP, f"{count} in an hour") if over else None
