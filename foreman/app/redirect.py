"""What a maintainer may tell whoever reported a security hole in public: drafted here, sent by nobody but a person."""

from __future__ import annotations

from sqlalchemy import Connection

from foreman.gate import security
from foreman.gate.reasons import Reason
from foreman.guidance.security import security_policy
from foreman.store import mirror
from foreman.store.actions import LogEntry


def draft(connection: Connection, entry: LogEntry) -> str:
    """Return the draft that belongs to a decision.

    Args:
        connection: To read from.
        entry: Any decision.

    Returns:
        The draft; empty where the issue is confidential, or nothing was left to a person because of a hole.
    """
    if entry.seen.get("confidential") or not is_about_a_hole(connection, entry):
        return ""
    policy = security_policy(connection, entry.issue.repo)
    return security.redirect(str(entry.seen.get("author") or ""), entry.issue.repo.forge, policy)


def is_about_a_hole(connection: Connection, entry: LogEntry) -> bool:
    """Return whether a decision wrote nothing because a hole seems to be reported in public.

    Args:
        connection: To read from.
        entry: Any decision.

    Returns:
        True where the gate said so, or where the agent left the issue to a person and the gate would have.
    """
    if any(action.reason == Reason.SECURITY_REPORT for action in entry.actions):
        return True
    if entry.decision != "escalate":
        return False
    kept = mirror.get(connection, entry.issue)
    return security.is_report(str(entry.seen.get("title") or ""), kept.body if kept else "")
