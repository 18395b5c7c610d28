"""What keeps a planned action from being sent: the rules of today, its time, objections, what happened meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from foreman.executor import grace
from foreman.executor.freshness import Obstacle, interference, obstacle
from foreman.executor.grace import Objections
from foreman.executor.looking import View, own_doings
from foreman.executor.outcomes import Outcomes, Recheck
from foreman.executor.sending import TYPES
from foreman.forge.base import ForgeReader
from foreman.model import Account, ActionState, Allow, Deny
from foreman.store import actions, closing, commands
from foreman.store.actions import LogEntry, StoredAction
from foreman.store.database import Database
from foreman.values import dataclass


@dataclass(slots=True, kw_only=True)
class Screen:
    """Lets through what may be sent, and settles the rest.

    Attributes:
        db: The action log.
        reader: The forge, for looking.
        bot: Our own account there.
        now: Current time, aware UTC.
        recheck: Judges a planned action by today's configuration, which may be stricter than the decision's.
        outcomes: Writes down what becomes of what is kept back.
    """

    db: Database
    reader: ForgeReader
    bot: Account
    now: Callable[[], datetime]
    recheck: Recheck
    outcomes: Outcomes

    def still_allowed(self, entry: LogEntry, planned: Sequence[StoredAction]) -> list[StoredAction]:
        """Give up or hold what is not what was decided, or what the configuration of today forbids."""
        kept = []
        for action in planned:
            if action.type not in TYPES or not _is_whole(action):
                self.outcomes.give_up([action], ActionState.FAILED, "its row is not what was decided")
                continue
            # Taking back is always allowed: a person asked for it.
            match Allow() if entry.undoes is not None else self.recheck(action):
                case Allow():
                    kept.append(action)
                case Deny(reason=reason):
                    self.outcomes.give_up([action], ActionState.DENIED, reason)
                case hold:
                    if action.approved_by:
                        kept.append(action)
                    else:
                        self.outcomes.hold([action], reason=hold.reason, detail=hold.detail)
        return kept

    def ripe(self, whole: LogEntry, planned: Sequence[StoredAction]) -> list[StoredAction]:
        """Put off what was announced and may still be objected to."""
        ripe, now = [], self.now()
        for action in planned:
            due = grace.due_at(whole, action, now=now) if closing.is_delayed(action) else now
            if due is None:
                self.outcomes.give_up([action], ActionState.DENIED, "unannounced: the comment was not posted")
            elif due > now:
                self.outcomes.defer(action, not_before=due, reason="")
            else:
                ripe.append(action)
        return ripe

    def without_orders(self, view: View) -> View:
        """Leave out the comments by which people ordered something of us: they are no news to what was decided."""
        if not view.comments:
            return view
        with self.db.read() as connection:
            quiet = commands.quiet_ones(connection, view.issue.ref)
        return replace(view, comments=tuple(comment for comment in view.comments if comment.id not in quiet))

    def unopposed(self, whole: LogEntry, planned: Sequence[StoredAction], view: View) -> list[StoredAction]:
        """Give up what was announced and somebody objected to."""
        kept = []
        for action in planned:
            delayed = whole.undoes is None and closing.is_delayed(action)
            found = Objections(reader=self.reader, bot=self.bot).find(whole, view) if delayed else None
            if found is None:
                kept.append(action)
            else:
                self.outcomes.give_up([action], ActionState.DENIED, f"{found.reason}: {found.detail}")
        return kept

    def hindrance(self, entry: LogEntry, group: Sequence[StoredAction], view: View) -> Obstacle | None:
        """Return what has happened to the issue since it was decided about, None for nothing that matters."""
        if not group:
            return None
        # `approve` makes an action due at the time of approval.
        moments = [action.not_before for action in group if action.approved_by and action.not_before]
        approved_at = min(moments, default=None)
        own = own_doings(entry)
        return obstacle(entry.seen, view.issue, own, approved_at=approved_at) or interference(
            entry.seen,
            labels=view.relabelled,
            comments=view.comments,
            history=view.history,
            bot_id=self.bot.id,
            approved_at=approved_at,
        )


def _is_whole(action: StoredAction) -> bool:
    return actions.hash_of(action.issue, action.type, action.payload, action.key) == action.payload_hash
