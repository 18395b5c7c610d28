"""What people think of our comments, in one picture each. A thumbs-down is a correction, and so is taking it back.

A reaction is a fact with an account: nothing of it but that, and counts, goes anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from foreman.model import Account, ActionState, IssueRef, Reaction, ReactionKind, RepoRef
from foreman.store import corrections, plain_issue
from foreman.store.logged import Opinion
from foreman.store.rows import driver, issue_of
from foreman.store.tables import actions, reactions

THUMBS_DOWN = "thumbs_down"
WITHDRAWN = "thumbs_down_withdrawn"


def of_issue(connection: Connection, issue: IssueRef) -> tuple[Opinion, ...]:
    """Return what was ever seen on an issue, oldest first."""
    return plain_issue.opinions(driver(connection), issue)


def of_comment(connection: Connection, issue: IssueRef, comment_id: int) -> tuple[Opinion, ...]:
    """Return the reactions that stand on one comment, as far as we know."""
    return tuple(one for one in of_issue(connection, issue) if one.comment_id == comment_id and one.gone_at is None)


def thumbs(connection: Connection, issue: IssueRef) -> dict[int, tuple[int, int]]:
    """Return how many thumbs up and down each comment of an issue had when last seen; none at all is left out."""
    counted: dict[int, tuple[int, int]] = {}
    columns = (reactions.c.comment_id, reactions.c.kind, func.count())
    grouped = select(*columns).where(*_here(issue), reactions.c.gone_at.is_(None))
    for comment_id, kind, number in connection.execute(grouped.group_by(reactions.c.comment_id, reactions.c.kind)):
        up, down = counted.get(comment_id, (0, 0))
        match kind:
            case ReactionKind.THUMBS_UP:
                counted[comment_id] = (number, down)
            case ReactionKind.THUMBS_DOWN:
                counted[comment_id] = (up, number)
    return counted


def note(
    connection: Connection,
    issue: IssueRef,
    comment_id: int,
    found: Sequence[Reaction],
    *,
    bot: Account,
    now: datetime,
) -> int:
    """Keep the reactions to a comment of ours; what people think less of it, or no longer, is a correction, once.

    Args:
        connection: In a transaction.
        issue: Where.
        comment_id: The comment.
        found: All there are.
        bot: Our own account, whose reactions are no opinion; other bots' are none either.
        now: Current time, aware UTC.

    Returns:
        How many corrections came of it.
    """
    here = (*_here(issue), reactions.c.comment_id == comment_id)
    known = {row.reaction_id: _opinion(row) for row in connection.execute(select(reactions).where(*here))}
    standing = {reaction.id for reaction in found}
    given = [reaction for reaction in found if reaction.id not in known]
    gone = [one.reaction for one in known.values() if one.gone_at is None and one.reaction.id not in standing]
    back = [one.reaction.id for one in known.values() if one.gone_at is not None and one.reaction.id in standing]
    for reaction in given:
        connection.execute(insert(reactions).values(**_values(issue, comment_id, reaction), seen_at=now))
    for ids, at in (([reaction.id for reaction in gone], now), (back, None)):
        if ids:
            connection.execute(update(reactions).where(*here, reactions.c.reaction_id.in_(ids)).values(gone_at=at))
    against = [(reaction, kind) for kind, ones in ((THUMBS_DOWN, given), (WITHDRAWN, gone)) for reaction in ones]
    counted = [
        (reaction.author.login, kind)
        for reaction, kind in against
        if reaction.kind is ReactionKind.THUMBS_DOWN
        and not reaction.author.is_bot
        and reaction.author.id not in (0, bot.id)
    ]
    if counted:
        action_id, posted = _action_of(connection, issue, comment_id)
        for login, kind in counted:
            corrections.add(
                connection,
                issue=issue,
                kind=kind,
                action_type="comment",
                value=f"{posted:%Y-%m-%d}" if posted else "",
                by=login,
                action_id=action_id,
                now=now,
            )
    return len(counted)


def comments_of_ours(
    connection: Connection, repo: RepoRef, *, since: datetime, limit: int
) -> tuple[tuple[IssueRef, int], ...]:
    """Return the last comment of ours on each issue that got one lately, newest first.

    Args:
        connection: To read from.
        repo: Where.
        since: Not older than this, aware UTC.
        limit: At most so many.

    Returns:
        Issue and the forge's id of the comment.
    """
    ours = actions.c
    rows = connection.execute(
        select(ours.repo, ours.issue_id, ours.undo)
        .where(
            ours.repo == repo.key,
            ours.state == ActionState.DONE.value,
            ours.created_at >= since,
            ours.type == "comment",
        )
        .order_by(ours.created_at.desc(), ours.id.desc())
    )
    last: dict[IssueRef, int] = {}
    for row in rows:
        if len(last) >= limit:
            break
        if row.undo.get("comment_id"):
            last.setdefault(issue_of(row), int(row.undo["comment_id"]))
    return tuple(last.items())


def _action_of(connection: Connection, issue: IssueRef, comment_id: int) -> tuple[int | None, datetime | None]:
    """Return the action that posted a comment, and when; None for one that the log does not know."""
    ours = actions.c
    where = (ours.repo == issue.repo.key, ours.issue_id == issue.number, ours.type == "comment")
    rows = connection.execute(select(ours.id, ours.undo, ours.sent_at).where(*where))
    return next(
        ((row.id, row.sent_at) for row in rows if (row.undo or {}).get("comment_id") == comment_id), (None, None)
    )


def _here(issue: IssueRef) -> tuple[Any, ...]:
    return (reactions.c.repo == issue.repo.key, reactions.c.issue_id == issue.number)


def _values(issue: IssueRef, comment_id: int, reaction: Reaction) -> dict[str, Any]:
    return {
        "repo": issue.repo.key,
        "issue_id": issue.number,
        "comment_id": comment_id,
        "reaction_id": reaction.id,
        "account_id": reaction.author.id,
        "login": reaction.author.login,
        "is_bot": reaction.author.is_bot,
        "kind": reaction.kind.value,
        "at": reaction.at,
    }


def _opinion(row: Row[Any]) -> Opinion:
    author = Account(login=row.login, id=row.account_id, is_bot=row.is_bot)
    return Opinion(
        issue=issue_of(row),
        comment_id=row.comment_id,
        reaction=Reaction(id=row.reaction_id, author=author, kind=ReactionKind(row.kind), at=row.at),
        seen_at=row.seen_at,
        gone_at=row.gone_at,
    )
