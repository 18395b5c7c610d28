"""What people changed about our work: refusals, undoing, labels taken off. What later decisions may learn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, bindparam, insert, select

from foreman.model import IssueRef, RepoRef
from foreman.store import agreement, ladder, plain_issue
from foreman.store.logged import Correction
from foreman.store.rows import driver, inserted_id, issue_of
from foreman.store.tables import corrections
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PutRight:
    """Something that was found put right, before it is known whether it was told already.

    Attributes:
        kind: `removed` and `added` of labels, `reopened`, `comment_deleted`.
        action_type: To which kind of action of ours.
        value: The label, or why we had closed.
        by: Login; empty where the forge does not tell.
        action_id: The action of ours; None where we should have done something and did not.
    """

    kind: str
    action_type: str
    value: str
    by: str
    action_id: int | None


def value_of(payload: Mapping[str, Any]) -> str:
    """Return the one word that tells what an action was about: its label, login or close reason."""
    return next((str(payload[name]) for name in ("label", "user", "reason") if payload.get(name)), "")


def add(
    connection: Connection,
    *,
    issue: IssueRef,
    kind: str,
    action_type: str,
    value: str = "",
    by: str = "",
    because: str = "",
    action_id: int | None = None,
    now: datetime,
) -> int:
    """Remember a correction; one too many that reverses something makes such actions wait for a person.

    Args:
        connection: In a transaction.
        issue: Where.
        kind: What the person did.
        action_type: To which kind of action.
        value: The label or login.
        by: Who.
        because: The person's own words.
        action_id: The action of ours.
        now: Current time, aware UTC.

    Returns:
        Row id.
    """
    added = connection.execute(
        insert(corrections).values(
            repo=issue.repo.key,
            issue_id=issue.number,
            kind=kind,
            action_type=action_type,
            value=value,
            by=by,
            because=because,
            action_id=action_id,
            at=now,
        )
    )
    if kind in agreement.REVERSALS:
        ladder.watch(connection, issue.repo, action_type, now=now)
    return inserted_id(added)


def note(connection: Connection, issue: IssueRef, found: Iterable[PutRight], *, now: datetime) -> int:
    """Remember what was found put right on an issue, each of it once.

    Args:
        connection: In a transaction.
        issue: Where.
        found: What stands so now.
        now: Current time, aware UTC.

    Returns:
        How many were new.
    """
    told = {(one.kind, one.action_type, one.value, one.action_id) for one in of_issue(connection, issue)}
    new = {(one.kind, one.action_type, one.value, one.action_id): one.by for one in found}
    for (kind, action_type, value, action_id), by in new.items():
        if (kind, action_type, value, action_id) not in told:
            add(
                connection,
                issue=issue,
                kind=kind,
                action_type=action_type,
                value=value,
                by=by,
                action_id=action_id,
                now=now,
            )
    return len(new.keys() - told)


_NEWEST = (
    select(corrections)
    .where(corrections.c.repo == bindparam("repo"))
    .order_by(corrections.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)


def of_repo(connection: Connection, repo: RepoRef, limit: int = 50) -> tuple[Correction, ...]:
    """Return a repository's newest corrections, newest first."""
    rows = connection.execute(_NEWEST, {"repo": repo.key, "most": limit})
    return tuple(_correction(row) for row in rows)


def of_issue(connection: Connection, issue: IssueRef) -> tuple[Correction, ...]:
    """Return an issue's corrections, oldest first."""
    return plain_issue.corrections(driver(connection), issue)


def everything(connection: Connection) -> Iterator[Correction]:
    """Give every correction, oldest first."""
    for row in connection.execute(select(corrections).order_by(corrections.c.id)):
        yield _correction(row)


def _correction(row: Row[Any]) -> Correction:
    return Correction(
        id=row.id,
        issue=issue_of(row),
        kind=row.kind,
        action_type=row.action_type,
        value=row.value,
        by=row.by,
        because=row.because,
        action_id=row.action_id,
        at=row.at,
    )
