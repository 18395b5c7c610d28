"""What a clock that was wrong for a while put off until long after its correction is due at once.

A machine without a battery for its clock may start years ahead, and be put right a minute later. What was polled,
queued or put off in that minute would wait for years. Times of what has happened stay as they are.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, update

from foreman.model import InboxState
from foreman.store.tables import OPEN_STATES, actions, breakers, inbox, is_state, polls

LONGEST_ON_PURPOSE = timedelta(hours=25)
"""Nothing waits for longer on purpose: a rate limit and the time between polls are a day at most, a budget's day ends
at midnight. An hour more for clocks that disagree."""


def bring_back(connection: Connection, *, now: datetime) -> int:
    """Make due what is put off for longer than anything is on purpose.

    Args:
        connection: In a transaction.
        now: Current time, aware UTC.

    Returns:
        How many rows were put off so.
    """
    limit = now + LONGEST_ON_PURPOSE
    found = 0
    for column, more in (
        (inbox.c.not_before, is_state(inbox.c.state, InboxState.READY)),
        (inbox.c.held_until, inbox.c.state == InboxState.HELD.value),
        (inbox.c.lease_until, is_state(inbox.c.state, InboxState.CLAIMED)),
        (actions.c.not_before, is_state(actions.c.state, *OPEN_STATES)),
        (breakers.c.open_until, None),
        (polls.c.next_poll_at, None),
        (polls.c.swept_at, None),
    ):
        where = column > limit if more is None else and_(more, column > limit)
        found += connection.execute(update(column.table).where(where).values({column.name: now})).rowcount
    return found
