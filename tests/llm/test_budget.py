"""Budgets hold: across threads, midnight and restarts; what cannot be written down is not spent further."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from foreman.errors import BudgetExceeded, ModelUnavailable, StoreFull
from foreman.llm.base import ModelCall
from foreman.llm.budget import Budget, Purse, Reservation, TooExpensive, next_midnight
from tests.llm.fakes import NOON, MemoryLedger

CENT = Decimal("0.01")


def call(usd: Decimal | None = CENT, *, task: str = "t1", repo: str = "o/r", at: datetime = NOON) -> ModelCall:
    return ModelCall(
        task_id=task, repo=repo, agent="issue-triage", provider="anthropic", model="m", input_tokens=1,
        output_tokens=1, cached_tokens=0, usd=usd, started_at=at, duration_ms=1,
    )  # fmt: skip


def reserve(
    purse: Purse, usd: Decimal | None = CENT, *, task: str = "t1", repo: str = "o/r", now: datetime = NOON,
    large: bool = False, seconds: float = 20,
) -> Reservation:  # fmt: skip
    return purse.reserve(task_id=task, repo=repo, usd=usd, large=large, now=now, timeout_seconds=seconds)


def spend(
    purse: Purse, usd: Decimal | None = CENT, *, task: str = "t1", repo: str = "o/r", now: datetime = NOON
) -> None:
    purse.settle(reserve(purse, usd, task=task, repo=repo, now=now), call(usd, task=task, repo=repo, at=now))


@pytest.mark.parametrize(
    ("budget", "key", "elsewhere"),
    [
        (Budget(usd_per_task=2 * CENT), "usd_per_task", {"task": "t2"}),
        (Budget(usd_per_day=2 * CENT), "usd_per_day", {"now": NOON + timedelta(days=1)}),
        (Budget(calls_per_repo_per_day=2), "calls_per_repo_per_day", {"repo": "o/other"}),
    ],
)
def test_each_budget_stops_at_its_bound_and_nowhere_else(budget: Budget, key: str, elsewhere: dict[str, str]) -> None:
    purse = Purse(budget, MemoryLedger())
    spend(purse)
    spend(purse)

    with pytest.raises(BudgetExceeded, match=key) as caught:
        reserve(purse)

    assert caught.value.retry_at == datetime(2026, 3, 2, tzinfo=UTC)
    spend(purse, **elsewhere)


def test_the_day_is_utc_and_a_restart_forgets_nothing() -> None:
    ledger = MemoryLedger()
    budget = Budget(usd_per_day=CENT)
    late = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    spend(Purse(budget, ledger), now=late)
    restarted = Purse(budget, MemoryLedger(ledger.calls))

    refusal = restarted.refusal("o/r", late)

    assert refusal is not None
    assert refusal.retry_at == next_midnight(late) == late + timedelta(seconds=1)
    assert restarted.refusal("o/r", late + timedelta(seconds=1)) is None
    spend(restarted, now=late + timedelta(seconds=1))


@pytest.mark.parametrize("budget", [Budget(usd_per_task=5 * CENT), Budget(usd_per_day=5 * CENT)])
def test_parallel_calls_cannot_all_pass_the_check_at_once(budget: Budget) -> None:
    """Twenty at the same time, each for a cent and estimated at two: five pass, whatever the order."""
    ledger = MemoryLedger()
    purse = Purse(budget, ledger)
    start = threading.Barrier(20)

    def one(_: int) -> bool:
        start.wait(60)
        try:
            reservation = reserve(purse, 2 * CENT)
        except BudgetExceeded:
            return False
        purse.settle(reservation, call())
        return True

    with ThreadPoolExecutor(20) as pool:
        passed = sum(pool.map(one, range(20)))

    assert passed == len(ledger.calls) == 5
    assert ledger.usd_of_day(NOON) == 5 * CENT


def test_calls_under_way_count_against_the_repositorys_calls() -> None:
    purse = Purse(Budget(calls_per_repo_per_day=1), MemoryLedger())
    under_way = reserve(purse)

    with pytest.raises(BudgetExceeded):
        reserve(purse)

    purse.settle(under_way, None)
    reserve(purse)


def test_what_is_set_aside_is_waited_for_not_refused() -> None:
    """A refusal holds a task until tomorrow; money that may come back in a second must not do that."""
    purse = Purse(Budget(usd_per_day=3 * CENT), MemoryLedger())
    under_way = reserve(purse, 5 * CENT)

    with pytest.raises(ModelUnavailable) as caught:
        reserve(purse, seconds=0.05)

    assert not isinstance(caught.value, BudgetExceeded)
    purse.settle(under_way, call())
    reserve(purse, seconds=0.05)


def test_a_large_request_must_fit_whole() -> None:
    purse = Purse(Budget(usd_per_task=5 * CENT), MemoryLedger())
    spend(purse, 2 * CENT)

    with pytest.raises(BudgetExceeded):
        reserve(purse, 4 * CENT, large=True)
    with pytest.raises(TooExpensive):
        reserve(purse, 6 * CENT, large=True)

    reserve(purse, 3 * CENT, large=True)


def test_an_unknown_price_is_bounded_by_the_number_of_calls_alone() -> None:
    ledger = MemoryLedger()
    purse = Purse(Budget(usd_per_task=CENT, usd_per_day=CENT, calls_per_repo_per_day=3), ledger)
    for _ in range(3):
        spend(purse, None)

    with pytest.raises(BudgetExceeded, match="calls_per_repo_per_day"):
        reserve(purse, None)

    assert [kept.usd for kept in ledger.calls] == [None] * 3


def test_a_call_that_cannot_be_written_down_stops_the_next_until_it_can() -> None:
    ledger = MemoryLedger()
    purse = Purse(Budget(usd_per_day=CENT), ledger)
    reservation = reserve(purse)
    ledger.full = True
    purse.settle(reservation, call())

    with pytest.raises(StoreFull):
        reserve(purse)

    ledger.full = False
    with pytest.raises(BudgetExceeded):
        reserve(purse)
    assert len(ledger.calls) == 1
