"""Fit linear classifiers: logistic regression, each feature weighed by how much it tells (Wang and Manning, 2012).

Each feature stands twice in an issue's vector: for all repositories together and for its own. A feature's weight is
scaled by its log-count ratio, so what tells nothing stays at nothing.
"""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence
from operator import mul

from foreman.learn.vectors import Vector
from foreman.values import dataclass

ROUNDS = 2
"""Passes over all issues; more change less than the choice of the folds does."""

_SMOOTHING = 0.3
_COST = 1.0
_TINY = 1e-8
_STILL = 1e-3
_NEWTON_STEPS = 20


@dataclass(frozen=True, slots=True)
class Table:
    """Issues as rows of numbers, ready to fit one label after the other.

    Attributes:
        where: Positions of each issue, those of its repository after those of all.
        values: What stands there.
        last: Position of the intercept.
    """

    where: tuple[array[int], ...]
    values: tuple[array[float], ...]
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
        where, values = [], []
        for (at, own), repo in zip(vectors, repos, strict=True):
            shift = size * (1 + repo)
            where.append(at if repo < 0 else at + array("I", [one + shift for one in at]))
            values.append(own if repo < 0 else own + own)
        return cls(tuple(where), tuple(values), last)

    def sums(self, classes: Sequence[int], count: int) -> list[list[float]]:
        """Return per class what its issues hold at each position."""
        found = [[0.0] * self.last for _ in range(count)]
        for positions, own, label in zip(self.where, self.values, classes, strict=True):
            mine = found[label]
            for at, value in zip(positions, own, strict=True):
                mine[at] += value
        return found


def fit(table: Table, classes: Sequence[int], count: int, weights: Sequence[float]) -> list[array[float]]:
    """Learn to tell each class from all others.

    Args:
        table: The issues.
        classes: The class of each.
        count: How many classes there are; each has issues.
        weights: How much each issue counts.

    Returns:
        Per class the weights by position, the intercept last.

    References:
        Yu, Huang and Lin, "Dual coordinate descent methods for logistic regression and maximum entropy models", 2011.
    """
    sums = table.sums(classes, count)
    everything = list(map(sum, zip(*sums, strict=True)))
    found = []
    for label in range(count):
        squares = _squared_ratios(sums[label], everything)
        found.append(_fit(table, [own == label for own in classes], weights, squares))
    return found


def _fit(table: Table, truths: Sequence[bool], weights: Sequence[float], squares: array[float]) -> array[float]:
    result = array("d", [0.0]) * table.last  # a list of numbers is four times as large
    shift = 0.0
    yes = sum(truths)
    costs = [
        _COST * weight * len(truths) / (2.0 * (yes if truth else len(truths) - yes))
        for weight, truth in zip(weights, truths, strict=True)
    ]
    both = list(zip(table.values, table.where, strict=True))
    scaled = [array("d", [value * squares[at] for value, at in zip(own, where, strict=True)]) for own, where in both]
    norms = [1.0 + sum(map(mul, own, other)) for own, other in zip(table.values, scaled, strict=True)]
    # Both ends are so near to nothing that `result` need not know.
    low = [min(0.001 * cost, _TINY) for cost in costs]
    high = [cost - least for cost, least in zip(costs, low, strict=True)]
    order = list(range(len(truths)))
    shuffle = random.Random(0).shuffle  # noqa: S311 - the same order at every training
    for _ in range(ROUNDS):
        shuffle(order)
        for at in order:
            sign = 1.0 if truths[at] else -1.0
            own, where = both[at]
            score = sign * (sum([value * result[place] for value, place in zip(own, where, strict=True)]) + shift)
            upward = 0.5 * norms[at] * (high[at] - low[at]) + score >= 0
            before = low[at] if upward else high[at]
            after = _solve(before, costs[at], norms[at], score if upward else -score)
            if abs(after - before) > _STILL * costs[at]:
                low[at], high[at] = (after, costs[at] - after) if upward else (costs[at] - after, after)
                by = sign * (after - before if upward else before - after)
                for place, value in zip(where, scaled[at], strict=True):
                    result[place] += by * value
                shift += by
    result.append(shift)
    return result


def _squared_ratios(mine: Sequence[float], everything: Sequence[float]) -> array[float]:
    """Return by position the square of log(share among a class / share among the others)."""
    yes = sum(mine) + _SMOOTHING * len(mine)
    no = sum(everything) - sum(mine) + _SMOOTHING * len(mine)
    shift = math.log(no / yes) if mine else 0.0
    log = math.log
    pairs = zip(mine, everything, strict=True)
    return array(
        "d",
        [(log((own + _SMOOTHING) / (max(whole - own, 0.0) + _SMOOTHING)) + shift) ** 2 for own, whole in pairs],
    )


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
