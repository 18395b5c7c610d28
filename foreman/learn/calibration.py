"""How sure is sure: make probabilities mean what they say, and find from which on a label is right often enough."""

from __future__ import annotations

import math
from collections.abc import Sequence

from foreman.learn.examples import Proof

WANTED_PRECISION = 0.9
"""Of the labels that are given without asking a model."""

LEAST_SEEN = 10
"""Issues of a label in a repository, and issues it was given to when held back, before it is ever sure there."""

NEVER = 2.0
"""A threshold no probability reaches."""

_LEAST = 1e-9


def sharpened(probabilities: Sequence[float], temperature: float) -> tuple[float, ...]:
    """Return probabilities raised to a power and made to sum to 1 again."""
    raised = [max(one, _LEAST) ** temperature for one in probabilities]
    total = sum(raised)
    return tuple(one / total for one in raised)


def temperature(told: Sequence[Sequence[float]], truths: Sequence[int], weights: Sequence[float]) -> float:
    """Find the power at which what was said of held-back issues fits best what they are.

    Args:
        told: Probabilities per issue.
        truths: The class of each.
        weights: How much each counts.

    Returns:
        Between 0.2 and 8.
    """

    def loss(power: float) -> float:
        return -sum(
            weight * math.log(max(sharpened(one, power)[truth], _LEAST))
            for one, truth, weight in zip(told, truths, weights, strict=True)
        )

    low, high = math.log(0.2), math.log(8.0)
    golden = (math.sqrt(5.0) - 1.0) / 2.0
    for _ in range(24):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if loss(math.exp(left)) < loss(math.exp(right)):
            high = right
        else:
            low = left
    return math.exp((low + high) / 2.0)


def thresholds(told: Sequence[Sequence[float]], truths: Sequence[int]) -> tuple[float, ...]:
    """Find per class the lowest probability from which on it was right often enough when held back.

    Args:
        told: Calibrated probabilities of one repository's issues.
        truths: The class of each.

    Returns:
        One per class; `NEVER` where too little is known or it is not right often enough.
    """
    return tuple(_threshold(told, truths, label) for label in range(len(told[0]) if told else 0))


def proof(told: Sequence[Sequence[float]], truths: Sequence[int], bounds: Sequence[float]) -> Proof:
    """Count of how many issues that were held back it would have been sure, and right.

    Args:
        told: Calibrated probabilities of one repository's issues.
        truths: The class of each.
        bounds: From which probability on a class is sure.

    Returns:
        The counts.
    """
    given = [
        (label, truth)
        for one, truth in zip(told, truths, strict=True)
        for label in [max(range(len(one)), key=one.__getitem__)]
        if one[label] >= bounds[label]
    ]
    return Proof(
        counts=tuple(sum(truth == label for truth in truths) for label in range(len(bounds))),
        sure=len(given),
        right=sum(label == truth for label, truth in given),
    )


def _threshold(told: Sequence[Sequence[float]], truths: Sequence[int], label: int) -> float:
    if sum(truth == label for truth in truths) < LEAST_SEEN:
        return NEVER
    given = sorted(
        ((one[label], truth == label) for one, truth in zip(told, truths, strict=True) if one[label] >= max(one)),
        reverse=True,
    )
    found, right = NEVER, 0
    for number, (probability, fits) in enumerate(given, 1):
        right += fits
        following = given[number][0] if number < len(given) else -1.0
        # Half a mistake more than was seen: ten of ten is not certainty.
        if number >= LEAST_SEEN and following < probability and right / (number + 0.5) >= WANTED_PRECISION:
            found = probability
    return max(found, 0.5) if found < NEVER else NEVER
