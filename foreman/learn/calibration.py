"""How sure is sure: make probabilities mean what they say, and find from which on a label is right often enough."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from operator import mul

from foreman.learn.examples import Proof
from foreman.values import dataclass

WANTED_PRECISION = 0.9
"""Of the labels that are given without asking a model."""

LEAST_SEEN = 10
"""Issues of a label in a repository, and issues it was given to when held back, before it is ever sure there."""

NEVER = 2.0
"""A threshold no probability reaches."""

_LEAST = 1e-6
_ROUNDS = 40
_STEP = 0.5
_HOLD = 1.0
_HOLD_OWN = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Makes probabilities mean what they say.

    Attributes:
        power: They are raised to it.
        shifts: Per repository, and for all others under "": what is added to the logarithm of each class. The voters
            take all labels for equally common; people do not give them equally often.
    """

    power: float = 1.0
    shifts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def of(self, probabilities: Sequence[float], repo: str) -> tuple[float, ...]:
        """Return them as they hold in a repository."""
        none = (0.0,) * len(probabilities)
        return _softmax(_logs(probabilities), self.power, self.shifts.get(repo) or self.shifts.get("") or none)


def scale(
    told: Sequence[Sequence[float]], truths: Sequence[int], weights: Sequence[float], repos: Sequence[str]
) -> Scale:
    """Find what makes that which was said of held-back issues fit best what they are.

    Args:
        told: Probabilities per issue.
        truths: The class of each.
        weights: How much each counts.
        repos: The repository of each.

    Returns:
        The scale.
    """
    logs = [_logs(one) for one in told]
    count = len(told[0])
    power = 1.0
    everywhere = [0.0] * count
    own = {repo: [0.0] * count for repo in sorted(set(repos))}
    for _ in range(_ROUNDS):
        slope, curve = 0.0, 1.0
        shared, shared_curve = [-_HOLD * one for one in everywhere], [_HOLD] * count
        apart = {repo: [-_HOLD_OWN * one for one in mine] for repo, mine in own.items()}
        apart_curve = {repo: [_HOLD_OWN] * count for repo in own}
        for log, truth, weight, repo in zip(logs, truths, weights, repos, strict=True):
            likely = _softmax(log, power, [a + b for a, b in zip(everywhere, own[repo], strict=True)])
            mean = sum(map(mul, likely, log))
            slope += weight * (log[truth] - mean)
            curve += weight * (sum(p * one * one for p, one in zip(likely, log, strict=True)) - mean * mean)
            for label, one in enumerate(likely):
                miss, bend = weight * ((label == truth) - one), weight * one * (1.0 - one)
                shared[label] += miss
                shared_curve[label] += bend
                apart[repo][label] += miss
                apart_curve[repo][label] += bend
        power = min(8.0, max(0.2, power + _STEP * slope / curve))
        everywhere = [at + _STEP * a / b for at, a, b in zip(everywhere, shared, shared_curve, strict=True)]
        for repo, now in own.items():
            moves = zip(now, apart[repo], apart_curve[repo], strict=True)
            own[repo] = [at + _STEP * a / b for at, a, b in moves]
    shifts = {repo: tuple(a + b for a, b in zip(everywhere, one, strict=True)) for repo, one in own.items()}
    return Scale(power=power, shifts={"": tuple(everywhere), **shifts})


def _logs(probabilities: Sequence[float]) -> list[float]:
    return [math.log(max(one, _LEAST)) for one in probabilities]


def _softmax(logs: Sequence[float], power: float, shifts: Sequence[float]) -> tuple[float, ...]:
    raised = [power * one + shift for one, shift in zip(logs, shifts, strict=True)]
    top = max(raised)
    powers = [math.exp(one - top) for one in raised]
    total = sum(powers)
    return tuple(one / total for one in powers)


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
    if given and found == given[-1][0]:
        # It was right wherever it was the likeliest: what is said with less than was ever seen counts as it says.
        found = min(found, WANTED_PRECISION)
    return max(found, 0.5) if found < NEVER else NEVER
