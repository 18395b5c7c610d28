"""How soon a repository is looked at again."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from foreman.forge.base import Quota
from foreman.poller import pace
from foreman.poller.pace import Spending
from foreman.poller.rounds import AT_ONCE, PER_SECOND, Beat

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("quiet_days", "expected"), [(-1, 60), (0, 60), (1, 60), (2.5, 120), (4, 180), (7, 300), (400, 300)]
)
def test_the_longer_nothing_happened_the_less_often(quiet_days: float, expected: float) -> None:
    assert pace.interval(MINUTE, 5 * MINUTE, timedelta(days=quiet_days)).total_seconds() == expected


@pytest.mark.parametrize("quiet_days", [0, 3, 30])
def test_what_is_configured_to_be_rare_stays_as_rare(quiet_days: float) -> None:
    assert pace.interval(10 * MINUTE, 5 * MINUTE, timedelta(days=quiet_days)) == 10 * MINUTE


def quota(remaining: int, *, limit: int = 5000) -> Quota:
    return Quota(limit=limit, remaining=remaining, reset_at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("remaining", "spent", "left", "before", "expected"),
    [
        (5000, 300, 60, 1.0, 1.0),
        (2600, 300, 60, 1.0, 1.0),
        (2500, 100, 20, 1.0, 1.0),  # 400 more until then, of 2,000 that may go
        (2500, 500, 60, 1.0, 3.0),  # 6,000 would go
        (2500, 500, 60, 2.0, 6.0),  # and as many go though everything is looked at half as often
        (1500, 200, 30, 1.0, 1.2),
        (1500, 0, 60, 8.0, 1.0),
        (600, 500, 60, 1.0, pace.MOST_STRETCH),
        (500, 0, 1, 1.0, pace.MOST_STRETCH),  # what is left is for tasks and writes
        (0, 0, 0, 9.0, 1.0),  # the quota is filled again
    ],
)
def test_what_is_left_of_the_quota_lasts(
    remaining: int, spent: int, left: int, before: float, expected: float
) -> None:
    spending = Spending(requests=spent, span=5 * MINUTE)

    found = pace.stretch(quota(remaining), spending, left_for=left * MINUTE, before=before)

    assert found == pytest.approx(expected)


def test_nothing_is_spent_while_nothing_is_known() -> None:
    assert Spending(requests=0, span=timedelta(0)).per_second == 0.0


def test_repositories_that_were_looked_at_together_drift_apart() -> None:
    chance = random.Random(7)
    waits = [pace.moved(MINUTE, chance.random()) for _ in range(500)]

    assert 0.9 * MINUTE <= min(waits) < max(waits) <= MINUTE
    assert max(sum(tick <= wait.total_seconds() < tick + 0.5 for wait in waits) for tick in range(53, 60)) < 100


def test_a_start_with_hundreds_of_repositories_is_no_burst() -> None:
    seconds = 0.0
    beat = Beat(lambda: seconds)
    begun = []
    for _ in range(1000):
        seconds += beat.pause()
        begun.append(seconds)

    assert begun[AT_ONCE - 1] == 0.0
    for start in range(0, int(begun[-1]), 7):
        assert sum(start <= at < start + 60 for at in begun) <= 60 * PER_SECOND + AT_ONCE
    assert begun[-1] == pytest.approx((1000 - AT_ONCE) / PER_SECOND)
