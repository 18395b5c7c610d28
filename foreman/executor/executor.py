"""Carries out planned actions, one issue at a time: look, note `sent`, send, note what became of it.

    planned -> (look again) -> sent -> done | failed | sent (no reply) -> (wait, look) -> done | planned | unknown

Each arrow is one transaction of its own, so that a crash anywhere leaves a row that says what may have happened.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from foreman import checkpoint
from foreman.errors import ForgeAuthError, ForgeError, ForgeRateLimited, ForgeUnavailable
from foreman.executor import settle
from foreman.executor.freshness import Obstacle, interference, obstacle
from foreman.executor.looking import View, look, own_doings
from foreman.executor.outcomes import Outcomes, Recheck, allow_all
from foreman.executor.sending import TYPES, already, send
from foreman.forge.base import ForgeReader, ForgeWriter
from foreman.log import get_logger
from foreman.model import Account, ActionState, Allow, Deny, IssueRef, Outcome, RepoRef
from foreman.store import actions, controls
from foreman.store.actions import LogEntry, StoredAction
from foreman.store.database import Database

log = get_logger(__name__)

ROWS = 50
"""Open actions looked at to find the next issue."""

FIRST_PAUSE = timedelta(seconds=5)
"""Wait after the forge could not be reached; doubled with each time in a row."""

LONGEST_PAUSE = timedelta(minutes=5)
"""Longest such wait: recovery comes without a restart, and not much later than the forge's own."""

LONGEST_BLOCK = timedelta(hours=2)
"""Longest wait a rate limit is believed for; GitHub's windows last one hour."""


class Executor:
    """Writes through one forge account. Used by one thread."""

    def __init__(
        self,
        *,
        db: Database,
        writer: ForgeWriter,
        reader: ForgeReader,
        bot: Account,
        marker_secret: str,
        now: Callable[[], datetime],
        settle_seconds: float,
        stop: threading.Event,
        recheck: Recheck = allow_all,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Keep the ports.

        Args:
            db: The action log.
            writer: The forge, for changing it.
            reader: The same forge, for looking.
            bot: Our own account there.
            marker_secret: Key of the tags on our comments.
            now: Current time, aware UTC.
            settle_seconds: From a send without reply to the look that decides (`polling.settle_seconds`).
            stop: When set, nothing more is begun.
            recheck: Judges a planned action by today's configuration, which may be stricter than the decision's.
            monotonic: Seconds that never jump.
            jitter: A random number from 0 to 1, which spreads retries.
        """
        self._db = db
        self._writer = writer
        self._reader = reader
        self._bot = bot
        self._secret = marker_secret
        self._now = now
        self._settle = timedelta(seconds=settle_seconds)
        self._stop = stop
        self._recheck = recheck
        self._monotonic = monotonic
        self._jitter = jitter
        self._outcomes = Outcomes(db=db, now=now)
        self._blocked_until = 0.0
        self._failures = 0
        self._met: dict[int, float] = {}
        self._lost: dict[int, int] = {}

    @property
    def blocked_seconds(self) -> float:
        """How long no request of this account is sent, 0 when one may be."""
        return max(0.0, self._blocked_until - self._monotonic())

    def step(self, *, only: IssueRef | None = None) -> bool:
        """Do what can be done now for one issue.

        Args:
            only: For this issue and no other; None for the next one.

        Returns:
            Whether there was anything; False means that waiting is in order.

        Raises:
            ForgeAuthError: The token is not valid any more (401); what was planned stays planned.
            StoreError: The database cannot be used, or the daemon's lease is gone.
        """
        if self._stop.is_set() or self.blocked_seconds > 0:
            return False
        found = self._next(only)
        if found is None:
            return False
        for entry in found:
            for action in entry.actions:
                if action.state is ActionState.SENT and not self._halted:
                    self._settle_one(entry, action)
            if not self._halted:
                self._carry_out(entry)
        return True

    @property
    def _halted(self) -> bool:
        return self._stop.is_set() or self.blocked_seconds > 0

    def _next(self, only: IssueRef | None) -> tuple[LogEntry, ...] | None:
        """Return the next issue's decisions, each with only those actions that are due."""
        now = self._now()
        with self._db.read() as connection:
            skip: set[RepoRef] = set()
            while rows := actions.open_actions(connection, now=now, limit=ROWS, skip_repos=skip, only=only):
                for row in rows:
                    repo = row.issue.repo
                    if repo.forge is not self._reader.kind or controls.paused(connection, repo):
                        skip.add(repo)
                        continue
                    due = [a for a in actions.of_issue_open(connection, row.issue) if _is_due(a, now)]
                    logs = dict.fromkeys(action.log_id for action in due)
                    return tuple(
                        replace(
                            actions.entry(connection, log_id),
                            actions=tuple(action for action in due if action.log_id == log_id),
                        )
                        for log_id in logs
                    )
        return None

    def _settle_one(self, entry: LogEntry, action: StoredAction) -> None:
        """Find out what became of an action whose reply we do not have."""
        met = self._met.setdefault(action.id, self._monotonic())
        try:
            found = settle.find(self._reader, action, bot=self._bot, marker_secret=self._secret)
        except ForgeError as error:
            if error.transient:
                self._block(error)
                self._outcomes.defer(action, not_before=self._now() + self._settle, reason=action.reason)
                return
            if isinstance(error, ForgeAuthError) and error.status != 403:
                raise
            # Right after a write even a missing issue may only be a list that lags behind.
            if not self._wait_more(action, met):
                reason = f"cannot be looked up: {error}"
                self._finish(entry, action, Outcome(state=ActionState.UNKNOWN, reason=reason))
            return
        self._failures = 0
        checkpoint.reach("executor.looked")
        if found is not None:
            self._finish(entry, action, Outcome(state=ActionState.DONE, reason=found.reason, undo=found.undo))
            return
        if self._wait_more(action, met):
            return
        self._finish(entry, action, self._verdict_on_missing(action))

    def _wait_more(self, action: StoredAction, met: float) -> bool:
        """Put a look off while the forge may not have settled; returns whether it was.

        Our clock may have jumped since it was sent: what this process measured itself counts, or a long time.
        """
        now = self._now()
        waited = timedelta(seconds=self._monotonic() - met)
        if waited >= self._settle or now - (action.sent_at or now) >= self._settle + settle.CLOCK_SKEW:
            return False
        self._outcomes.defer(action, not_before=now + self._settle - waited, reason=action.reason)
        return True

    def _verdict_on_missing(self, action: StoredAction) -> Outcome:
        if action.type == "comment" and action.reason == settle.OVERDUE:
            return Outcome(
                state=ActionState.UNKNOWN,
                reason=f"{settle.OVERDUE}: the comment may still come; look before repeating",
            )
        if self._lost.get(action.id, 0) >= settle.SENDS:
            return Outcome(state=ActionState.UNKNOWN, reason=f"sent {settle.SENDS} times without a reply or a trace")
        return Outcome(state=ActionState.PLANNED, reason="did not happen; sent again")

    def _carry_out(self, entry: LogEntry) -> None:
        """Do a decision's planned actions, unless somebody was faster."""
        planned = self._still_allowed(entry, [a for a in entry.actions if a.state is ActionState.PLANNED])
        if not planned:
            return
        with self._db.read() as connection:
            whole = actions.entry(connection, entry.id)
        try:
            view = look(self._reader, whole, own=own_doings(whole), bot=self._bot, marker_secret=self._secret)
        except ForgeError as error:
            self._could_not_look(entry, planned, error)
            return
        self._failures = 0
        checkpoint.reach("executor.looked")
        for group in ([a for a in planned if a.approved_by], [a for a in planned if not a.approved_by]):
            hindrance = self._hindrance(whole, group, view)
            if hindrance is not None:
                self._outcomes.stale(whole, group, hindrance)
                checkpoint.reach("executor.stale.committed")
                continue
            for action in group:
                if self._halted:
                    return
                self._do(entry, action, view)

    def _still_allowed(self, entry: LogEntry, planned: Sequence[StoredAction]) -> list[StoredAction]:
        kept = []
        for action in planned:
            if action.type not in TYPES or not _is_whole(action):
                self._outcomes.give_up([action], ActionState.FAILED, "its row is not what was decided")
                continue
            # Taking back is always allowed: a person asked for it.
            match Allow() if entry.undoes is not None else self._recheck(action):
                case Allow():
                    kept.append(action)
                case Deny(reason=reason):
                    self._outcomes.give_up([action], ActionState.DENIED, reason)
                case hold:
                    if action.approved_by:
                        kept.append(action)
                    else:
                        self._outcomes.hold([action], reason=hold.reason, detail=hold.detail)
        return kept

    def _hindrance(self, entry: LogEntry, group: Sequence[StoredAction], view: View) -> Obstacle | None:
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
            bot_id=self._bot.id,
            approved_at=approved_at,
        )

    def _could_not_look(self, entry: LogEntry, planned: Sequence[StoredAction], error: ForgeError) -> None:
        if isinstance(error, ForgeAuthError) and error.status != 403:
            raise error
        if error.transient:
            retry_at = self._block(error)
            for action in planned:
                self._outcomes.defer(action, not_before=retry_at, reason=str(error))
            return
        for action in planned:
            self._finish(entry, action, Outcome(state=ActionState.FAILED, reason=str(error)))

    def _do(self, entry: LogEntry, action: StoredAction, view: View) -> None:
        """Send one action."""
        if action.key in view.ours:
            undo = {"comment_id": view.ours[action.key]}
            self._finish(entry, action, Outcome(state=ActionState.DONE, reason="found on the forge", undo=undo))
            return
        if already(action, view.issue):
            self._finish(entry, action, Outcome(state=ActionState.DONE, reason="it was so already"))
            return
        action = self._outcomes.mark_sent(action)
        checkpoint.reach("executor.sent.committed")
        started = self._monotonic()
        try:
            undo = send(self._writer, action, marker_secret=self._secret)
        except ForgeUnavailable as error:
            if error.sent:
                self._lost_reply(action, error, took=timedelta(seconds=self._monotonic() - started))
                return
            retry_at = self._block(error)
            outcome = Outcome(state=ActionState.PLANNED, reason=str(error), retry_at=retry_at)
        except ForgeRateLimited as error:
            outcome = Outcome(state=ActionState.PLANNED, reason=str(error), retry_at=self._block(error))
        except ForgeAuthError as error:
            if error.status != 403:
                self._finish(entry, action, Outcome(state=ActionState.PLANNED, reason=str(error)))
                raise
            outcome = Outcome(state=ActionState.FAILED, reason=str(error))
        except ForgeError as error:
            outcome = Outcome(state=ActionState.FAILED, reason=str(error))
        else:
            self._failures = 0
            outcome = Outcome(state=ActionState.DONE, undo=undo)
        checkpoint.reach("executor.request.done")
        self._finish(entry, action, outcome)

    def _lost_reply(self, action: StoredAction, error: ForgeError, *, took: timedelta) -> None:
        """Leave it `sent`: it may have happened, and may still."""
        self._met[action.id] = self._monotonic()
        self._lost[action.id] = self._lost.get(action.id, 0) + 1
        reason = settle.OVERDUE if took > settle.FINISHES_WITHIN else settle.LOST
        log.warning(
            "reply_lost", issue=str(action.issue), action=action.id, reason=str(error), took_s=took.total_seconds()
        )
        self._outcomes.defer(action, not_before=self._now() + self._settle, reason=reason)

    def _finish(self, entry: LogEntry, action: StoredAction, outcome: Outcome) -> None:
        if outcome.state is not ActionState.PLANNED:
            self._lost.pop(action.id, None)
        self._met.pop(action.id, None)
        self._outcomes.settle(entry, action, outcome)

    def _block(self, error: ForgeError) -> datetime:
        """Send nothing for a while; returns until when."""
        now = self._now()
        self._failures += 1
        pause: timedelta = min(FIRST_PAUSE * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE) * (
            0.75 + self._jitter() / 2
        )
        if error.retry_at is not None:
            pause = min(max(error.retry_at - now, timedelta(0)), LONGEST_BLOCK)
        self._blocked_until = self._monotonic() + pause.total_seconds()
        return now + pause


def _is_due(action: StoredAction, now: datetime) -> bool:
    return action.not_before is None or action.not_before <= now


def _is_whole(action: StoredAction) -> bool:
    return actions.hash_of(action.issue, action.type, action.payload, action.key) == action.payload_hash
