"""Fit linear classifiers: logistic regression, each feature weighed by how much it tells (Wang and Manning, 2012).

Each feature stands twice in an issue's vector: for all repositories together and for its own. A feature's weight is
scaled by its log-count ratio, so what tells nothing stays at nothing.
"""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter, mul
from typing import Any

from foreman.learn.vectors import Vector

ROUNDS = 5
"""Passes over all issues; more change less than the choice of the folds does."""

_SMOOTHING = 0.3
_COST = 1.0
_TINY = 1e-8
_NEWTON_STEPS = 20


@dataclass(frozen=True, slots=True)
class Table:
    """Issues as rows of numbers, ready to fit one label after the other.

    Attributes:
        where: Positions of each issue, those of its repository after those of all.
        values: What stands there.
        fetch: Takes what stands at an issue's positions out of a row of weights, and the intercept last.
        last: Position of the intercept.
    """

    where: tuple[array[int], ...]
    values: tuple[array[float], ...]
    fetch: tuple[Callable[[Any], tuple[float, ...]], ...]
    last: int

    @classmethod
    def of(cls, vectors: Sequence[Vector], size: int, *, repos: Sequence[int], repo_count: int) -> Table:
        """Lay issues out.

        Args:
            vectors: One per issue.
            size: Positions in a vector.
            repos: The repository of each issue, as a number below `repo_count`; -1 for none of its own.
            repo_count: How many repositories have weights of their own.

        Returns:
            The table.
        """
        last = size * (1 + repo_count)
        number = list(range(last + 1))  # one object per position, whichever issues share it
        where, values = [], []
        for (at, own), repo in zip(vectors, repos, strict=True):
            twice = at if repo < 0 else at + array("I", [one + size * (1 + repo) for one in at])
            where.append(twice)
            values.append(own if repo < 0 else own + own)
        # The intercept stands there twice: `itemgetter` of one position alone returns no tuple.
        fetch = tuple(itemgetter(*(number[one] for one in at), last, last) for at in where)
        return cls(tuple(where), tuple(values), fetch, last)


def fit(table: Table, truths: Sequence[bool], weights: Sequence[float], *, rounds: int = ROUNDS) -> array[float]:
    """Learn to tell one label from all others.

    Args:
        table: The issues.
        truths: Whether each bears the label; some do and some do not.
        weights: How much each counts.
        rounds: Passes over all issues.

    Returns:
        Weights by position, the intercept last.

    References:
        Yu, Huang and Lin, "Dual coordinate descent methods for logistic regression and maximum entropy models", 2011.
    """
    squares = _squared_ratios(table, truths)
    result = array("d", bytes(8 * (table.last + 1)))
    yes = sum(truths)
    costs = [
        _COST * weight * len(truths) / (2.0 * (yes if truth else len(truths) - yes))
        for weight, truth in zip(weights, truths, strict=True)
    ]
    scaled = [array("d", map(mul, own, get(squares))) for own, get in zip(table.values, table.fetch, strict=True)]
    norms = [1.0 + sum(map(mul, own, other)) for own, other in zip(table.values, scaled, strict=True)]
    low = [min(0.001 * cost, _TINY) for cost in costs]
    high = [cost - least for cost, least in zip(costs, low, strict=True)]
    for at, truth in enumerate(truths):
        _move(result, table.where[at], scaled[at], low[at] if truth else -low[at])
    order = list(range(len(truths)))
    shuffle = random.Random(0).shuffle  # noqa: S311 - the same order at every training
    for _ in range(rounds):
        shuffle(order)
        for at in order:
            sign = 1.0 if truths[at] else -1.0
            found = table.fetch[at](result)
            score = sign * (sum(map(mul, table.values[at], found)) + found[-1])
            upward = 0.5 * norms[at] * (high[at] - low[at]) + score >= 0
            before = low[at] if upward else high[at]
            after = _solve(before, costs[at], norms[at], score if upward else -score)
            if after != before:
                low[at], high[at] = (after, costs[at] - after) if upward else (costs[at] - after, after)
                _move(result, table.where[at], scaled[at], sign * (after - before if upward else before - after))
    return result


def _squared_ratios(table: Table, truths: Sequence[bool]) -> array[float]:
    """Return by position the square of log(share among yes / share among no)."""
    yes, no = [_SMOOTHING] * table.last, [_SMOOTHING] * table.last
    for positions, own, truth in zip(table.where, table.values, truths, strict=True):
        side = yes if truth else no
        for at, value in zip(positions, own, strict=True):
            side[at] += value
    shift = math.log(sum(no) / sum(yes)) if table.last else 0.0
    squares = array("d", ((math.log(a / b) + shift) ** 2 for a, b in zip(yes, no, strict=True)))
    squares.append(1.0)
    return squares


def _move(result: array[float], where: array[int], scaled: array[float], by: float) -> None:
    for at, value in zip(where, scaled, strict=True):
        result[at] += by * value
    result[-1] += by


def _solve(before: float, cost: float, norm: float, score: float) -> float:
    """Find the best value of one dual variable by Newton's method."""
    value = 0.1 * before if cost - before < 0.5 * cost else before
    for _ in range(_NEWTON_STEPS):
        slope = norm * (value - before) + score + math.log(value / (cost - value))
        if abs(slope) < 1e-3:
            break
        better = value - slope / (norm + cost / (cost - value) / value)
        value = value * 0.1 if better <= 0 else min(better, cost * (1 - 1e-12))
    return value
