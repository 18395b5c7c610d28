"""Comments that order something of us, among those that a poll has read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from foreman import changes, commands
from foreman.changes import Horizon
from foreman.model import Account, Comment, ForgeKind, Issue
from foreman.store.commands import Ordered
from foreman.store.issues import Snapshot

STANDS_STILL = {ForgeKind.GITHUB: timedelta(0), ForgeKind.GITLAB: changes.SETTLES[ForgeKind.GITLAB]}
"""How long the time of an issue's last change may stand for something later."""

OVERLAP = timedelta(minutes=15)
"""How far behind an issue's last look a comment may have been written and still be listed late."""


def ordered(
    before: Snapshot | None,
    issue: Issue,
    comments: Iterable[Comment],
    *,
    horizon: Horizon,
    bot: Account,
    redact: Callable[[str], str],
) -> tuple[Ordered, ...]:
    """Find the orders that are new. Whether their authors may give any is asked where they are carried out.

    Args:
        before: The last look, None for none.
        issue: The issue now; on one that we opened ourselves nothing is ordered in this way.
        comments: As they were read.
        horizon: From when on happenings count.
        bot: Our own account.
        redact: Takes secrets out of what a person gives as a reason.

    Returns:
        Oldest first; nothing of bots, of deleted accounts, of internal notes, nor of what was written before the last
        look and only not read then.
    """
    if issue.author.id == bot.id:
        return ()
    found = []
    for comment in changes.newly_said(before, issue, comments, horizon):
        if _is_old(comment, before, issue, horizon) or comment.internal:
            continue
        if comment.author.is_bot or comment.author.id in (0, bot.id):
            continue
        said = commands.read(comment.body, bot)
        if said.commands:
            found.append(
                Ordered(
                    issue=issue.ref,
                    comment_id=comment.id,
                    author_id=comment.author.id,
                    author=comment.author.login,
                    written_at=comment.created_at,
                    lines=tuple({**one.as_json(), "because": redact(one.because)} for one in said.commands),
                    edited=comment.updated_at != comment.created_at,
                    cut=said.cut,
                    quiet=said.only or any(one.verb is commands.Verb.APPROVE for one in said.commands),
                )
            )
    return tuple(sorted(found, key=lambda one: (one.written_at, one.comment_id)))


def _is_old(comment: Comment, before: Snapshot | None, issue: Issue, horizon: Horizon) -> bool:
    """Return whether a comment may have been there before anybody listened.

    The newest thing at a look that read no comments may have been this very one.
    """
    still = STANDS_STILL[issue.ref.repo.forge]
    if before is None:
        first = horizon.opened_from
        return first is not None and comment.created_at <= first + still
    unread = before.comment_count > 0 and not before.heard
    if unread and comment.created_at <= changes.known_from(before) + still:
        return True
    return comment.created_at < before.updated_at - OVERLAP


def news(comments: Iterable[Comment], *, bot: Account) -> list[Comment]:
    """Leave out the comments that say nothing but orders: they are no news to an agent."""
    return [comment for comment in comments if not commands.read(comment.body, bot).only]
