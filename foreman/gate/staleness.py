"""May an issue be called stale at all, whoever says so? Pure."""

from __future__ import annotations

from datetime import timedelta

from foreman.config.effective import Policy
from foreman.gate.facts import Facts
from foreman.gate.reasons import Reason
from foreman.gate.turn import Turn
from foreman.model import Deny, Issue

WANTED_BY = 10
"""So many thumbs up, and an issue is never stale."""


def keeps(issue: Issue) -> str:
    """Return what keeps an issue from going stale, other than a label; empty for nothing."""
    if issue.milestone:
        return "it has a milestone"
    if issue.assignees:
        return "somebody is assigned"
    return f"{issue.thumbs_up} thumbs up" if issue.thumbs_up >= WANTED_BY else ""


def kept(facts: Facts) -> Deny | None:
    """Object where something other than a label keeps the issue from going stale."""
    what = keeps(facts.issue)
    return Deny(Reason.NEVER_STALE, what) if what else None


def not_owed(facts: Facts) -> Deny | None:
    """Object where it is not the reporter's turn, or nobody knows whose it is."""
    if facts.owed is None:
        return Deny(Reason.NOT_REPORTERS_TURN, "whose turn it is cannot be told")
    whose = facts.owed.turn
    return None if whose is Turn.REPORTER else Deny(Reason.NOT_REPORTERS_TURN, f"it is the turn of: {whose}")


def too_early(facts: Facts, policy: Policy) -> Deny | None:
    """Object where the reporter was asked less than `stale_days` ago."""
    since = facts.owed.since if facts.owed else None
    if since is not None and facts.now - since >= timedelta(days=policy.stale_days):
        return None
    return Deny(Reason.NOT_STALE_YET, "" if since is None else f"asked on {since:%Y-%m-%d}")


def objection(facts: Facts, policy: Policy) -> Deny | None:
    """Return the first of these objections."""
    return kept(facts) or not_owed(facts) or too_early(facts, policy)
