"""Who put which label on a mirrored issue, and who commented when: read where the forge was asked anyway."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Literal

from sqlalchemy import Connection, Delete, Insert, Table, bindparam, delete, insert, select

from foreman.model import INSIDERS, Account, ActionState, Comment, Issue, IssueRef, RepoRef
from foreman.store import mirror
from foreman.store.tables import actions, mirror_comments, mirror_labels
from foreman.values import dataclass

By = Literal["person", "us", "bot", "unknown"]

MOST_COMMENTS = 200
"""Comments of one issue of which facts are kept, the newest."""

_DUPLICATE = re.compile(
    r"(?:^|\n)\s*(?:closing (?:this )?as (?:a )?)?dup(?:licate)?(?: of|:)?\s*#(\d{1,9})\b", re.IGNORECASE
)
"""How people say it, and how GitHub itself reads it: "Duplicate of #12" at the beginning of a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFact:
    """Who put a label on that an issue has.

    Attributes:
        label: Exact name.
        by_id: Numeric id of who did it; None where the forge did not say.
        by: What sort of account that is.
        at: When, aware UTC.
    """

    label: str
    by_id: int | None
    by: By
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentFact:
    """That somebody commented.

    Attributes:
        comment_id: The forge's id.
        author_id: Numeric id.
        by: What sort of account that is.
        role: What the author is to the repository.
        at: When, aware UTC.
        duplicate_of: The issue that a person with a role in the repository named as the original here.
    """

    comment_id: int
    author_id: int
    by: By
    role: str
    at: datetime
    duplicate_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChange:
    """That a label was put on an issue; what a forge's history tells, in words that need no forge.

    Attributes:
        label: Exact name.
        account: Who did it; None where the forge does not say.
        at: When, aware UTC.
    """

    label: str
    account: Account | None
    at: datetime


def note_labels(connection: Connection, issue: Issue, put_on: Iterable[LabelChange], *, bot_id: int) -> None:
    """Keep who put on the labels that an issue has now; of one that the history does not tell, that nobody knows.

    Args:
        connection: In a transaction. Nothing is kept of an issue that is not mirrored.
        issue: As it is now.
        put_on: Every time a label was put on, oldest first.
        bot_id: Our own account.
    """
    if not mirror.count(connection, issue.ref):
        return
    last = {change.label: change for change in put_on}
    facts = []
    for label in issue.labels:
        change = last.get(label)
        who = change.account if change else None
        by = sort_of(who.id if who else None, is_bot=who is not None and who.is_bot, bot_id=bot_id)
        at = change.at if change else issue.created_at
        facts.append(LabelFact(label=label, by_id=who.id if who and who.id else None, by=by, at=at))
    set_label_facts(connection, issue.ref, facts)


def note_comments(connection: Connection, issue: IssueRef, said: Iterable[Comment], *, bot_id: int) -> None:
    """Keep facts of all comments of a mirrored issue; of one that is not mirrored nothing is kept."""
    if mirror.count(connection, issue):
        set_comments(connection, issue, said, bot_id=bot_id)


def labels_by_us(connection: Connection, repo: RepoRef, *, only: IssueRef | None = None) -> frozenset[tuple[int, str]]:
    """Return the labels that Foreman put on a repository's issues and has not taken off since: number and name.

    Args:
        connection: To read from.
        repo: Which repository.
        only: On this issue of it only.

    Returns:
        By what the log says.
    """
    wanted = select(actions.c.issue_id, actions.c.type, actions.c.payload).where(
        actions.c.repo == repo.key,
        actions.c.state == ActionState.DONE.value,
        actions.c.type.in_(("add_label", "remove_label")),
    )
    if only is not None:
        wanted = wanted.where(actions.c.issue_id == only.number)
    ours: set[tuple[int, str]] = set()
    for row in connection.execute(wanted.order_by(actions.c.log_id, actions.c.position)):
        put_on = ours.add if row.type == "add_label" else ours.discard
        put_on((row.issue_id, row.payload["label"]))
    return frozenset(ours)


def labels_of_repo(connection: Connection, repo: RepoRef) -> dict[int, dict[str, By]]:
    """Return who put on which label, for all issues of a repository at once.

    Args:
        connection: To read from.
        repo: Which repository.

    Returns:
        By number and label. What the forge's history did not tell, our own log tells; what is missing nobody knows:
        no history of that issue was read.
    """
    table = mirror_labels
    known: dict[int, dict[str, By]] = {}
    for row in connection.execute(select(table.c.issue_id, table.c.label, table.c.by).where(table.c.repo == repo.key)):
        known.setdefault(row.issue_id, {})[row.label] = row.by
    for number, label in labels_by_us(connection, repo):
        known.setdefault(number, {}).setdefault(label, "us")
    return known


def label_times(connection: Connection, repo: RepoRef) -> dict[int, dict[str, datetime]]:
    """Return when which label was put on, by number and label; what is missing nobody knows."""
    table = mirror_labels
    here = (table.c.repo == repo.key, table.c.by != "unknown")  # of these the time is made up where nobody told
    known: dict[int, dict[str, datetime]] = {}
    for row in connection.execute(select(table.c.issue_id, table.c.label, table.c.at).where(*here)):
        known.setdefault(row.issue_id, {})[row.label] = row.at
    return known


def set_label_facts(connection: Connection, issue: IssueRef, facts: Iterable[LabelFact]) -> None:
    """Keep who put on the labels that an issue has, over what was kept before; one fact for a label."""
    values: dict[str, dict[str, object]] = {
        fact.label: {"label": fact.label, "by_id": fact.by_id, "by": fact.by, "at": fact.at} for fact in facts
    }
    _replace(connection, mirror_labels, issue, list(values.values()))


def label_facts(connection: Connection, issue: IssueRef) -> tuple[LabelFact, ...]:
    """Return who put on which label, by name; empty where nobody has read it yet."""
    table = mirror_labels
    here = (table.c.repo == issue.repo.key, table.c.issue_id == issue.number)
    rows = connection.execute(select(table).where(*here).order_by(table.c.label))
    return tuple(LabelFact(label=row.label, by_id=row.by_id, by=row.by, at=row.at) for row in rows)


def set_comments(connection: Connection, issue: IssueRef, comments: Iterable[Comment], *, bot_id: int) -> None:
    """Keep facts of all comments of an issue, over what was kept before; of internal ones none.

    Args:
        connection: In a transaction.
        issue: Which.
        comments: All that there are, oldest first.
        bot_id: Our own account.
    """
    said = [comment for comment in comments if not comment.internal][-MOST_COMMENTS:]
    _replace(
        connection,
        mirror_comments,
        issue,
        [
            {
                "comment_id": comment.id,
                "author_id": comment.author.id,
                "by": sort_of(comment.author.id, is_bot=comment.author.is_bot, bot_id=bot_id),
                "role": comment.role.value,
                "at": comment.created_at,
                "duplicate_of": _original(comment, issue),
            }
            for comment in said
        ],
    )


def comments(connection: Connection, issue: IssueRef) -> tuple[CommentFact, ...]:
    """Return who commented on an issue, oldest first; empty where nobody has read it yet."""
    table = mirror_comments
    here = (table.c.repo == issue.repo.key, table.c.issue_id == issue.number)
    rows = connection.execute(select(table).where(*here).order_by(table.c.at, table.c.comment_id))
    return tuple(
        CommentFact(
            comment_id=row.comment_id,
            author_id=row.author_id,
            by=row.by,
            role=row.role,
            at=row.at,
            duplicate_of=row.duplicate_of,
        )
        for row in rows
    )


def sort_of(account_id: int | None, *, is_bot: bool, bot_id: int) -> By:
    """Return what sort of account did something; nobody knows of a deleted one."""
    if not account_id:
        return "unknown"
    if account_id == bot_id:
        return "us"
    return "bot" if is_bot else "person"


def _original(comment: Comment, issue: IssueRef) -> int | None:
    if comment.role not in INSIDERS or comment.author.is_bot:
        return None
    found = _DUPLICATE.search(comment.body[:4_000])
    return int(found[1]) if found and int(found[1]) != issue.number else None


def _replace(connection: Connection, table: Table, issue: IssueRef, values: list[dict[str, object]]) -> None:
    key = {"repo": issue.repo.key, "issue_id": issue.number}
    gone, new = _replacing(table)
    connection.execute(gone, key)
    if values:
        connection.execute(new, [key | value for value in values])


@cache
def _replacing(table: Table) -> tuple[Delete, Insert]:
    mine = (table.c.repo == bindparam("repo"), table.c.issue_id == bindparam("issue_id"))
    return delete(table).where(*mine), insert(table)
