"""How a task ends that came to no decision: later again, held, dropped or given up. Only this decides to retry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from foreman import allowance, reckoning, scribe
from foreman.config.effective import AgentPlan, Policy
from foreman.errors import (
    AgentUnavailable,
    ContainerError,
    ForemanError,
    ForgeAuthError,
    ForgeError,
    ForgeGone,
    ForgeMoved,
    ForgeNotFound,
    ForgeRateLimited,
    ForgeUnavailable,
)
from foreman.gate.facts import Facts
from foreman.gate.reasons import Reason
from foreman.model import Account, Deny, Hold, IssueRef
from foreman.store import breakers, inbox, issues, mirror, polls
from foreman.store.database import Database
from foreman.store.inbox import InboxItem
from foreman.store.scopes import scope_of
from foreman.values import dataclass

FIRST_BACKOFF = timedelta(seconds=5)
LAST_BACKOFF = timedelta(minutes=15)
LAST_FORGE_BACKOFF = timedelta(minutes=5)
"""Longest wait while it is the forge that has trouble: its end is noticed soon after."""

NOT_FOUND_PATIENCE = timedelta(minutes=10)
"""How long work waits for an issue that the forge has told us of and then does not find."""

ROLE_PATIENCE = timedelta(minutes=10)
"""How long work waits for the forge to say what somebody is to the project: one refusal to tell is no answer."""

HOLD_WITHOUT_END = timedelta(hours=1)
"""How long an item waits when what holds it does not say until when."""


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
        quiet: Nothing came of it that those who write could do or tell.
    """

    item: InboxItem
    ending: Ending
    log_id: int | None = None
    reason: str = ""
    account_refused: bool = False
    unreachable: bool = False
    quiet: bool = False


@dataclass(slots=True, kw_only=True)
class Endings:
    """Ends one pass over an item, where no decision came of it.

    Attributes:
        db: The store.
        max_retries: Per agent type: so many runs after the first.
        now: Current time, aware UTC.
        model: Name of the configured model, for the log.
        jitter: Random factor of the backoff, 0 to 1.
        stopping: Whether the daemon ends: what agents do then is not their fault.
    """

    db: Database
    max_retries: Callable[[str], int]
    now: Callable[[], datetime]
    model: str
    jitter: Callable[[], float]
    stopping: Callable[[], bool]

    def agent_trouble(self, item: InboxItem, plan: AgentPlan, error: ForemanError) -> Passed:
        """Try again what an agent or its container failed at, or give it up when that is of no use."""
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

    def forge_trouble(self, item: InboxItem, error: ForgeError) -> Passed:
        """Wait for a forge that has trouble, or drop work on an issue that is not there."""
        if isinstance(error, ForgeNotFound | ForgeMoved) and not self._may_come_back(item, error):
            with self.db.transaction() as connection:
                mirror.forget(connection, item.issue)
            return self.complete(item, Ending.DROPPED, nothing_there(item.issue, error))
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

    def role_trouble(self, item: InboxItem, admission: Deny, facts: Facts) -> Passed | None:
        """Wait for the forge to say what somebody is to the project; None where nothing or nobody is waited for."""
        reason, now = admission.reason, self.now()
        whose: dict[str, Account | None] = {
            Reason.AUTHOR_UNKNOWN: facts.issue.author,
            Reason.ACTOR_UNKNOWN: facts.event_actor,
        }
        account = whose.get(reason)
        if account is None or account.id == 0:  # deleted: nobody's any more
            return None
        with self.db.read() as connection:
            story = inbox.story(connection, item.id)
        first = next((one.ended_at for one in story if one.reason == reason and one.ended_at is not None), now)
        if now - first >= ROLE_PATIENCE:
            return None
        pause = min(self._backoff(item.fence), LAST_FORGE_BACKOFF)
        return self._later(item, reason, now + pause, count=False)

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
            return self.bury(item, plan, str(error))
        return self._later(item, error, error.retry_at or self.now() + self._backoff(item.attempt), count=True)

    def bury(self, item: InboxItem, plan: AgentPlan, reason: str) -> Passed:
        """Give an item up, with a line in the log that says why."""
        now = self.now()
        with self.db.transaction() as connection:
            log_id = scribe.record(connection, scribe.refused_row(item, plan, reason, model=self.model), now=now)
            inbox.bury(connection, item, reason=reason, now=now)
        return Passed(item=item, ending=Ending.DEAD, log_id=log_id, reason=reason)

    def _later(self, item: InboxItem, reason: object, when: datetime | None, *, count: bool) -> Passed:
        now = self.now()
        with self.db.transaction() as connection:
            inbox.postpone(
                connection,
                item,
                not_before=when or now + FIRST_BACKOFF,
                reason=str(reason),
                count_attempt=count,
                now=now,
            )
        return Passed(item=item, ending=Ending.RETRY, reason=str(reason))

    def hold(self, item: InboxItem, reason: str, until: datetime | None) -> Passed:
        """Let an item wait until a moment, or until what holds it is looked at again."""
        now = self.now()
        with self.db.transaction() as connection:
            inbox.hold(connection, item, until=until or now + HOLD_WITHOUT_END, reason=reason, now=now)
        return Passed(item=item, ending=Ending.HELD, reason=reason)

    def hold_back(self, item: InboxItem, admission: Hold, facts: Facts, policy: Policy) -> Passed:
        """Let an item wait that was not admitted, where it is a bound on runs until there is room for one more."""
        now, reason = self.now(), f"{admission.reason}: {admission.detail}"
        with self.db.transaction() as connection:
            until = allowance.free_at(connection, admission, facts, policy) or now + HOLD_WITHOUT_END
            inbox.hold(connection, item, until=until, reason=reason, now=now)
        return Passed(item=item, ending=Ending.HELD, reason=reason)

    def complete(self, item: InboxItem, ending: Ending, reason: str) -> Passed:
        """End an item about which nothing is recorded."""
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
