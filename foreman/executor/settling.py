"""What becomes of an action that was sent and whose reply we do not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import datetime, timedelta

from foreman import checkpoint
from foreman.counting import REPLIES_LOST, count
from foreman.errors import ForgeAuthError, ForgeError
from foreman.executor import freshness, settle
from foreman.executor.brake import Brake
from foreman.executor.outcomes import Outcomes
from foreman.forge.base import ForgeReader
from foreman.log import get_logger
from foreman.model import Account, ActionState, Outcome
from foreman.store.actions import LogEntry, StoredAction
from foreman.values import dataclass

log = get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Settler:
    """Waits, looks, and decides whether an action was done, is to be sent again, or is for a person.

    Attributes:
        reader: The forge.
        bot: Our own account.
        marker_secret: Key of the tags on our comments.
        now: Current time, aware UTC.
        monotonic: Seconds that never jump.
        settle: From a send without reply to the look that decides.
        outcomes: The action log.
        brake: Stops the account.
    """

    reader: ForgeReader
    bot: Account
    marker_secret: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    settle: timedelta
    outcomes: Outcomes
    brake: Brake
    _met: dict[int, float] = field(default_factory=dict)
    _lost: dict[int, int] = field(default_factory=dict)

    def look(self, entry: LogEntry, action: StoredAction) -> None:
        """Find out what became of an action in state `sent`.

        Args:
            entry: Its decision.
            action: The action.

        Raises:
            ForgeAuthError: The token is not valid any more.
        """
        met = self._met.setdefault(action.id, self.monotonic())
        try:
            found = settle.find(
                self.reader, action, bot=self.bot, marker_secret=self.marker_secret, seen_at=_seen_at(entry)
            )
        except ForgeError as error:
            self._could_not_look(entry, action, error, met)
            return
        self.brake.release()
        checkpoint.reach("executor.looked")
        if found is not None:
            self.finish(entry, action, Outcome(state=ActionState.DONE, reason=found.reason, undo=found.undo))
        elif not self._wait_more(action, met):
            self.finish(entry, action, self._verdict_on_missing(action))

    def lost(self, action: StoredAction, error: ForgeError, *, took: timedelta) -> None:
        """Leave an action `sent`: it may have happened, and may still.

        Args:
            action: What was sent.
            error: What came instead of a reply.
            took: How long the request was out.
        """
        self._met[action.id] = self.monotonic()
        self._lost[action.id] = self._lost.get(action.id, 0) + 1
        reason = settle.OVERDUE if took > settle.FINISHES_WITHIN else settle.LOST
        count(REPLIES_LOST)
        log.warning(
            "reply_lost", issue=str(action.issue), action=action.id, reason=str(error), took_s=took.total_seconds()
        )
        self.outcomes.defer(action, not_before=self.now() + self.settle, reason=reason)

    def finish(self, entry: LogEntry, action: StoredAction, outcome: Outcome) -> None:
        """Write down what became of an action, and forget what was only kept to find out."""
        if outcome.state is not ActionState.PLANNED:
            self._lost.pop(action.id, None)
        self._met.pop(action.id, None)
        self.outcomes.settle(entry, action, outcome)

    def _could_not_look(self, entry: LogEntry, action: StoredAction, error: ForgeError, met: float) -> None:
        if error.transient:
            self.brake.block(error)
            self.outcomes.defer(action, not_before=self.now() + self.settle, reason=action.reason)
            return
        if isinstance(error, ForgeAuthError) and error.status != 403:
            raise error
        # Right after a write even a missing issue may only be a list that lags behind.
        if not self._wait_more(action, met):
            reason = f"cannot be looked up: {error}"
            self.finish(entry, action, Outcome(state=ActionState.UNKNOWN, reason=reason))

    def _wait_more(self, action: StoredAction, met: float) -> bool:
        """Put a look off while the forge may not have settled; returns whether it was.

        Our clock may have jumped since it was sent: what this process measured itself counts, or, where another one
        sent it, a long time.
        """
        now = self.now()
        waited = timedelta(seconds=self.monotonic() - met)
        long_ago = action.id not in self._lost and now - (action.sent_at or now) >= self.settle + settle.CLOCK_SKEW
        if waited >= self.settle or long_ago:
            return False
        self.outcomes.defer(action, not_before=now + self.settle - waited, reason=action.reason)
        return True

    def _verdict_on_missing(self, action: StoredAction) -> Outcome:
        if action.type == "comment" and action.reason == settle.OVERDUE:
            reason = f"{settle.OVERDUE}: the comment may still come; look before repeating"
            return Outcome(state=ActionState.UNKNOWN, reason=reason)
        if self._lost.get(action.id, 0) >= settle.SENDS:
            return Outcome(state=ActionState.UNKNOWN, reason=f"sent {settle.SENDS} times without a reply or a trace")
        return Outcome(state=ActionState.PLANNED, reason="did not happen; sent again")


def _seen_at(entry: LogEntry) -> datetime | None:
    return freshness.since(entry.seen) if "updated_at" in entry.seen else None
