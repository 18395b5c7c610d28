"""Whether anything in the store is due, and when the next thing will be: all an idle daemon looks at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, or_, select

from foreman.model import InboxState
from foreman.store.commands import CommandState
from foreman.store.tables import OPEN_STATES, actions, commands, inbox, is_state
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the store has to do.

    Attributes:
        due: Something may be done now, unless an agent, a forge or a pause is in the way.
        next_at: When something that waits for its time will be due, aware UTC; None when nothing does, or something is
            due already.
    """

    due: bool
    next_at: datetime | None = None


# For each kind of work, the column that says when it may be done, and which rows wait.
_LANES = (
    (inbox.c.not_before, is_state(inbox.c.state, InboxState.READY)),
    (actions.c.not_before, is_state(actions.c.state, *OPEN_STATES)),
    (commands.c.not_before, is_state(commands.c.state, CommandState.READY, CommandState.TAKEN)),
)

_DUE = tuple(select(1).where(waits, or_(when.is_(None), when <= bindparam("now"))).limit(1) for when, waits in _LANES)

_NEXT = tuple(select(func.min(when)).where(waits) for when, waits in _LANES)


def outlook(connection: Connection, *, now: datetime) -> Outlook:
    """Look at everything that waits: tasks, actions, people's orders.

    Args:
        connection: To read from.
        now: Current time, aware UTC.

    Returns:
        How it stands.
    """
    if any(connection.execute(due, {"now": now}).first() is not None for due in _DUE):
        return Outlook(due=True)
    times = [connection.execute(earliest).scalar() for earliest in _NEXT]
    return Outlook(due=False, next_at=min((time for time in times if time is not None), default=None))
