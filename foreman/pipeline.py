"""One task from claim to completion, and the only place that decides to retry.

    claim -> deliberate -> one transaction: decision + actions + memory + the item's end

A decision is durable before anything is sent, because sending is somebody else's job: the executor's, from its rows.
What ends before that transaction leaves the item claimed: the next claim, or the next start, makes it ready again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from foreman import checkpoint, reckoning, scribe, tracing
from foreman.config.effective import AgentPlan, RepoPlan
from foreman.counting import RETRIES, TASKS, count
from foreman.deliberation import Deliberation, Deliberator
from foreman.errors import (
    AgentError,
    AgentUnavailable,
    BudgetExceeded,
    ContainerError,
    ForemanError,
    ForgeAuthError,
    ForgeError,
    ForgeGone,
    ForgeMoved,
    ForgeNotFound,
    ForgeRateLimited,
    ForgeUnavailable,
    LeaseLost,
    StoreError,
)
from foreman.log import get_logger
from foreman.model import Allow, Hold, IssueRef, RepoRef
from foreman.places import Places
from foreman.store import breakers, inbox, issues, memory, mirror, polls, reactions
from foreman.store.database import Database
from foreman.store.inbox import InboxItem

log = get_logger(__name__)

LEASE = timedelta(minutes=15)
"""How long a claim holds: longer than the longest agent time-out (600 s) and its start-up together."""

FIRST_BACKOFF = timedelta(seconds=5)
LAST_BACKOFF = timedelta(minutes=15)
LAST_FORGE_BACKOFF = timedelta(minutes=5)
"""Longest wait while it is the forge that has trouble: its end is noticed soon after."""

NOT_FOUND_PATIENCE = timedelta(minutes=10)
"""How long work waits for an issue that the forge has told us of and then does not find."""

HOLD_WITHOUT_END = timedelta(hours=1)
"""How long an item waits when what holds it does not say until when."""

_REFUSED = "the database could not take what became of it"


class Ending(StrEnum):
    """How one pass over an item ended."""

    DECIDED = "decided"
    SKIPPED = "skipped"
    RETRY = "retry"
    HELD = "held"
    DEAD = "dead"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One item that was worked on.

    Attributes:
        item: Which.
        ending: What became of it.
        log_id: The entry in the action log, None when nothing was recorded.
        reason: One line; empty when it was decided.
        account_refused: The forge refused the token: the account must pause.
        unreachable: The forge gave no usable answer.
    """

    item: InboxItem
    ending: Ending
    log_id: int | None = None
    reason: str = ""
    account_refused: bool = False
    unreachable: bool = False


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
            return self._complete(item, Ending.DROPPED, "this repository or agent is not configured any more")
        if item.attempt > self.max_retries(item.agent) + 1:
            # Every run before this one ended with the process: whatever is in it, it gets no further one.
            return self._bury(item, plan, f"the daemon ended during each of {item.attempt - 1} attempts")
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
            return self._hold(item, str(error), error.retry_at)
        except ForgeError as error:
            return self._forge_trouble(item, error)
        except (AgentError, ContainerError) as error:
            return self._agent_trouble(item, plan, error)
        checkpoint.reach("pipeline.judged")
        self._agent_is_well(item, thought)
        reckoning.admitted(thought.admission)
        if isinstance(thought.admission, Hold):
            return self._hold(item, f"{thought.admission.reason}: {thought.admission.detail}", None)
        return self._record(item, plan, thought)

    def _plan(self, item: InboxItem) -> AgentPlan | None:
        repo = self.plan_of(item.issue.repo)
        return repo.agent(item.agent) if repo is not None and repo.enabled else None

    def _record(self, item: InboxItem, plan: AgentPlan, thought: Deliberation) -> Passed:
        now = self.now()
        decision = scribe.decision_row(item, plan, thought, model=self.model)
        with tracing.step("record"), self.db.transaction() as connection:
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
        )

    def _agent_is_well(self, item: InboxItem, thought: Deliberation) -> None:
        if thought.decision is None:
            return
        with self.db.read() as connection:
            before = breakers.get(connection, scope_of(item.agent))
        if before is None or not (before.failures or before.trips or before.open):
            return  # as nearly always: nobody waits for the write lock because of it
        with self.db.transaction() as connection:
            breakers.record_success(connection, scope_of(item.agent), now=self.now())

    def _agent_trouble(self, item: InboxItem, plan: AgentPlan, error: ForemanError) -> Passed:
        if self.stopping():
            return self._later(item, error, self.now(), count=False)
        reckoning.failed(item.agent, error)
        if isinstance(error, AgentUnavailable | ContainerError):
            with self.db.transaction() as connection:
                breakers.record_failure(connection, scope_of(item.agent), now=self.now(), reason=str(error))
        if isinstance(error, ContainerError) or (isinstance(error, AgentUnavailable) and not error.asked):
            # No agent has seen the task: it waits for one, and uses up no attempt. The fence counts every claim.
            return self._later(item, error, error.retry_at or self.now() + self._backoff(item.fence), count=False)
        return self._again(item, plan, error)

    def _forge_trouble(self, item: InboxItem, error: ForgeError) -> Passed:
        if isinstance(error, ForgeNotFound | ForgeMoved) and not self._may_come_back(item, error):
            with self.db.transaction() as connection:
                mirror.forget(connection, item.issue)
            return self._complete(item, Ending.DROPPED, nothing_there(item.issue, error))
        if isinstance(error, ForgeRateLimited):
            return self._later(item, error, error.retry_at, count=False)
        # The forge's bad day is nobody's fault: it uses up no attempt. The fence counts every claim.
        pause = min(self._backoff(item.fence), LAST_FORGE_BACKOFF)
        passed = self._later(item, error, self.now() + pause, count=False)
        return replace(
            passed,
            account_refused=isinstance(error, ForgeAuthError) and error.status == 401,
            unreachable=isinstance(error, ForgeUnavailable),
        )

    def _may_come_back(self, item: InboxItem, error: ForgeError) -> bool:
        """Return whether an issue that cannot be found may only be hidden for a while.

        A copy of the forge's data that lags behind does not know the newest issues, a repository that cannot be read
        hides all of its issues, and one wrong answer is no answer: none of these is a reason to forget work.
        """
        if isinstance(error, ForgeGone):
            return False
        with self.db.read() as connection:
            state = polls.get(connection, item.issue.repo)
            told = issues.get(connection, item.issue) is not None
            ended = [attempt for attempt in inbox.story(connection, item.id) if attempt.ended_at is not None]
        young = self.now() - item.created_at < NOT_FOUND_PATIENCE
        again = bool(ended) and ended[-1].reason == str(error)
        return (told and (young or not again)) or (state is not None and state.failures > 0)

    def _again(self, item: InboxItem, plan: AgentPlan, error: ForemanError) -> Passed:
        if item.attempt > self.max_retries(item.agent):
            return self._bury(item, plan, str(error))
        return self._later(item, error, error.retry_at or self.now() + self._backoff(item.attempt), count=True)

    def _bury(self, item: InboxItem, plan: AgentPlan, reason: str) -> Passed:
        now = self.now()
        with self.db.transaction() as connection:
            log_id = scribe.record(connection, scribe.refused_row(item, plan, reason, model=self.model), now=now)
            inbox.bury(connection, item, reason=reason, now=now)
        return Passed(item=item, ending=Ending.DEAD, log_id=log_id, reason=reason)

    def _later(self, item: InboxItem, error: ForemanError, when: datetime | None, *, count: bool) -> Passed:
        now = self.now()
        with self.db.transaction() as connection:
            inbox.postpone(
                connection,
                item,
                not_before=when or now + FIRST_BACKOFF,
                reason=str(error),
                count_attempt=count,
                now=now,
            )
        return Passed(item=item, ending=Ending.RETRY, reason=str(error))

    def _hold(self, item: InboxItem, reason: str, until: datetime | None) -> Passed:
        now = self.now()
        with self.db.transaction() as connection:
            inbox.hold(connection, item, until=until or now + HOLD_WITHOUT_END, reason=reason, now=now)
        return Passed(item=item, ending=Ending.HELD, reason=reason)

    def _complete(self, item: InboxItem, ending: Ending, reason: str) -> Passed:
        with self.db.transaction() as connection:
            inbox.complete(connection, item, reason=reason, now=self.now())
        return Passed(item=item, ending=ending, reason=reason)

    def _backoff(self, attempt: int) -> timedelta:
        """Return the wait before the next run: doubling, with up to half of it random, so that retries spread."""
        whole: timedelta = min(FIRST_BACKOFF * 2 ** min(attempt - 1, 20), LAST_BACKOFF)
        return whole * (0.5 + 0.5 * self.jitter())


def nothing_there(ref: IssueRef, error: ForgeError) -> str:
    """Return one line for whoever asked about an issue that is not there; a forge says the same of all of these."""
    if isinstance(error, ForgeMoved):
        return f"{error} ({ref})"
    return f"{error}: {ref} is no issue that the account can see; deleted, moved out of sight, or a discussion"


def scope_of(agent: str) -> str:
    """Return the name under which an agent's health is kept."""
    return f"agent:{agent}"
