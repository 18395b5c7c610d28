"""Ten thousand repositories on paper: the pace of `foreman.poller.pace`, a line of serial requests for each token."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass
from datetime import timedelta

from foreman.poller import pace
from foreman.poller.rounds import PER_SECOND

HOURS = 3.0
"""Simulated after the first, in which everything finds its place."""

NEWS_REQUESTS = 6
"""Counted requests for an event from its poll to its task, as measured live."""

CASES = [
    # repositories, share of busy ones, tokens, longest interval
    (100, 0.04, 1, 300),
    (520, 20 / 520, 1, 60),
    (520, 20 / 520, 1, 300),
    (1000, 0.04, 1, 300),
    (2000, 0.04, 1, 300),
    (3000, 0.04, 1, 300),
    (5000, 0.04, 1, 300),
    (10_000, 0.04, 4, 300),
    (10_000, 0.04, 6, 300),
    (10_000, 0.04, 4, 900),
]


@dataclass(slots=True)
class Result:
    """What came of a case."""

    lags: list[float]
    counted: float
    sent: float
    used: float


def simulate(repos: int, busy: int, *, longest: float, latency: float, seed: int) -> Result:
    """Simulate one token.

    Args:
        repos: On it.
        busy: Of these, such as have an event every five minutes; the others have none.
        longest: Seconds between two looks at a quiet one.
        latency: Seconds for an answer.
        seed: Of chance.

    Returns:
        Lags in seconds of all events, requests an hour, and how much of the time the line was in use.
    """
    chance = random.Random(seed)
    own, most = timedelta(seconds=60), timedelta(seconds=longest)
    waits = [pace.interval(own, most, timedelta(days=0 if n < busy else 30)) for n in range(repos)]
    due = [(chance.random() * waits[n].total_seconds(), n) for n in range(repos)]
    heapq.heapify(due)
    news = [chance.expovariate(1 / 300) for _ in range(busy)]
    end = (HOURS + 1) * 3600
    now, result = 0.0, Result([], 0, 0, 0.0)
    while now < end:
        at, number = heapq.heappop(due)
        now = max(now, at)
        measured = now > 3600
        took, requests = max(latency, 1 / PER_SECOND), 1
        while number < busy and news[number] <= now:
            if measured:
                result.lags.append(now + latency - news[number])
            news[number] += chance.expovariate(1 / 300)
            requests += NEWS_REQUESTS
        if measured:
            result.sent += requests
            result.counted += requests if requests > 1 else 0
            result.used += took + (requests - 1) * latency
        now += took + (requests - 1) * latency
        heapq.heappush(due, (now + pace.moved(waits[number], chance.random()).total_seconds(), number))
    result.sent, result.counted = result.sent / HOURS, result.counted / HOURS
    result.used /= HOURS * 3600
    result.lags.sort()
    return result


def main() -> int:
    """Print the table."""
    print(
        "| repositories, 4 % busy | tokens | longest interval | answer in | requests an hour and token | counted |",
        end="",
    )
    print(" line in use | lag p50 | lag p99 |\n|---|---|---|---|---|---|---|---|---|")
    for repos, share, tokens, longest in CASES:
        each = repos // tokens
        for latency in (0.1, 0.05):
            found = simulate(each, round(each * share), longest=longest, latency=latency, seed=7)
            lags = found.lags
            p50, p99 = (lags[int(part * len(lags))] for part in (0.5, 0.99))
            print(
                f"| {repos:,} | {tokens} | {longest} s | {latency * 1000:.0f} ms | {found.sent:,.0f} | "
                f"{found.counted:,.0f} | {found.used:.0%} | {p50:.0f} s | {p99:.0f} s |"
            )
    return 0
