"""What is done to the store now and then, whatever happens: work given back, held work let go, breakers looked at."""

from __future__ import annotations

from datetime import datetime

from foreman.log import get_logger
from foreman.store import actions, breakers, far_future, inbox
from foreman.store.database import Database

log = get_logger(__name__)


def recover(db: Database, *, now: datetime) -> None:
    """Make what a crash left claimed ready again, and let nothing wait twice."""
    with db.transaction() as connection:
        count = inbox.recover(connection, now=now)
        actions.replace_doubles(connection, now=now)
    if count:
        log.info("work_recovered", items=count)


def give_back(db: Database, *, now: datetime) -> None:
    """Make what hanging workers hold ready again: a stop that was asked for uses up no attempt."""
    with db.transaction() as connection:
        inbox.recover(connection, count_attempt=False, reason="the daemon was stopped", now=now)


def do(db: Database, *, now: datetime) -> bool:
    """Do what is to be done every few seconds; returns whether work became free."""
    with db.transaction() as connection:
        if moved := far_future.bring_back(connection, now=now):
            log.warning("clock_was_wrong", rows=moved, now=now.isoformat())
        freed = inbox.expire(connection, now=now) + inbox.release_held(connection, now=now)
        breakers.watch_flood(connection, now=now)
    return freed > 0
