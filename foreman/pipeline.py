"""One task from claim to completion; `endings` alone decides to retry.

    claim -> deliberate -> one transaction: decision + actions + memory + the item's end

A decision is durable before anything is sent, because sending is somebody else's job: the executor's, from its rows.
What ends before that transaction leaves the item claimed: the next claim, or the next start, makes it ready again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from foreman import checkpoint, reckoning, scribe, tracing
from foreman.config.effective import AgentPlan, RepoPlan
from foreman.counting import RETRIES, TASKS, count
from foreman.deliberation import Deliberation, Deliberator
from foreman.endings import Ending, Endings, Passed, nothing_there
from foreman.errors import (
    AgentError,
    BudgetExceeded,
    ContainerError,
    ForgeError,
    LeaseLost,
    StoreError,
)
from foreman.log import get_logger
from foreman.model import Allow, Deny, Hold, IssueRef, RepoRef
from foreman.places import Places
from foreman.store import breakers, inbox, memory, reactions
from foreman.store.database import Database
from foreman.store.inbox import InboxItem
from foreman.store.scopes import scope_of
from foreman.values import dataclass

__all__ = ["Ending", "Passed", "Pipeline", "nothing_there"]

log = get_logger(__name__)

LEASE = timedelta(minutes=15)
"""How long a claim holds: longer than the longest agent time-out (600 s) and its start-up together."""

_REFUSED = "the database could not take what became of it"


@dataclass(slots=True, kw_only=True)
class Pipeline:
    """Works through the inbox.

    Attributes:
        db: The store.
        plan_of: What is configured for a repository now; None when it is not configured any more.
        deliberators: Per forge account.
        max_retries: Per agent type: so many runs after the first.
        places: How many tasks each agent may have at a time.
        now: Current time, aware UTC.
        model: Name of the configured model, for the log.
        jitter: Random factor of the backoff, 0 to 1.
        stopping: Whether the daemon ends: what agents do then is not their fault.
    """

    db: Database
    plan_of: Callable[[RepoRef], RepoPlan | None]
    deliberator_of: Callable[[RepoRef], Deliberator]
    max_retries: Callable[[str], int]
    places: Places
    now: Callable[[], datetime]
    model: str = ""
    jitter: Callable[[], float] = field(default=random.random)
    stopping: Callable[[], bool] = field(default=lambda: False)
    _unfinished: list[InboxItem] = field(default_factory=list, init=False)
    _endings: Endings = field(init=False)

    def __post_init__(self) -> None:
        """Make what ends a task that comes to no decision."""
        self._endings = Endings(
            db=self.db,
            max_retries=self.max_retries,
            now=self.now,
            model=self.model,
            jitter=self.jitter,
            stopping=self.stopping,
        )

    @property
    def owes(self) -> bool:
        """Whether the next call of `work` gives back what the database refused to take the end of."""
        return bool(self._unfinished)

    def work(
        self,
        worker: str,
        *,
        busy: Collection[str] = (),
        closed: Collection[RepoRef] = (),
        only: IssueRef | None = None,
    ) -> Passed | None:
        """Claim one item and carry it to its end.

        Args:
            worker: Who claims, for the log.
            busy: Agent types that can take no task now.
            closed: Repositories whose forge cannot be asked now.
            only: Of this issue only.

        Returns:
            What happened, None when nothing was ready.

        Raises:
            StoreError: The database cannot be used. An item that was claimed is given back by the next call that
                finds it usable, or becomes free when its lease ends.
        """
        with self.places.choosing() as full:
            with self.db.transaction() as connection:
                given_back = self._give_back(connection)
                item = inbox.claim(
                    connection,
                    worker=worker,
                    lease=LEASE,
                    now=self.now(),
                    busy={*busy, *full},
                    full_repos=closed,
                    only=only,
                )
                item = self._with_trace(connection, item)
            del self._unfinished[:given_back]
            if item is None:
                return None
            self.places.take(item.agent)
        try:
            return self._work(item)
        except StoreError:
            self._unfinished.append(item)
            raise
        finally:
            self.places.leave(item.agent)

    def _give_back(self, connection: Connection) -> int:
        """Make what the database refused to take the end of ready again; returns how many such items there were."""
        waiting = len(self._unfinished)
        for item in self._unfinished[:waiting]:
            with suppress(LeaseLost):  # whoever has it now works on it
                inbox.postpone(
                    connection, item, not_before=self.now(), reason=_REFUSED, count_attempt=False, now=self.now()
                )
        return waiting

    def _with_trace(self, connection: Connection, item: InboxItem | None) -> InboxItem | None:
        """Begin the trace of work that no look at the forge has begun: a person asked for it."""
        if item is None or item.trace or not tracing.active():
            return item
        asked = tracing.begin(
            "asked", "", started_ns=int(item.created_at.timestamp() * 1e9), repo=item.issue.repo.key, agent=item.agent
        )
        item = inbox.keep_trace(connection, item, asked.header)
        asked.end()
        return item

    def _work(self, item: InboxItem) -> Passed:
        with tracing.resume("task", item.trace) as span:
            span.note(repo=item.issue.repo.key, issue=item.issue.number, agent=item.agent, attempt=item.attempt)
            span.note(event=item.event.value, task_id=item.task_id)
            passed = self._told(item)
            span.note(ending=passed.ending.value)
            if passed.ending in (Ending.RETRY, Ending.DEAD):
                span.fail(passed.ending.value)
        return passed

    def _told(self, item: InboxItem) -> Passed:
        checkpoint.reach("pipeline.claimed")
        log.debug("task_started", repo=item.issue.repo.key, issue=item.issue.number, task_id=item.task_id)
        passed = self._carry(item)
        count(TASKS, agent=item.agent, ending=passed.ending.value)
        count(RETRIES, int(passed.ending is Ending.RETRY), of="task")
        log.info(
            "task_finished",
            repo=item.issue.repo.key,
            issue=item.issue.number,
            task_id=item.task_id,
            agent=item.agent,
            ending=passed.ending.value,
            **({"reason": passed.reason} if passed.reason else {}),
        )
        return passed

    def _carry(self, item: InboxItem) -> Passed:
        plan = self._plan(item)
        if plan is None:
            return self._endings.complete(item, Ending.DROPPED, "this repository or agent is not configured any more")
        if item.attempt > self.max_retries(item.agent) + 1:
            # Every run before this one ended with the process: whatever is in it, it gets no further one.
            return self._endings.bury(item, plan, f"the daemon ended during each of {item.attempt - 1} attempts")
        with self.db.read() as connection:
            summary = memory.summary(connection, item.issue)
        try:
            thought = self.deliberator_of(item.issue.repo).deliberate(
                item.issue,
                plan,
                task_id=item.task_id,
                event=item.event,
                actor_id=item.actor_id,
                requested=item.requested,
                attempt=item.attempt,
                memory_summary=summary,
            )
        except BudgetExceeded as error:
            return self._endings.hold(item, str(error), error.retry_at)
        except ForgeError as error:
            return self._endings.forge_trouble(item, error)
        except (AgentError, ContainerError) as error:
            return self._endings.agent_trouble(item, plan, error)
        checkpoint.reach("pipeline.judged")
        reckoning.admitted(thought.admission)
        if isinstance(thought.admission, Hold):
            return self._endings.hold_back(item, thought.admission, thought.look.facts, plan.policy)
        if isinstance(thought.admission, Deny):
            later = self._endings.role_trouble(item, thought.admission, thought.look.facts)
            if later is not None:
                return later
        return self._record(item, plan, thought)

    def _plan(self, item: InboxItem) -> AgentPlan | None:
        repo = self.plan_of(item.issue.repo)
        return repo.agent(item.agent) if repo is not None and repo.enabled else None

    def _record(self, item: InboxItem, plan: AgentPlan, thought: Deliberation) -> Passed:
        now = self.now()
        decision = scribe.decision_row(item, plan, thought, model=self.model)
        with tracing.step("record"), self.db.transaction() as connection:
            if thought.decision is not None:
                breakers.record_success(connection, scope_of(item.agent), now=now)
            if self._plan(item) != plan:
                # A reload came in between: judged by rules that hold no more.
                inbox.postpone(
                    connection, item, not_before=now, reason="the configuration changed", count_attempt=False, now=now
                )
                return Passed(item=item, ending=Ending.RETRY, reason="the configuration changed")
            scribe.note_corrections(connection, thought.look, plan)
            scribe.hear_objections(connection, thought.look)
            log_id = scribe.record(connection, decision, now=now)
            for comment_id, found in thought.look.reactions.items():
                reactions.note(connection, item.issue, comment_id, found, bot=thought.look.facts.bot, now=now)
            scribe.note_facts(connection, thought.look)
            inbox.complete(connection, item, reason=decision.decision, now=now)
            memory.refresh(connection, item.issue, now=now)
            checkpoint.reach("pipeline.record.inside")
        checkpoint.reach("pipeline.record.committed")
        reckoning.decided(decision)
        skipped = not isinstance(thought.admission, Allow)
        return Passed(
            item=item,
            ending=Ending.SKIPPED if skipped else Ending.DECIDED,
            log_id=log_id,
            reason=decision.rationale if skipped else "",
            quiet=decision.decision == "skip" and not decision.actions and not item.requested,
        )
