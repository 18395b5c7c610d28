"""Hold the budgets: nobody spends what is not there, not even at the same time.

A call passes while there is something left; so a budget may be overdrawn by one ordinary call and no more: while calls
are under way their estimated prices are set aside, and near the end of a budget they go one after the other. A large
request must fit whole. A call of unknown price counts as nothing in USD; only the number of calls bounds it.
"""

from __future__ import annotations

import threading
import time as clock
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from foreman.errors import BudgetExceeded, ModelUnavailable, StoreError
from foreman.llm.base import BadRequest, ModelCall, UsageLedger
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent; None for no bound.

    Attributes:
        usd_per_task: USD for one task.
        usd_per_day: USD for everything together, from midnight to midnight UTC.
        calls_per_repo_per_day: Model calls for one repository's tasks, from midnight to midnight UTC.
    """

    usd_per_task: Decimal | None = None
    usd_per_day: Decimal | None = None
    calls_per_repo_per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reservation:
    """Money set aside for one call under way.

    Attributes:
        task_id: For which task.
        repo: Of which repository.
        usd: Estimate; 0 when the price is not known.
    """

    task_id: str
    repo: str
    usd: Decimal


class TooExpensive(BadRequest):
    """The request alone may cost more than a whole budget; waiting for a new day does not help."""


def next_midnight(now: datetime) -> datetime:
    """Return when the day's budgets are filled again."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), tzinfo=UTC)


class Purse:
    """The one place that lets a call pass; safe for threads."""

    def __init__(self, budget: Budget, ledger: UsageLedger) -> None:
        """Watch over a ledger.

        Args:
            budget: What may be spent.
            ledger: What was spent.
        """
        self.budget = budget
        self._ledger = ledger
        self._changed = threading.Condition()
        self._reserved: list[Reservation] = []
        self._unrecorded: list[ModelCall] = []

    def refusal(self, repo: str, now: datetime) -> BudgetExceeded | None:
        """Say which budget of the day is spent already.

        Args:
            repo: Repository key.
            now: Current time, aware UTC.

        Returns:
            The refusal a call would meet; None when there is something left.
        """
        with self._changed:
            return self._refusal("", repo, Decimal(0), now)

    def reserve(
        self, *, task_id: str, repo: str, usd: Decimal | None, large: bool, now: datetime, timeout_seconds: float
    ) -> Reservation:
        """Set money aside for a call; waits while other calls may use up what is left.

        Args:
            task_id: For which task.
            repo: Of which repository.
            usd: What the call may cost; None when that is not known.
            large: It must fit whole into what is left.
            now: Current time, aware UTC.
            timeout_seconds: Longest wait.

        Returns:
            To be given to `settle`.

        Raises:
            BudgetExceeded: There is not enough left.
            TooExpensive: There never will be.
            ModelUnavailable: Other calls took too long to show what is left.
            StoreError: An earlier call could not be written down yet, and still cannot.
        """
        wanted = Reservation(task_id=task_id, repo=repo, usd=usd or Decimal(0))
        needed = wanted.usd if large else Decimal(0)
        until = clock.monotonic() + timeout_seconds
        with self._changed:
            while True:
                self._record_waiting()
                self._check_size(needed)
                refusal = self._refusal(task_id, repo, needed, now)
                if refusal is not None:
                    raise refusal
                if not self._contested(task_id, needed, now):
                    self._reserved.append(wanted)
                    return wanted
                if not self._changed.wait(max(0.0, until - clock.monotonic())):
                    raise ModelUnavailable("the rest of the budget is set aside for calls under way")

    def settle(self, reservation: Reservation, call: ModelCall | None) -> None:
        """Write the real price down and give the reservation back.

        A ledger that cannot be written keeps the call here and lets no further one pass until it can.

        Args:
            reservation: From `reserve`.
            call: What came of it; None when nothing was sent.
        """
        with self._changed:
            if call is not None:
                self._unrecorded.append(call)
            try:
                self._record_waiting()
            except StoreError:
                return
            finally:
                self._reserved.remove(reservation)
                self._changed.notify_all()

    def _record_waiting(self) -> None:
        while self._unrecorded:
            self._ledger.record(self._unrecorded[0])
            del self._unrecorded[0]

    def _check_size(self, needed: Decimal) -> None:
        budget = self.budget
        for name, bound in (("usd_per_task", budget.usd_per_task), ("usd_per_day", budget.usd_per_day)):
            if bound is not None and needed > bound:
                raise TooExpensive(f"this request may cost {needed:.4f} USD, over llm.budget.{name} of {bound}")

    def _contested(self, task_id: str, needed: Decimal, now: datetime) -> bool:
        budget = self.budget
        of_day = sum((held.usd for held in self._reserved), Decimal(0))
        of_task = sum((held.usd for held in self._reserved if held.task_id == task_id), Decimal(0))
        if (
            budget.usd_per_day is not None
            and of_day
            and _over(self._ledger.usd_of_day(now) + of_day, needed, budget.usd_per_day)
        ):
            return True
        if budget.usd_per_task is not None and of_task:
            return _over(self._ledger.usd_of_task(task_id) + of_task, needed, budget.usd_per_task)
        return False

    def _refusal(self, task_id: str, repo: str, needed: Decimal, now: datetime) -> BudgetExceeded | None:
        budget = self.budget
        message = ""
        if budget.usd_per_day is not None and _over(self._ledger.usd_of_day(now), needed, budget.usd_per_day):
            message = f"today's budget of {budget.usd_per_day} USD is spent (llm.budget.usd_per_day)"
        elif budget.calls_per_repo_per_day is not None and budget.calls_per_repo_per_day <= (
            calls := self._ledger.calls_of_day(repo, now) + sum(held.repo == repo for held in self._reserved)
        ):
            message = f"{calls} model calls for {repo} today (llm.budget.calls_per_repo_per_day)"
        elif (
            task_id
            and budget.usd_per_task is not None
            and _over(self._ledger.usd_of_task(task_id), needed, budget.usd_per_task)
        ):
            message = f"the task's budget of {budget.usd_per_task} USD is spent (llm.budget.usd_per_task)"
        return BudgetExceeded(message, retry_at=next_midnight(now)) if message else None


def _over(spent: Decimal, wanted: Decimal, bound: Decimal) -> bool:
    return spent >= bound or spent + wanted > bound
