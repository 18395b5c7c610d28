"""A close as a duplicate comes days after the comment that announces it, and not at all when a person objects.

Nothing is kept for that but the row itself: the time runs from when the comment was posted, and the thread, its
history and the reactions are read again once it is over. Whatever a person did meanwhile counts as an objection.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from foreman.executor import freshness
from foreman.executor.freshness import Obstacle
from foreman.executor.looking import View, own_doings
from foreman.forge.base import Change, ForgeReader
from foreman.model import Account, ActionState, Reaction, ReactionKind
from foreman.store.actions import LogEntry, StoredAction
from foreman.store.closing import OBJECTED

LEAST = timedelta(hours=72)
"""The shortest grace, whatever a row says."""

AGAIN = timedelta(hours=1)
"""When to look again whether the comment was posted."""

_OPEN = frozenset({ActionState.PLANNED, ActionState.SENT, ActionState.HELD})
_CHANGES_NOTHING = frozenset({ReactionKind.THUMBS_UP})


def is_delayed(action: StoredAction) -> bool:
    """Return whether an action waits for objections first."""
    return action.type == "close" and action.payload.get("reason") == "duplicate"


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
        return max(max(posted), action.created_at) + grace_of(action)
    return now + AGAIN if any(each.state in _OPEN for each in before) else None


def grace_of(action: StoredAction) -> timedelta:
    """Return how long objections are waited for."""
    hours = action.payload.get("grace_hours")
    return max(LEAST, timedelta(hours=hours)) if isinstance(hours, int) else LEAST


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
        found = freshness.obstacle(entry.seen, view.issue, own_doings(entry)) or freshness.interference(
            entry.seen, labels=view.relabelled, comments=view.comments, history=view.history, bot_id=self.bot.id
        )
        detail = found.detail if found else self._in_history(entry, view.history) or self._told(entry, view)
        return Obstacle(reason=OBJECTED, detail=detail, rerun=False) if detail else None

    def _in_history(self, entry: LogEntry, history: Iterable[Change]) -> str:
        since = freshness.since(entry.seen)
        for change in history:
            if change.at > since and (change.actor is None or self._is_person(change.actor)):
                who = change.actor.login if change.actor else "somebody"
                return f"{who}: {change.kind} {change.label}".strip()
        return ""

    def _told(self, entry: LogEntry, view: View) -> str:
        there = {comment.id for comment in view.comments}
        for action in entry.actions:
            comment_id = action.undo.get("comment_id")
            if action.type != "comment" or action.state is not ActionState.DONE or not isinstance(comment_id, int):
                continue
            if comment_id not in there:
                return "the comment that announced it is gone"
            for reaction in self.reader.reactions(entry.issue, comment_id):
                if reaction.kind not in _CHANGES_NOTHING and self._is_person(reaction.author):
                    return f"{reaction.author.login} reacted to the comment"
        return self._disliked(entry, self.reader.reactions(entry.issue))

    def _disliked(self, entry: LogEntry, reactions: Iterable[Reaction]) -> str:
        since = freshness.since(entry.seen)
        for reaction in reactions:
            new = reaction.kind is ReactionKind.THUMBS_DOWN and reaction.at > since
            if new and self._is_person(reaction.author):
                return f"{reaction.author.login} gave the issue a thumbs-down"
        return ""

    def _is_person(self, account: Account) -> bool:
        return account.id != self.bot.id and not account.is_bot
