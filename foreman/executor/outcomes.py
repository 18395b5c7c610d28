"""What became of an action, written down: every step one transaction, memory refreshed with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from foreman import checkpoint, tracing
from foreman.counting import OUTCOMES, RETRIES, STALE_CONFLICTS, count
from foreman.executor.freshness import Obstacle
from foreman.executor.sending import REACT
from foreman.log import get_logger
from foreman.model import ActionState, Allow, EventKind, Outcome, Verdict
from foreman.store import actions, controls, inbox, memory
from foreman.store.actions import LogEntry, StoredAction
from foreman.store.database import Database
from foreman.values import dataclass

log = get_logger(__name__)

RERUNS = 1
"""How often a stale decision is made again by itself; after that a person decides."""

Recheck = Callable[[StoredAction], Verdict]


def allow_all(action: StoredAction) -> Verdict:
    """Judge nothing again."""
    del action
    return Allow()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Writes to the action log what the executor found out.

    Attributes:
        db: The database.
        now: Current time, aware UTC.
        by_people: Names under which people have something done, also about an issue that is left alone.
    """

    db: Database
    now: Callable[[], datetime]
    by_people: frozenset[str] = frozenset()

    def is_due(self, action: StoredAction) -> bool:
        """Return whether an action is still planned and nobody has paused writing since it was read."""
        with self.db.read() as connection:
            return self._is_due(connection, action)

    def mark_sent(self, action: StoredAction) -> StoredAction | None:
        """Note, durably, that the request is about to leave.

        Args:
            action: As it was planned.

        Returns:
            The action as it is now; None when it must not leave: somebody paused writing, or took it off.
        """
        with self.db.transaction() as connection:
            if not self._is_due(connection, action):
                return None
            sent = actions.mark_sent(connection, action.id, now=self.now())
            checkpoint.reach("executor.sent.inside")
        return sent

    def settle(self, entry: LogEntry, action: StoredAction, outcome: Outcome) -> None:
        """Note what became of an action; what it takes back counts as undone from here on."""
        now = self.now()
        with self.db.transaction() as connection:
            actions.settle(connection, action.id, outcome, now=now)
            origin = action.payload.get("undoes")
            if outcome.state is ActionState.DONE and entry.undoes is not None and isinstance(origin, int):
                taken = actions.get(connection, origin)
                if taken.state is ActionState.DONE:
                    by = str(entry.seen.get("by") or "a person")
                    actions.mark_undone(connection, [origin], by=by, now=now)
            if outcome.state is not ActionState.PLANNED:
                memory.refresh(connection, action.issue, now=now)
            checkpoint.reach("executor.outcome.inside")
        checkpoint.reach("executor.outcome.committed")
        again = outcome.state is ActionState.PLANNED
        count(OUTCOMES, action=action.type, outcome="again" if again else outcome.state.value)
        count(RETRIES, int(again), of="write")
        tracing.outcome(outcome.state.value, well=outcome.state is ActionState.DONE)
        log.info(
            "action_finished",
            issue=str(action.issue),
            action=action.id,
            type=action.type,
            state=outcome.state.value,
            reason=outcome.reason,
        )

    def defer(self, action: StoredAction, *, not_before: datetime, reason: str) -> None:
        """Leave an action as it is until later."""
        with self.db.transaction() as connection:
            actions.defer(connection, action.id, not_before=not_before, reason=reason)

    def give_up(self, group: Sequence[StoredAction], state: ActionState, reason: str) -> None:
        """Drop planned actions for good."""
        now = self.now()
        with self.db.transaction() as connection:
            actions.cancel(connection, [action.id for action in group], state=state, reason=reason, now=now)
            for issue in {action.issue for action in group}:
                memory.refresh(connection, issue, now=now)

    def hold(self, group: Sequence[StoredAction], *, reason: str, detail: str) -> None:
        """Let planned actions wait for a person."""
        with self.db.transaction() as connection:
            actions.hold(connection, [action.id for action in group], reason=reason, detail=detail)

    def stale(self, entry: LogEntry, group: Sequence[StoredAction], hindrance: Obstacle) -> None:
        """Do not act on an issue that has changed: decide again once with fresh data, then leave it to a person.

        What a person approved goes back to that person.
        """
        now, ids = self.now(), [action.id for action in group]
        log.info("decision_stale", issue=str(entry.issue), log=entry.id, reason=hindrance.detail)
        reruns = int(entry.seen.get("reruns", 0))
        approved = any(action.approved_by for action in group)
        with self.db.transaction() as connection:
            held = hindrance.rerun and (approved or reruns >= RERUNS)
            then = "held" if held else "again" if hindrance.rerun else "dropped"
            count(STALE_CONFLICTS, then=then)
            if held:
                actions.hold(connection, ids, reason=hindrance.reason, detail=hindrance.detail)
                return
            reason = f"{hindrance.reason}: {hindrance.detail}"
            actions.cancel(connection, ids, state=ActionState.DENIED, reason=reason, now=now)
            if hindrance.rerun:
                inbox.enqueue(
                    connection,
                    issue=entry.issue,
                    agent=entry.agent,
                    task_type=entry.task_type,
                    event=EventKind(entry.event),
                    event_key=str(entry.seen.get("event_key", "")),
                    actor_id=entry.seen.get("actor_id"),
                    requested=bool(entry.seen.get("requested", False)),
                    reruns=reruns + 1,
                    trace=entry.trace,
                    now=now,
                )
            memory.refresh(connection, entry.issue, now=now)

    def _is_due(self, connection: Connection, action: StoredAction) -> bool:
        if actions.get(connection, action.id).state is not ActionState.PLANNED:
            return False
        if action.agent not in self.by_people and controls.kept_off(connection, action.issue):
            return False
        return action.type == REACT or not controls.paused(connection, action.issue.repo)
