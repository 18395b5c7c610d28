"""The record of a whole issue that is closed and about which nothing was decided for long: deleted at once, or not.

Never a part of it: a label that was put on, and not the order that took it off again, would be a fact that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from foreman.model import ActionState, InboxState, IssueRef
from foreman.store import mirror_facts
from foreman.store.action_rows import count
from foreman.store.rows import issue_of
from foreman.store.tables import (
    action_log,
    actions,
    corrections,
    inbox,
    issues,
    memory_summary,
    meta,
    mirror,
    mirror_labels,
    reactions,
)
from foreman.values import dataclass

WAITS = (ActionState.PLANNED, ActionState.SENT, ActionState.HELD, ActionState.UNKNOWN)
"""Actions that are still to be done, or that a person is asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What there is of issues.

    Attributes:
        log_ids: Decisions.
        actions: How many actions they have.
        summaries: How many summaries are remembered of them.
        reactions: How many reactions to comments of ours.
    """

    log_ids: tuple[int, ...]
    actions: int
    summaries: int
    reactions: int


def is_open(repo: ColumnElement[Any], issue_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell in a statement whether an issue was open when it was last seen."""
    return exists().where(issues.c.repo == repo, issues.c.issue_id == issue_id, issues.c.state != "closed")


def seen_key(log_id: int) -> str:
    """Return under which key it is noted that a person has seen a decision (`escalations`)."""
    return f"seen:{log_id}"


def quiet_issues(connection: Connection, *, before: datetime, limit: int | None = None) -> tuple[IssueRef, ...]:
    """Return the issues whose record may go.

    Args:
        connection: To read from.
        before: Nothing was decided about them, and nothing changed, since then; aware UTC.
        limit: At most so many.

    Returns:
        Closed ones, and such as were never polled; of the repository itself, number 0, the record stays.
    """
    rows = connection.execute(_quiet(before).limit(limit) if limit is not None else _quiet(before))
    return tuple(issue_of(row) for row in rows)


def decisions(connection: Connection, *, before: datetime) -> Record:
    """Count the record of all such issues; reads alone."""
    old = _quiet(before).subquery()
    log, act = action_log.c, actions.c
    ids = connection.execute(
        select(log.id).join(old, and_(old.c.repo == log.repo, old.c.issue_id == log.issue_id))
    ).scalars()

    def number(table: Any) -> int:
        same = and_(old.c.repo == table.repo, old.c.issue_id == table.issue_id)
        joined = select(func.count()).select_from(table.repo.table.join(old, same))
        return connection.execute(joined).scalar_one()

    return Record(
        log_ids=tuple(ids),
        actions=number(act),
        summaries=number(memory_summary.c),
        reactions=number(reactions.c),
    )


def forget(connection: Connection, found: Sequence[IssueRef], *, before: datetime, most: int) -> Record:
    """Delete the records of issues of one repository, until enough rows are gone.

    Args:
        connection: In a transaction.
        found: Issues; those of the first one's repository are looked at once more, and left alone where something
            has come since.
        before: As it was asked with.
        most: After so many decisions the rest waits for the next time; one issue's go together, however many.

    Returns:
        What went.
    """
    log, act = action_log.c, actions.c
    found = [issue for issue in found if issue.repo == found[0].repo]
    still = [issue_of(row) for row in connection.execute(_quiet(before, found))] if found else []
    if not still:
        return Record(log_ids=(), actions=0, summaries=0, reactions=0)
    numbers = select(log.repo, log.issue_id, func.count().label("rows")).where(_about(log, still))
    going, rows = [], 0
    for row in connection.execute(numbers.group_by(log.repo, log.issue_id)):
        if rows < most:
            going.append(issue_of(row))
            rows += row.rows
    ids = tuple(connection.execute(select(log.id).where(_about(log, going))).scalars())
    _keep_whose_labels(connection, going)
    acted = select(act.id).where(_about(act, going))
    connection.execute(update(corrections).where(corrections.c.action_id.in_(acted)).values(action_id=None))
    by_state = select(act.state, func.count()).where(_about(act, going)).group_by(act.state)
    states = connection.execute(by_state).all()
    # The log last: the actions belong to it.
    deleted = [
        connection.execute(delete(table).where(_about(table.c, going))).rowcount
        for table in (actions, memory_summary, reactions, action_log)
    ]
    count(connection, {ActionState(state): -number for state, number in states})
    _delete_notes(connection, ids)
    return Record(log_ids=ids, actions=deleted[0], summaries=deleted[1], reactions=deleted[2])


def _quiet(before: datetime, only: Sequence[IssueRef] | None = None) -> Select[Any]:
    log, act, task = action_log.c, actions.c, inbox.c
    wanted = select(log.repo, log.issue_id).where(log.issue_id != 0)
    if only is not None:
        wanted = wanted.where(_about(log, only))
    # By the index alone, an issue after the other.
    old = wanted.group_by(log.repo, log.issue_id).having(func.max(log.timestamp) < before).subquery()
    here = and_(issues.c.repo == old.c.repo, issues.c.issue_id == old.c.issue_id)
    taker, taken = action_log.alias(), action_log.alias()
    return (
        select(old.c.repo, old.c.issue_id)
        .select_from(old.outerjoin(issues, here))
        .where(
            or_(issues.c.state.is_(None), and_(issues.c.state == "closed", issues.c.updated_at < before)),
            ~exists().where(
                act.repo == old.c.repo,
                act.issue_id == old.c.issue_id,
                or_(
                    act.state.in_([state.value for state in WAITS]),
                    act.settled_at >= before,
                    act.id == select(func.max(act.id)).scalar_subquery(),
                ),
            ),
            ~exists().where(
                task.repo == old.c.repo,
                task.issue_id == old.c.issue_id,
                task.state.not_in([InboxState.DONE.value, InboxState.CANCELLED.value]),
            ),
            ~exists().where(
                log.repo == old.c.repo,
                log.issue_id == old.c.issue_id,
                log.id == select(func.max(log.id)).scalar_subquery(),
            ),
            # What another issue's decision takes back stays with it.
            ~exists().where(
                taken.c.repo == old.c.repo,
                taken.c.issue_id == old.c.issue_id,
                taker.c.undoes == taken.c.id,
                taker.c.undoes.is_not(None),
                or_(taker.c.repo != taken.c.repo, taker.c.issue_id != taken.c.issue_id),
            ),
        )
    )


def _keep_whose_labels(connection: Connection, found: Sequence[IssueRef]) -> None:
    """Note in the mirror which labels were ours, where only the log knew: nothing is ever learned from our own."""
    rows = connection.execute(
        select(mirror.c.repo, mirror.c.issue_id, mirror.c.labels, mirror.c.updated_at).where(_about(mirror.c, found))
    )
    for row in rows.all():
        issue = issue_of(row)
        known = {fact.label for fact in mirror_facts.label_facts(connection, issue)}
        ours = {label for _, label in mirror_facts.labels_by_us(connection, issue.repo, only=issue)}
        missing = sorted((ours & set(row.labels)) - known)
        kept = {"repo": issue.repo.key, "issue_id": issue.number, "by": "us", "by_id": None, "at": row.updated_at}
        if missing:
            connection.execute(insert(mirror_labels), [kept | {"label": label} for label in missing])


def _delete_notes(connection: Connection, log_ids: Iterable[int]) -> None:
    keys = [seen_key(log_id) for log_id in log_ids]
    for start in range(0, len(keys), 500):
        connection.execute(delete(meta).where(meta.c.key.in_(keys[start : start + 500])))


def _about(table: Any, found: Sequence[IssueRef]) -> ColumnElement[bool]:
    """Compare with issues of one repository: so every table is asked by its index."""
    (repo,) = {issue.repo.key for issue in found}
    return and_(table.repo == repo, table.issue_id.in_([issue.number for issue in found]))
