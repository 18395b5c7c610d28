"""What is deleted when it is old, a few hundred rows at a time, and what never is.

Deleted is what nothing asks for any more: work that ended, happenings, calls of a model, and the whole record of an
issue that is closed and about which nothing was decided for as long (`retention_issues`). Of an open issue the record
stays, for the gate goes by it: labels that are ours, reminders, objections, what a person took back; only decisions
to do nothing go. For ever stay what people put right, what still waits for anything, how each issue was last seen,
and the keys of what happens once to each: by them nothing is taken twice.

The newest row of a table stays however old it is: by it SQLite gives the next one a number that was never given.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, delete, exists, func, or_, select

from foreman.model import EventKind, InboxState
from foreman.store import retention_issues as whole
from foreman.store.commands import CommandState
from foreman.store.database import Database
from foreman.store.inbox_rows import count
from foreman.store.tables import (
    action_log,
    actions,
    commands,
    events,
    inbox,
    inbox_attempts,
    meta,
    model_calls,
)
from foreman.values import dataclass

BATCH_ROWS = 500
"""Rows of a table that one transaction deletes: with them the write lock is held for some hundredths of a second."""

ISSUES = 100
"""Issues whose records go in one transaction, while they come to no more than `BATCH_ROWS` decisions."""

ONCE = (EventKind.OPENED, EventKind.TRANSFERRED, EventKind.PULL_REQUEST_OPENED)
"""Happen once to an issue; of a pull request nothing else tells that it is known."""

WHILE_OPEN = (EventKind.EDITED, EventKind.STALE, EventKind.REQUESTED)
"""Are asked for as long as the issue is open: when it was edited, how often it was stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many rows went, or would go.

    Attributes:
        decisions: Of the log.
        actions: Of these decisions.
        summaries: Of what is remembered of issues.
        tasks: Work that ended.
        attempts: At that work.
        events: What happened on the forge.
        orders: Comments that ordered something.
        reactions: To comments of ours.
        model_calls: Calls of a model.
    """

    decisions: int = 0
    actions: int = 0
    summaries: int = 0
    tasks: int = 0
    attempts: int = 0
    events: int = 0
    orders: int = 0
    reactions: int = 0
    model_calls: int = 0

    @property
    def rows(self) -> int:
        """All together."""
        return sum(getattr(self, each.name) for each in fields(self))

    def __add__(self, other: Pruned) -> Pruned:
        """Count on."""
        return Pruned(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})


def plan(connection: Connection, *, before: datetime) -> Pruned:
    """Count what `prune` would delete.

    Args:
        connection: To read from.
        before: What is older, aware UTC.

    Returns:
        The numbers.
    """
    old = whole.decisions(connection, before=before)
    return Pruned(
        decisions=len({*old.log_ids, *_keys(connection, _idle(before))}),
        actions=old.actions,
        summaries=old.summaries,
        tasks=_number(connection, _tasks(before)),
        attempts=_number(connection, select(inbox_attempts.c.id).where(inbox_attempts.c.item_id.in_(_tasks(before)))),
        events=_number(connection, _events(before)),
        orders=_number(connection, _orders(before)),
        reactions=old.reactions,
        model_calls=_number(connection, _calls(before)),
    )


def prune(db: Database, *, before: datetime) -> Pruned:
    """Delete one batch of what is old in one short transaction, which asks nothing but what is about those rows.

    Args:
        db: The database; the daemon that works on it is not disturbed.
        before: What is older, aware UTC.

    Returns:
        What went; no rows when there is nothing left to delete.
    """
    with db.read() as connection:
        quiet = whole.quiet_issues(connection, before=before, limit=ISSUES)
    if quiet:
        with db.transaction() as connection:
            old = whole.forget(connection, quiet, before=before, most=BATCH_ROWS)
        if old.log_ids:
            return Pruned(
                decisions=len(old.log_ids), actions=old.actions, summaries=old.summaries, reactions=old.reactions
            )
    for old_rows, remove in (
        (_idle(before), _delete_idle),
        (_tasks(before), _delete_tasks),
        (_events(before), _delete_events),
        (_orders(before), _delete_orders),
        (_calls(before), _delete_calls),
    ):
        with db.read() as connection:
            keys = _keys(connection, old_rows.limit(BATCH_ROWS))
        if not keys:
            continue
        with db.transaction() as connection:
            # Asked again: another process may have changed what was read.
            still = _keys(connection, old_rows.where(old_rows.selected_columns[0].in_(keys)))
            gone = remove(connection, still)
        if gone.rows:
            return gone
    return Pruned()


def _tasks(before: datetime) -> Select[Any]:
    ended = inbox.c.state.in_([InboxState.DONE.value, InboxState.CANCELLED.value])
    return select(inbox.c.id).where(ended, inbox.c.finished_at < before, inbox.c.id < _newest(inbox.c.id))


def _idle(before: datetime) -> Select[Any]:
    """Decisions to do nothing, but each agent's last about an issue, and what says that it is confidential."""
    log, later, taker = action_log.c, action_log.alias(), action_log.alias()
    # Within a string of JSON no quotation mark stands by itself.
    confidential = cast(log.seen, Text).contains('"confidential": true', autoescape=True)
    return select(log.id).where(
        log.timestamp < before,
        log.decision == "skip",
        log.undoes.is_(None),
        log.id < _newest(log.id),
        ~confidential,
        ~exists().where(actions.c.log_id == log.id),
        ~exists().where(taker.c.undoes == log.id, taker.c.undoes.is_not(None)),
        exists().where(
            later.c.repo == log.repo,
            later.c.issue_id == log.issue_id,
            later.c.timestamp > log.timestamp,
            later.c.agent == log.agent,
        ),
    )


def _events(before: datetime) -> Select[Any]:
    event = events.c
    any_time = [kind.value for kind in EventKind if kind not in (*ONCE, *WHILE_OPEN)]
    while_open = [kind.value for kind in WHILE_OPEN]
    ended = and_(event.kind.in_(while_open), ~whole.is_open(event.repo, event.issue_id))
    return select(event.key).where(
        event.seen_at < before, event.occurred_at < before, or_(event.kind.in_(any_time), ended)
    )


def _orders(before: datetime) -> Select[Any]:
    settled = commands.c.state.in_([CommandState.ANSWERED.value, CommandState.IGNORED.value])
    here = whole.is_open(commands.c.repo, commands.c.issue_id)
    return select(commands.c.key).where(settled, commands.c.settled_at < before, commands.c.seen_at < before, ~here)


def _calls(before: datetime) -> Select[Any]:
    return select(model_calls.c.id).where(
        model_calls.c.started_at < before, model_calls.c.id < _newest(model_calls.c.id)
    )


def _delete_idle(connection: Connection, ids: list[Any]) -> Pruned:
    connection.execute(delete(meta).where(meta.c.key.in_([whole.seen_key(log_id) for log_id in ids])))
    return Pruned(decisions=connection.execute(delete(action_log).where(action_log.c.id.in_(ids))).rowcount)


def _delete_tasks(connection: Connection, ids: list[Any]) -> Pruned:
    here = inbox.c.id.in_(ids)
    lane = (inbox.c.repo, inbox.c.agent, inbox.c.state)
    lanes = connection.execute(select(*lane, func.count()).where(here).group_by(*lane)).all()
    attempts = connection.execute(delete(inbox_attempts).where(inbox_attempts.c.item_id.in_(ids))).rowcount
    tasks = connection.execute(delete(inbox).where(here)).rowcount
    for repo, agent, state, number in lanes:
        count(connection, repo, agent, {InboxState(state): -number})
    return Pruned(tasks=tasks, attempts=attempts)


def _delete_events(connection: Connection, keys: list[Any]) -> Pruned:
    return Pruned(events=connection.execute(delete(events).where(events.c.key.in_(keys))).rowcount)


def _delete_orders(connection: Connection, keys: list[Any]) -> Pruned:
    return Pruned(orders=connection.execute(delete(commands).where(commands.c.key.in_(keys))).rowcount)


def _delete_calls(connection: Connection, ids: list[Any]) -> Pruned:
    return Pruned(model_calls=connection.execute(delete(model_calls).where(model_calls.c.id.in_(ids))).rowcount)


def _number(connection: Connection, wanted: Select[Any]) -> int:
    return connection.execute(select(func.count()).select_from(wanted.subquery())).scalar_one()


def _keys(connection: Connection, wanted: Select[Any]) -> list[Any]:
    return list(connection.execute(wanted).scalars())


def _newest(column: ColumnElement[Any]) -> Any:
    return select(func.max(column)).scalar_subquery()
