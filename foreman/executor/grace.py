"""A close as a duplicate comes days after the comment that announces it, and not at all when a person objects.

Nothing is kept for that but the row itself: the time runs from when the comment was posted, and the thread, its
history and the reactions are read again once it is over. Whatever a person did meanwhile counts as an objection.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from foreman.executor import freshness
from foreman.executor.freshness import Obstacle
from foreman.executor.looking import View, own_doings
from foreman.forge.base import Change, ForgeReader
from foreman.model import Account, ActionState, Comment, Issue, Reaction, ReactionKind
from foreman.store import closing
from foreman.store.actions import LogEntry, StoredAction
from foreman.values import dataclass

AGAIN = timedelta(hours=1)
"""When to look again whether the comment was posted."""

_OPEN = frozenset({ActionState.PLANNED, ActionState.SENT, ActionState.HELD})
_CHANGES_NOTHING = frozenset({ReactionKind.THUMBS_UP})


def due_at(entry: LogEntry, action: StoredAction, *, now: datetime) -> datetime | None:
    """Return when an announced close may be done.

    Args:
        entry: Its whole decision.
        action: The close.
        now: Current time, aware UTC.

    Returns:
        The time; None when no comment of the decision announces it any more.
    """
    before = [each for each in entry.actions if each.type == "comment" and each.position < action.position]
    posted = [each.settled_at for each in before if each.state is ActionState.DONE and each.settled_at]
    if posted:
        return max(max(posted), action.created_at) + closing.grace_of(action)
    return now + AGAIN if any(each.state in _OPEN for each in before) else None


def objection(
    entry: LogEntry, *, issue: Issue, comments: Sequence[Comment], history: Sequence[Change], bot: Account
) -> str:
    """Tell what people said or did since closing was decided, reactions apart. Pure.

    Args:
        entry: The whole decision.
        issue: As it is now.
        comments: All of them.
        history: All of it.
        bot: Our own account.

    Returns:
        The first thing found that counts as an objection, one line; empty for none.
    """
    own = own_doings(entry)
    found = freshness.obstacle(entry.seen, issue, own) or freshness.interference(
        entry.seen,
        labels=freshness.relabelled(entry.seen, issue, own),
        comments=comments,
        history=history,
        bot_id=bot.id,
    )
    return found.detail if found else _planned(entry, issue) or _in_history(entry, history, bot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objections:
    """Looks for objections to one announced close.

    Attributes:
        reader: The forge.
        bot: Our own account there.
    """

    reader: ForgeReader
    bot: Account

    def find(self, entry: LogEntry, view: View) -> Obstacle | None:
        """Return what a person did since, or what else is in the way.

        Args:
            entry: The whole decision.
            view: A thorough look at the issue.

        Returns:
            The first thing found. Nothing of it is decided again: it stays open.

        Raises:
            ForgeError: The reactions could not be read.
        """
        detail = objection(entry, issue=view.issue, comments=view.comments, history=view.history, bot=self.bot)
        detail = detail or self._told(entry, view)
        return Obstacle(reason=closing.OBJECTED, detail=detail, rerun=False) if detail else None

    def _told(self, entry: LogEntry, view: View) -> str:
        there = {comment.id for comment in view.comments}
        for action in entry.actions:
            comment_id = action.undo.get("comment_id")
            if action.type != "comment" or action.state is not ActionState.DONE or not isinstance(comment_id, int):
                continue
            if comment_id not in there:
                return "the comment that announced it is gone"
            for reaction in self.reader.reactions(entry.issue, comment_id):
                if reaction.kind not in _CHANGES_NOTHING and _is_person(reaction.author, self.bot):
                    return f"{reaction.author.login} reacted to the comment"
        return self._disliked(entry, self.reader.reactions(entry.issue))

    def _disliked(self, entry: LogEntry, reactions: Iterable[Reaction]) -> str:
        since = freshness.since(entry.seen)
        for reaction in reactions:
            new = reaction.kind is ReactionKind.THUMBS_DOWN and reaction.at > since
            if new and _is_person(reaction.author, self.bot):
                return f"{reaction.author.login} gave the issue a thumbs-down"
        return ""


def _in_history(entry: LogEntry, history: Iterable[Change], bot: Account) -> str:
    since = freshness.since(entry.seen)
    for change in history:
        if change.at > since and (change.actor is None or _is_person(change.actor, bot)):
            who = change.actor.login if change.actor else "somebody"
            return f"{who}: {change.kind} {change.label or change.assignee}".strip()
    return ""


def _planned(entry: LogEntry, issue: Issue) -> str:
    """Tell of a milestone or an assignee that was not there, whoever it was: it is somebody's work now."""
    if issue.milestone != entry.seen.get("milestone", issue.milestone):
        return f"milestone {issue.milestone}" if issue.milestone else "the milestone was taken off"
    ours = {str(action.payload["user"]).casefold() for action in entry.actions if action.type == "assign"}
    seen = {login.casefold() for login in entry.seen.get("assignees", issue.assignees)}
    changed = sorted((seen ^ {login.casefold() for login in issue.assignees}) - ours)
    return f"assignee {changed[0]}" if changed else ""


def _is_person(account: Account, bot: Account) -> bool:
    return account.id != bot.id and not account.is_bot
