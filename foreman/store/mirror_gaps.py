"""What nobody knows yet of issues from before Foreman: who put labels on, and which original a duplicate has.

Facts that polling has brought are never replaced.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, Text, cast, exists, insert, or_, select

from foreman.model import IssueRef, RepoRef
from foreman.store.mirror_facts import LabelChange, sort_of
from foreman.store.tables import mirror, mirror_comments, mirror_labels

_LABELS = cast(mirror.c.labels, Text)
_CALLED_DUPLICATE = or_(mirror.c.state_reason == "duplicate", _LABELS.ilike('%"duplicate"%'))


def add_labels(
    connection: Connection, repo: RepoRef, put_on: Iterable[tuple[int, LabelChange]], *, bot_id: int
) -> int:
    """Keep who put labels on mirrored issues, where that is not known yet.

    Args:
        connection: In a transaction.
        repo: Which repository.
        put_on: Numbers and what was put on, the newest first; an earlier time of the same label is of no interest.
        bot_id: Our own account.

    Returns:
        How many facts are new. A label that the issue does not have any more is none.
    """
    last: dict[tuple[int, str], LabelChange] = {}
    for number, change in put_on:
        last.setdefault((number, change.label), change)
    numbers = {number for number, _ in last}
    has = {
        (row.issue_id, label)
        for row in connection.execute(
            select(mirror.c.issue_id, mirror.c.labels).where(mirror.c.repo == repo.key, mirror.c.issue_id.in_(numbers))
        )
        for label in row.labels
    }
    here = (mirror_labels.c.repo == repo.key, mirror_labels.c.issue_id.in_(numbers))
    known = {(row.issue_id, row.label) for row in connection.execute(select(mirror_labels).where(*here))}
    facts = []
    for (number, label), change in last.items():
        if (number, label) not in has or (number, label) in known:
            continue
        who = change.account
        by = sort_of(who.id if who else None, is_bot=who is not None and who.is_bot, bot_id=bot_id)
        fact = {"repo": repo.key, "issue_id": number, "label": label, "by": by, "at": change.at}
        facts.append(fact | {"by_id": who.id if who and who.id else None})
    if facts:
        connection.execute(insert(mirror_labels), facts)
    return len(facts)


def labelled_by_nobody_knows(connection: Connection, repo: RepoRef, *, below: int | None) -> IssueRef | None:
    """Return the newest issue below a number that has labels and of which nobody knows who put any on."""
    known = exists().where(mirror_labels.c.repo == mirror.c.repo, mirror_labels.c.issue_id == mirror.c.issue_id)
    return _newest(connection, repo, below, _LABELS != "[]", ~known)


def duplicate_of_nobody_knows(connection: Connection, repo: RepoRef, *, below: int | None) -> IssueRef | None:
    """Return the newest issue below a number that was closed as a duplicate and whose comments were never read."""
    read = exists().where(mirror_comments.c.repo == mirror.c.repo, mirror_comments.c.issue_id == mirror.c.issue_id)
    unknown = (mirror.c.state == "closed", mirror.c.comment_count > 0, mirror.c.duplicate_of.is_(None))
    return _newest(connection, repo, below, *unknown, _CALLED_DUPLICATE, ~read)


def _newest(connection: Connection, repo: RepoRef, below: int | None, *wanted: ColumnElement[bool]) -> IssueRef | None:
    number = mirror.c.issue_id
    found = select(number).where(mirror.c.repo == repo.key, mirror.c.confidential.is_(False), *wanted)
    if below is not None:
        found = found.where(number < below)
    newest = connection.execute(found.order_by(number.desc()).limit(1)).scalar()
    return None if newest is None else IssueRef(repo, newest)
