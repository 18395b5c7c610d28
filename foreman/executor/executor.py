"""Carries out planned actions, one issue at a time: look, note `sent`, send, note what became of it.

    planned -> (look again) -> sent -> done | failed | sent (no reply) -> (wait, look) -> done | planned | unknown

Each arrow is one transaction of its own, so that a crash anywhere leaves a row that says what may have happened.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from foreman import checkpoint, tracing
from foreman.errors import (
    ForgeAuthError,
    ForgeError,
    ForgeGone,
    ForgeNotFound,
    ForgeRateLimited,
    ForgeUnavailable,
)
from foreman.executor import settle
from foreman.executor.brake import Brake
from foreman.executor.looking import View, look, own_doings
from foreman.executor.outcomes import Outcomes, Recheck, allow_all
from foreman.executor.screen import Screen
from foreman.executor.sending import REACT, already, send
from foreman.executor.settling import Settler
from foreman.forge.base import ForgeReader, ForgeWriter
from foreman.log import get_logger
from foreman.model import Account, ActionState, IssueRef, Outcome, RepoRef
from foreman.store import actions, closing, controls
from foreman.store.actions import LogEntry, StoredAction
from foreman.store.database import Database

log = get_logger(__name__)

FEW_ROWS = 4
ROWS = 50
"""Open actions looked at to find the next issue; the second number where the first were all in the way of a pause."""


ANY_TIME = timedelta(days=-3650)
"""Lets a sent action be looked at whatever our clock says: it may have been put back since."""


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
        by_people: Collection[str] = (),
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
            by_people: Names under which people have something done, also about an issue that is left alone.
            monotonic: Seconds that never jump.
            jitter: A random number from 0 to 1, which spreads retries.
        """
        self._db = db
        self._writer = writer
        self._reader = reader
        self._bot = bot
        self._secret = marker_secret
        self._now = now
        self._stop = stop
        self._monotonic = monotonic
        self._outcomes = Outcomes(db=db, now=now, by_people=frozenset(by_people))
        self._screen = Screen(db=db, reader=reader, bot=bot, now=now, recheck=recheck, outcomes=self._outcomes)
        self._brake = Brake(now=now, monotonic=monotonic, jitter=jitter)
        self._settler = Settler(
            reader=reader,
            bot=bot,
            marker_secret=marker_secret,
            now=now,
            monotonic=monotonic,
            settle=timedelta(seconds=settle_seconds),
            outcomes=self._outcomes,
            brake=self._brake,
        )

    @property
    def blocked_seconds(self) -> float:
        """How long no request of this account is sent, 0 when one may be."""
        return self._brake.seconds

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
                    with tracing.resume("settle", entry.trace, action=action.type):
                        self._settler.look(entry, action)
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
            if answers := self._answers(connection, only, now):
                return answers
            skip: set[RepoRef] = set()
            most = FEW_ROWS
            while rows := actions.open_actions(
                connection, now=now, limit=most, settle=ANY_TIME, skip_repos=skip, only=only
            ):
                most = ROWS
                for row in rows:
                    repo = row.issue.repo
                    if repo.forge is not self._reader.kind or controls.paused(connection, repo):
                        skip.add(repo)
                        continue
                    due = [a for a in actions.of_issue_open(connection, row.issue) if _is_due(a, now)]
                    return _by_decision(connection, due)
        return None

    def _answers(self, connection: Connection, only: IssueRef | None, now: datetime) -> tuple[LogEntry, ...]:
        """Return what answers orders on the next issue: a person waits for it, and a pause does not stop it."""
        rows = actions.open_of_type(connection, REACT, now=now, limit=ROWS, only=only)
        ours = [row for row in rows if row.issue.repo.forge is self._reader.kind]
        return _by_decision(connection, [row for row in ours if row.issue == ours[0].issue])

    def _carry_out(self, entry: LogEntry) -> None:
        """Do a decision's planned actions, unless somebody was faster."""
        planned = self._screen.still_allowed(entry, [a for a in entry.actions if a.state is ActionState.PLANNED])
        if not planned:
            return
        with self._db.read() as connection:
            whole = actions.entry(connection, entry.id)
        if entry.undoes is None:
            planned = self._screen.ripe(whole, planned)
        if not planned:
            return
        # Nothing is closed without reading all that was said and done.
        closes = entry.undoes is None and any(action.type == "close" for action in planned)
        try:
            view = look(
                self._reader,
                whole,
                own=own_doings(whole),
                bot=self._bot,
                marker_secret=self._secret,
                thorough=closes and "comment_count" in whole.seen,
            )
            view = self._screen.without_orders(view)
            planned = self._screen.unopposed(whole, planned, view)
        except ForgeError as error:
            self._could_not_look(entry, planned, error)
            return
        self._brake.release()
        checkpoint.reach("executor.looked")
        # Looking takes its time, and so does every write: a pause or a reload meanwhile counts for the rest.
        planned = [action for action in planned if self._outcomes.is_due(action)]
        settled = [a for a in planned if entry.undoes is None and closing.is_delayed(a)]
        others = [a for a in planned if a not in settled]
        for group in (settled, [a for a in others if a.approved_by], [a for a in others if not a.approved_by]):
            hindrance = None if group is settled else self._screen.hindrance(whole, group, view)
            if hindrance is not None:
                self._outcomes.stale(whole, group, hindrance)
                checkpoint.reach("executor.stale.committed")
                continue
            for action in group:
                if self._halted:
                    return
                if self._outcomes.is_due(action) and self._screen.still_allowed(entry, [action]):
                    self._do(entry, action, view)

    def _could_not_look(self, entry: LogEntry, planned: Sequence[StoredAction], error: ForgeError) -> None:
        if isinstance(error, ForgeAuthError) and error.status != 403:
            raise error
        if error.transient:
            retry_at = self._brake.block(error)
            for action in planned:
                # When it is due says when it was approved; the account waits anyway.
                if not action.approved_by:
                    self._outcomes.defer(action, not_before=retry_at, reason=str(error))
            return
        now = self._now()
        hidden = isinstance(error, ForgeNotFound) and not isinstance(error, ForgeGone)
        for action in planned:
            if hidden and not action.approved_by and timedelta(0) <= now - entry.timestamp < settle.HIDDEN_FOR:
                self._outcomes.defer(action, not_before=now + settle.LISTS_WITHIN, reason=str(error))
            else:
                self._settler.finish(entry, action, Outcome(state=ActionState.FAILED, reason=str(error)))

    def _do(self, entry: LogEntry, action: StoredAction, view: View) -> None:
        """Send one action."""
        with tracing.resume("write", entry.trace, action=action.type) as span:
            span.note(repo=action.issue.repo.key, issue=action.issue.number, attempt=action.attempts + 1)
            self._send(entry, action, view)

    def _send(self, entry: LogEntry, action: StoredAction, view: View) -> None:
        if action.key in view.ours:
            undo = {"comment_id": view.ours[action.key]}
            self._settler.finish(
                entry, action, Outcome(state=ActionState.DONE, reason="found on the forge", undo=undo)
            )
            return
        if already(action, view.issue):
            self._settler.finish(entry, action, Outcome(state=ActionState.DONE, reason="it was so already"))
            return
        approved_at = action.not_before if action.approved_by else None
        started = self._monotonic()
        try:
            # Noted as sent when it is its turn and not before: until then a pause takes effect.
            with self._writer.turn(action.issue.repo):
                sent = self._outcomes.mark_sent(action)
                if sent is None:
                    return
                action = sent
                checkpoint.reach("executor.sent.committed")
                started = self._monotonic()
                undo = send(self._writer, action, marker_secret=self._secret)
        except ForgeUnavailable as error:
            if error.sent:
                self._settler.lost(action, error, took=timedelta(seconds=self._monotonic() - started))
                return
            retry_at = self._brake.block(error)
            outcome = Outcome(state=ActionState.PLANNED, reason=str(error), retry_at=approved_at or retry_at)
        except ForgeRateLimited as error:
            retry_at = self._brake.block(error)
            outcome = Outcome(state=ActionState.PLANNED, reason=str(error), retry_at=approved_at or retry_at)
        except ForgeAuthError as error:
            if error.status != 403:
                self._settler.finish(
                    entry, action, Outcome(state=ActionState.PLANNED, reason=str(error), retry_at=approved_at)
                )
                raise
            outcome = Outcome(state=ActionState.FAILED, reason=str(error))
        except ForgeError as error:
            outcome = Outcome(state=ActionState.FAILED, reason=str(error))
        else:
            self._brake.release()
            outcome = Outcome(state=ActionState.DONE, undo=undo)
        checkpoint.reach("executor.request.done")
        self._settler.finish(entry, action, outcome)


def _by_decision(connection: Connection, due: Sequence[StoredAction]) -> tuple[LogEntry, ...]:
    """Return the decisions of some actions, each with only those."""
    logs = dict.fromkeys(action.log_id for action in due)
    return tuple(
        replace(actions.entry(connection, log_id), actions=tuple(action for action in due if action.log_id == log_id))
        for log_id in logs
    )


def _is_due(action: StoredAction, now: datetime) -> bool:
    return action.not_before is None or action.not_before <= now
