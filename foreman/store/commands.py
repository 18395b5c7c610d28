"""Comments that order something of us: each is kept once, whatever a poll finds again, and settled once.

ready -> taken (its effects are written down in the same transaction) -> answered
ready -> ignored (nobody who may order, or nobody can tell)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, or_, select, update

from foreman.model import ForgeKind, IssueRef, RepoRef
from foreman.store.rows import issue_of
from foreman.store.tables import commands, is_state
from foreman.values import dataclass

AGENT = "commands"
"""Under this name the log has what people ordered by comment."""

KEPT = timedelta(days=30)
"""How long comments are remembered that ordered nothing; a poll finds none again after minutes."""

MOST_OPEN_OF_ONE = 20
"""Comments of one account that wait at a time; more of them are no orders but a flood."""


class CommandState(StrEnum):
    """Where one comment stands."""

    READY = "ready"
    TAKEN = "taken"
    ANSWERED = "answered"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """One comment with orders.

    Attributes:
        issue: Where.
        comment_id: The forge's id.
        author_id: Whose, by numeric id.
        author: Login.
        written_at: The forge's time of it, aware UTC.
        lines: Its orders, JSON-ready, in the order of the text.
        edited: It had been edited when it was first seen.
        cut: There were more orders than are taken from one comment.
        quiet: It says nothing that an earlier decision would have to heed.
        state: Where it stands.
        reason: One line for the log.
        waits: What must end before it is answered: ids of `actions` and inbox `items`, and the `faults` so far.
        not_before: When it may be looked at again, aware UTC; None for at once.
        seen_at: When the poll found it, aware UTC.
    """

    issue: IssueRef
    comment_id: int
    author_id: int
    author: str
    written_at: datetime
    lines: tuple[Mapping[str, Any], ...]
    edited: bool = False
    cut: bool = False
    quiet: bool = False
    state: CommandState = CommandState.READY
    reason: str = ""
    waits: Mapping[str, Any] = field(default_factory=dict)
    not_before: datetime | None = None
    seen_at: datetime | None = None

    @property
    def key(self) -> str:
        """Unique for ever: the same comment found twice has the same key."""
        return f"{self.issue}:command:{self.comment_id}"


def add(connection: Connection, ordered: Ordered, *, now: datetime) -> bool:
    """Keep a comment.

    Args:
        connection: In a write transaction.
        ordered: The comment, in state `ready`.
        now: Current time, aware UTC.

    Returns:
        False when it was known already, or its author has too many that wait.
    """
    if connection.execute(select(commands.c.key).where(commands.c.key == ordered.key)).first() is not None:
        return False
    mine = (commands.c.author_id == ordered.author_id, commands.c.state == CommandState.READY.value)
    if connection.execute(select(func.count()).where(*mine)).scalar_one() >= MOST_OPEN_OF_ONE:
        return False
    old = and_(commands.c.state == CommandState.IGNORED.value, commands.c.seen_at < now - KEPT)
    connection.execute(delete(commands).where(old))
    connection.execute(
        insert(commands).values(
            key=ordered.key,
            repo=ordered.issue.repo.key,
            issue_id=ordered.issue.number,
            comment_id=ordered.comment_id,
            author_id=ordered.author_id,
            author=ordered.author,
            written_at=ordered.written_at,
            lines=list(ordered.lines),
            edited=ordered.edited,
            cut=ordered.cut,
            quiet=ordered.quiet,
            state=CommandState.READY.value,
            reason="",
            waits={},
            seen_at=now,
        )
    )
    return True


_OPEN = (
    select(commands)
    .where(is_state(commands.c.state, CommandState.READY, CommandState.TAKEN))
    .order_by(commands.c.written_at, commands.c.comment_id)
)


def due(connection: Connection, kind: ForgeKind, *, now: datetime) -> tuple[Ordered, ...]:
    """Return the comments that something can be done about now, oldest first.

    Args:
        connection: To read from.
        kind: On this forge.
        now: Current time, aware UTC.

    Returns:
        Those that wait and those that were taken; of each issue no new one while an older one has to wait.
    """
    found, blocked = [], set[IssueRef]()
    for row in connection.execute(_OPEN):
        one = _ordered(row)
        later = one.not_before is not None and one.not_before > now
        if one.state is CommandState.READY:
            if later or one.issue in blocked:
                blocked.add(one.issue)
                continue
        elif later:
            continue
        if one.issue.repo.forge is kind:
            found.append(one)
    return tuple(found)


def get(connection: Connection, key: str) -> Ordered | None:
    """Return a comment, None when there is none."""
    row = connection.execute(select(commands).where(commands.c.key == key)).first()
    return None if row is None else _ordered(row)


def take(connection: Connection, ordered: Ordered, *, waits: Mapping[str, Any], now: datetime) -> bool:
    """Note that a comment's orders are being carried out.

    Args:
        connection: In the transaction that writes down what they cause.
        ordered: As read.
        waits: What must end before it is answered.
        now: Current time, aware UTC.

    Returns:
        False when somebody was faster.
    """
    values = {"waits": dict(waits), "taken_at": now, "not_before": None, "reason": ""}
    return _move(connection, ordered, CommandState.READY, CommandState.TAKEN, values)


def answer(connection: Connection, ordered: Ordered, *, reason: str, now: datetime) -> bool:
    """Note that all is done and said; returns False when somebody was faster."""
    values = {"reason": reason, "settled_at": now, "not_before": None}
    return _move(connection, ordered, CommandState.TAKEN, CommandState.ANSWERED, values)


def ignore(connection: Connection, ordered: Ordered, *, reason: str, now: datetime) -> bool:
    """Note that a comment orders nothing, and why; returns False when somebody was faster."""
    values = {"reason": reason, "settled_at": now, "not_before": None}
    return _move(connection, ordered, CommandState.READY, CommandState.IGNORED, values)


def defer(connection: Connection, ordered: Ordered, *, not_before: datetime, reason: str) -> None:
    """Come back to a comment later."""
    values = {"not_before": not_before, "reason": reason}
    connection.execute(update(commands).where(commands.c.key == ordered.key).values(**values))


def taken_since(connection: Connection, author_id: int, since: datetime) -> int:
    """Return how many comments of one account were taken since then."""
    mine = (commands.c.author_id == author_id, commands.c.taken_at >= since)
    return connection.execute(select(func.count()).where(*mine)).scalar_one()


_QUIET = select(commands.c.comment_id).where(
    commands.c.repo == bindparam("repo"),
    commands.c.issue_id == bindparam("number"),
    commands.c.quiet,
    or_(commands.c.state == CommandState.TAKEN.value, commands.c.state == CommandState.ANSWERED.value),
)


def quiet_ones(connection: Connection, issue: IssueRef) -> frozenset[int]:
    """Return the comments on an issue that were orders of somebody who may, and no news beside that; their ids."""
    rows = connection.execute(_QUIET, {"repo": issue.repo.key, "number": issue.number})
    return frozenset(row.comment_id for row in rows)


def recent(connection: Connection, repo: RepoRef, *, limit: int = 50) -> Sequence[Ordered]:
    """Return the newest comments with orders in a repository, newest first."""
    rows = connection.execute(
        select(commands).where(commands.c.repo == repo.key).order_by(commands.c.written_at.desc()).limit(limit)
    )
    return tuple(_ordered(row) for row in rows)


def _move(
    connection: Connection, ordered: Ordered, before: CommandState, after: CommandState, values: Mapping[str, Any]
) -> bool:
    here = and_(commands.c.key == ordered.key, commands.c.state == before.value)
    return bool(connection.execute(update(commands).where(here).values(state=after.value, **values)).rowcount)


def _ordered(row: Row[Any]) -> Ordered:
    return Ordered(
        issue=issue_of(row),
        comment_id=row.comment_id,
        author_id=row.author_id,
        author=row.author,
        written_at=row.written_at,
        lines=tuple(row.lines),
        edited=row.edited,
        cut=row.cut,
        quiet=row.quiet,
        state=CommandState(row.state),
        reason=row.reason,
        waits=row.waits,
        not_before=row.not_before,
        seen_at=row.seen_at,
    )
