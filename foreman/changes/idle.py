"""When nobody does anything: the one event that comes from no change."""

from __future__ import annotations

from datetime import datetime, timedelta

from foreman.changes.keys import content_key, event
from foreman.model import Event, EventKind, Issue


def stale(issue: Issue, *, last_human_at: datetime, after: timedelta, now: datetime) -> Event | None:
    """Tell whether nobody has said or done anything for too long, once per period.

    Args:
        issue: An open issue.
        last_human_at: When a person last did something there.
        after: How long is too long, and how long one period is.
        now: Current time, aware UTC.

    Returns:
        The event, None when it is not stale.
    """
    periods = (now - last_human_at) // after if after > timedelta(0) else 0
    if issue.is_pull_request or issue.state != "open" or periods < 1:
        return None
    key = content_key(issue, EventKind.STALE, last_human_at, f"{after.total_seconds()}|{periods}")
    return event(issue, EventKind.STALE, key, last_human_at + periods * after, None)


def overdue(issue: Issue, *, reminded_at: datetime, after: timedelta, now: datetime) -> Event | None:
    """Tell, once for each reminder, whether it has gone unanswered for so long that the issue may be closed.

    Args:
        issue: An open issue.
        reminded_at: When we reminded the reporter.
        after: How long is waited.
        now: Current time, aware UTC.

    Returns:
        The event, None when it is too early.
    """
    if issue.is_pull_request or issue.state != "open" or now - reminded_at < after:
        return None
    key = content_key(issue, EventKind.STALE, reminded_at, f"reminded|{after.total_seconds()}")
    return event(issue, EventKind.STALE, key, reminded_at + after, None)
