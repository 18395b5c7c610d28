"""A mirror of each repository's issues: what there is to find similar ones among, and to learn from.

Pull requests are not kept. Of an issue that only few may read there are facts and no text. Every text is bounded, and
without secrets.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from foreman.model import IssueRef, RepoRef
from foreman.store import full_text
from foreman.store.mirror_rows import MirrorIssue as MirrorIssue
from foreman.store.mirror_rows import kept, values_of
from foreman.store.mirror_text import CleanIssue
from foreman.store.tables import NUMBERS, mirror, mirror_comments, mirror_labels, mirror_reading

_PAGE = 500  # rows read at a time: 8 MB at the most


_IN_REPO = mirror.c.repo == bindparam("of_repo")
_ONE = select(mirror).where(and_(_IN_REPO, mirror.c.issue_id == bindparam("number")))
_NUMBERS = select(func.json_each(bindparam("numbers")).table_valued("value").c.value)
_TEXTS = select(mirror.c.issue_id, mirror.c.title, mirror.c.body).where(_IN_REPO, mirror.c.issue_id.in_(_NUMBERS))
_ADD = insert(mirror)
_CHANGE = update(mirror).where(mirror.c.id == bindparam("row_id"))
_FIRST = select(mirror.c.id - mirror.c.issue_id).where(_IN_REPO).limit(1)
_COUNT = select(func.count()).select_from(mirror).where(_IN_REPO)
_COUNT_ONE = _COUNT.where(mirror.c.issue_id == bindparam("number"))


def save(connection: Connection, issue: CleanIssue, *, now: datetime) -> bool:
    """Keep an issue as it is now, and what it can be found by; nothing is written when nothing is new.

    Args:
        connection: In a transaction.
        issue: As the forge shows it, without secrets. A pull request is not kept, nor what is older than what is kept
            already.
        now: Current time, aware UTC.

    Returns:
        Whether anything was written.
    """
    if issue.is_pull_request:
        return False
    before = connection.execute(_ONE, _about(issue.ref)).first()
    values = values_of(issue)
    if before is None:
        key = {"repo": issue.ref.repo.key, "issue_id": issue.ref.number}
        row_id = _first_id(connection, issue.ref.repo) + issue.ref.number
        connection.execute(_ADD, {"id": row_id, **key, **values, "seen_at": now})
    else:
        row_id = before.id
        if before.updated_at > issue.updated_at or all(
            getattr(before, name) == value for name, value in values.items()
        ):
            return False
        connection.execute(_CHANGE, {"row_id": row_id, **values, "seen_at": now})
        if (before.title, before.body) == (values["title"], values["body"]):
            return True
        full_text.remove(connection, row_id)
    if not issue.confidential:
        full_text.add(connection, row_id, title=values["title"], body=values["body"])
    elif before is not None:
        full_text.tidy(connection)  # else its words lie in the index until others take their place
    return True


def get(connection: Connection, ref: IssueRef) -> MirrorIssue | None:
    """Return an issue as it was last seen, None when it is not kept."""
    row = connection.execute(_ONE, _about(ref)).first()
    return None if row is None else kept(row)


def texts(connection: Connection, repo: RepoRef, numbers: Collection[int]) -> dict[int, str]:
    """Return title and body of some issues of a repository, by number, without those that are not kept."""
    if not numbers:
        return {}
    rows = connection.execute(_TEXTS, {"of_repo": repo.key, "numbers": json.dumps(list(numbers))})
    return {row.issue_id: f"{row.title}\n{row.body}" for row in rows}


def of_repo(
    connection: Connection,
    repo: RepoRef,
    *,
    state: str | None = None,
    newest: int | None = None,
    oldest_first: bool = False,
) -> Iterator[MirrorIssue]:
    """Yield a repository's issues by number, read a few hundred at a time.

    Args:
        connection: To read from, until the last one was taken.
        repo: Which repository.
        state: Only `open` or `closed` ones; None for both.
        newest: Only so many of the newest; None for all.
        oldest_first: In the order in which they were opened; else the newest first.

    Yields:
        The issues, confidential ones without text.
    """
    wanted = select(mirror).where(mirror.c.repo == repo.key)
    if state is not None:
        wanted = wanted.where(mirror.c.state == state)
    number = mirror.c.issue_id
    if newest is not None:
        last = wanted.with_only_columns(number).order_by(number.desc()).limit(max(newest, 0)).subquery()
        oldest = connection.execute(select(func.min(last.c.issue_id))).scalar()
        if oldest is None:
            return
        wanted = wanted.where(number >= oldest)
    ordered = wanted.order_by(number if oldest_first else number.desc()).limit(_PAGE)
    after: int | None = None
    while True:
        here = ordered if after is None else ordered.where(number > after if oldest_first else number < after)
        rows = connection.execute(here).all()
        yield from map(kept, rows)
        if len(rows) < _PAGE:
            return
        after = rows[-1].issue_id


def count(connection: Connection, what: RepoRef | IssueRef) -> int:
    """Return how many issues of a repository are kept, or whether one is."""
    if isinstance(what, IssueRef):
        return connection.execute(_COUNT_ONE, _about(what)).scalar_one()
    return connection.execute(_COUNT, {"of_repo": what.key}).scalar_one()


def prune(connection: Connection, repo: RepoRef, *, keep: int) -> int:
    """Drop all but the newest issues of a repository.

    Args:
        connection: In a transaction.
        repo: Which repository.
        keep: How many stay, by number.

    Returns:
        How many went.
    """
    number = mirror.c.issue_id
    wanted = select(mirror.c.id, number).where(mirror.c.repo == repo.key).order_by(number.desc())
    rows = connection.execute(wanted.limit(-1).offset(max(keep, 0))).all()
    for row in rows:
        _drop(connection, IssueRef(repo, row.issue_id), row.id)
    return len(rows)


def remove(connection: Connection, ref: IssueRef) -> int:
    """Drop one issue, which has gone from its repository; returns how many went."""
    here = (mirror.c.repo == ref.repo.key, mirror.c.issue_id == ref.number)
    row_id = connection.execute(select(mirror.c.id).where(*here)).scalar()
    if row_id is None:
        return 0
    _drop(connection, ref, row_id)
    return 1


def forget(connection: Connection, what: RepoRef | IssueRef) -> int:
    """Drop an issue or a whole repository, out of the file too; what changes from now on is kept again.

    Args:
        connection: In a transaction.
        what: Issue or repository.

    Returns:
        How many issues went.
    """
    if isinstance(what, IssueRef):
        gone = remove(connection, what)
    else:
        full_text.remove_repo(connection, what)
        gone = connection.execute(delete(mirror).where(mirror.c.repo == what.key)).rowcount
        for table in (mirror_labels, mirror_comments):
            connection.execute(delete(table).where(table.c.repo == what.key))
    if gone:
        full_text.tidy(connection)
    return gone


def repos(connection: Connection) -> frozenset[str]:
    """Return the keys of the repositories of which anything is kept."""
    kept = set(connection.execute(select(mirror.c.repo).distinct()).scalars())
    return frozenset(kept | set(connection.execute(select(mirror_reading.c.repo)).scalars()))


def _about(ref: IssueRef) -> dict[str, str | int]:
    return {"of_repo": ref.repo.key, "number": ref.number}


def _first_id(connection: Connection, repo: RepoRef) -> int:
    """Return the id that a repository's rows are counted from; one of which nothing is kept gets the next."""
    first = connection.execute(_FIRST, {"of_repo": repo.key}).scalar()
    if first is None:
        last = connection.execute(select(func.max(mirror.c.id))).scalar()
        first = 0 if last is None else (last // NUMBERS + 1) * NUMBERS
    return int(first)


def _drop(connection: Connection, ref: IssueRef, row_id: int) -> None:
    full_text.remove(connection, row_id)
    connection.execute(delete(mirror).where(mirror.c.id == row_id))
    for table in (mirror_labels, mirror_comments):
        connection.execute(delete(table).where(table.c.repo == ref.repo.key, table.c.issue_id == ref.number))
