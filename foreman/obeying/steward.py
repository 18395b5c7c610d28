"""Takes up the comments that order something, one at a time, and answers each once what it ordered has ended.

    eyes, and all that is caused: one transaction        thumbs, and words for what went wrong: another one

Runs in the thread that writes for the account, and sends nothing itself: reactions and comments are actions in the log
like any others. Who may not write to the repository gets no sign that anybody listens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection

from foreman import checkpoint, undo
from foreman.commands import Command, Verb
from foreman.config.effective import RepoPlan
from foreman.errors import ForgeAuthError, ForgeError, ForgeNotFound
from foreman.forge.base import ForgeReader, Sign
from foreman.log import get_logger
from foreman.model import Account, ActionState, EventKind, RepoRef
from foreman.obeying import results, telling
from foreman.obeying.effects import Effects, Known, last_decision
from foreman.obeying.standing import Standing
from foreman.store import actions, commands, controls, issues, memory
from foreman.store.actions import NewAction, NewDecision
from foreman.store.commands import AGENT, CommandState, Ordered
from foreman.store.database import Database

log = get_logger(__name__)

TROUBLE_PAUSE = timedelta(minutes=1)
"""Wait after the forge could not be asked and did not say for how long."""

CLOCK_SKEW = timedelta(seconds=5)
"""How exactly the forge's clock is known."""

ANSWERED_WITHIN = timedelta(days=7)
"""What has not ended then gets no answer any more."""


class Steward:
    """Tends the orders of one account. Used by one thread."""

    def __init__(
        self,
        *,
        db: Database,
        reader: ForgeReader,
        bot: Account,
        plan: Callable[[RepoRef], RepoPlan | None],
        now: Callable[[], datetime],
        stop: threading.Event,
    ) -> None:
        """Keep the ports.

        Args:
            db: The store.
            reader: The forge, asked what people may do.
            bot: Our own account there.
            plan: What is configured for a repository now.
            now: Current time, aware UTC.
            stop: When set, nothing more is begun.
        """
        self._db = db
        self._reader = reader
        self._bot = bot
        self._plan = plan
        self._now = now
        self._stop = stop
        self._standing = Standing(db=db, reader=reader, bot=bot, now=now)

    def due(self) -> bool:
        """Return whether something can be done now."""
        return self._next() is not None

    def tend(self) -> bool:
        """Take up or answer the next comment.

        Returns:
            Whether there was any.

        Raises:
            ForgeAuthError: The token is not valid any more (401).
            StoreError: The database cannot be used, or the daemon's lease is gone.
        """
        ordered = None if self._stop.is_set() else self._next()
        if ordered is None:
            return False
        if ordered.state is CommandState.TAKEN:
            self._answer(ordered)
            return True
        try:
            self._take(ordered)
        except ForgeError as error:
            if isinstance(error, ForgeAuthError) and error.status == 401:
                raise
            self._trouble(ordered, error)
        return True

    def _next(self) -> Ordered | None:
        now = self._now()
        with self._db.read() as connection:
            for one in commands.due(connection, self._reader.kind, now=now):
                if one.state is CommandState.READY or results.ended(connection, one, now=now):
                    return one
        return None

    def _take(self, ordered: Ordered) -> None:
        plan = self._plan(ordered.issue.repo)
        objection = self._standing.objection(ordered, plan)
        if objection or plan is None:
            self._ignore(ordered, objection)
            return
        orders = [Command.of_json(line) for line in ordered.lines]
        known = Known() if ordered.edited else self._known(ordered, orders)
        now = self._now()
        with self._db.transaction() as connection:
            current = commands.get(connection, ordered.key)
            if current is None or current.state is not CommandState.READY:
                return
            effects = Effects(connection=connection, ordered=ordered, plan=plan, known=known, now=now)
            if ordered.edited:
                why = "a comment that was edited orders nothing: write a new one"
                effects.faults.append((0, "", why))
            else:
                for order in orders:
                    effects.carry_out(order)
            told = f"{ordered.author} ordered: {', '.join(order.verb.value for order in orders)}"
            planned = self._record(connection, ordered, Sign.SEEN, told, tuple(effects.planned), now=now)
            waits = results.as_json(effects.faults, [*effects.actions, *planned], effects.items)
            commands.take(connection, ordered, waits=waits, now=now)
            memory.refresh(connection, ordered.issue, now=now)
            checkpoint.reach("orders.take.inside")
        checkpoint.reach("orders.take.committed")
        log.info(
            "orders_taken",
            issue=str(ordered.issue),
            comment=ordered.comment_id,
            by=ordered.author,
            by_id=ordered.author_id,
            orders=[order.verb.value for order in orders],
            faults=len(effects.faults),
        )

    def _known(self, ordered: Ordered, orders: list[Command]) -> Known:
        """Ask the forge what the orders need."""
        verbs = {order.verb for order in orders if not order.fault}
        labels = self._reader.labels(ordered.issue.repo) if Verb.LABEL in verbs else ()
        if Verb.UNDO not in verbs:
            return Known(labels=labels)
        with self._db.read() as connection:
            # What was done after the comment was written the person cannot have meant.
            written_at = ordered.written_at - self._reader.skew
            last = last_decision(connection, ordered, done_by=written_at + CLOCK_SKEW)
        if last is None:
            return Known(labels=labels)
        plan = undo.prepare(self._db, self._reader, bot_id=self._bot.id, log_ids=(last.id,))
        return Known(labels=labels, taking_back=plan)

    def _answer(self, ordered: Ordered) -> None:
        now = self._now()
        with self._db.transaction() as connection:
            current = commands.get(connection, ordered.key)
            if current is None or current.state is not CommandState.TAKEN:
                return
            wrong = results.faults(connection, current)
            words: tuple[NewAction, ...] = ()
            if wrong and not controls.paused(connection, ordered.issue.repo):
                body = telling.faults(wrong)
                words = (NewAction(type="comment", payload={"body": body}, state=ActionState.PLANNED),)
            sign = Sign.REFUSED if wrong else Sign.DONE
            reason = "; ".join(why for _, _, why in wrong)
            if ordered.seen_at is None or now - ordered.seen_at < ANSWERED_WITHIN:
                told = f"answered {ordered.author}: {reason or 'done'}"
                self._record(connection, ordered, sign, told, words, now=now)
            commands.answer(connection, ordered, reason=reason, now=now)
            memory.refresh(connection, ordered.issue, now=now)
            checkpoint.reach("orders.answer.inside")
        checkpoint.reach("orders.answer.committed")
        log.info("orders_answered", issue=str(ordered.issue), comment=ordered.comment_id, sign=sign.value)

    def _record(
        self,
        connection: Connection,
        ordered: Ordered,
        sign: Sign,
        told: str,
        more: tuple[NewAction, ...],
        *,
        now: datetime,
    ) -> list[int]:
        """Log a reaction and what goes with it; returns the ids of the latter."""
        payload = {"comment_id": ordered.comment_id, "sign": sign.value}
        snapshot = issues.get(connection, ordered.issue)
        log_id = actions.record(
            connection,
            NewDecision(
                issue=ordered.issue,
                task_id=str(uuid5(NAMESPACE_URL, f"{ordered.key}|{sign is Sign.SEEN}")),
                agent=AGENT,
                task_type=AGENT,
                decision="command",
                rationale=told,
                event=EventKind.COMMENTED.value,
                author_id=self._bot.id,
                seen={
                    **({} if snapshot is None else {"issue_id": snapshot.forge_id}),
                    "comment_id": ordered.comment_id,
                    "by": ordered.author,
                    "by_id": ordered.author_id,
                    "written_at": ordered.written_at.isoformat(),
                    "orders": list(ordered.lines),
                },
                actions=(NewAction(type="react", payload=payload, state=ActionState.PLANNED), *more),
            ),
            now=now,
        )
        return [action.id for action in actions.entry(connection, log_id).actions if action.type != "react"]

    def _ignore(self, ordered: Ordered, reason: str) -> None:
        now = self._now()
        with self._db.transaction() as connection:
            commands.ignore(connection, ordered, reason=reason, now=now)
        log.info("orders_ignored", issue=str(ordered.issue), comment=ordered.comment_id, reason=reason)

    def _trouble(self, ordered: Ordered, error: ForgeError) -> None:
        """Come back later; where asking again cannot help nobody could find out, which orders nothing."""
        if isinstance(error, ForgeNotFound) or not error.transient:
            self._ignore(ordered, str(error))
            return
        later = error.retry_at or self._now() + TROUBLE_PAUSE
        with self._db.transaction() as connection:
            commands.defer(connection, ordered, not_before=later, reason=str(error))
        log.warning("orders_deferred", issue=str(ordered.issue), reason=str(error), until=later.isoformat())
