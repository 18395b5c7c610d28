"""What is said to people about a close that was announced and waits for objections."""

from __future__ import annotations

from datetime import datetime, timedelta

from foreman.store.logged import StoredAction, closes_at

_HOUR = timedelta(hours=1)


def in_words(action: StoredAction, *, now: datetime) -> str:
    """Say what will happen to the issue, and when.

    Args:
        action: Any action.
        now: Current time, aware UTC.

    Returns:
        One line without the issue's name; empty when nothing was announced.
    """
    due = closes_at(action)
    if due is None:
        return ""
    left = due - now
    when = f"in {-(-left // _HOUR)} h" if left > _HOUR else "within the hour"
    at = f"{due:%Y-%m-%d %H:%M} UTC"
    return f"closes as a duplicate of #{action.payload.get('duplicate_of')} {when} ({at}) unless somebody objects"
