"""How right somebody was, in numbers: precision, recall, coverage, calibration, confusion. Pure.

A number that nothing was there to count for is None, never 0 or 1: a label nobody ever chose has no precision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from foreman.values import dataclass

NOTHING = "(none)"
"""Stands in a confusion for no label at all."""

BINS = 10
"""Parts of equal width in which confidence is compared with how often it was right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How often what was said is right, and what is right was said.

    Attributes:
        hits: Said, and right.
        wrong: Said, and not right.
        missed: Right, and not said.
    """

    hits: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float | None:
        """Share of what was said that is right."""
        return ratio(self.hits, self.hits + self.wrong)

    @property
    def recall(self) -> float | None:
        """Share of what is right that was said."""
        return ratio(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; 0 where something was to be said or was said, and nothing of it is right."""
        return ratio(2 * self.hits, 2 * self.hits + self.wrong + self.missed)


def ratio(part: float, whole: float) -> float | None:
    """Return a share, None of nothing."""
    return part / whole if whole else None


def per_label(pairs: Iterable[tuple[Collection[str], Collection[str]]], labels: Iterable[str]) -> dict[str, Score]:
    """Score each label by itself.

    Args:
        pairs: For each issue what was said and what is right.
        labels: Which are scored, in this order; names are compared without regard to case, as forges do.

    Returns:
        By label.
    """
    known = [({one.casefold() for one in said}, {one.casefold() for one in right}) for said, right in pairs]
    found = {}
    for label in labels:
        key = label.casefold()
        count = Counter((key in said, key in right) for said, right in known)
        found[label] = Score(hits=count[True, True], wrong=count[True, False], missed=count[False, True])
    return found


def micro(scores: Iterable[Score]) -> Score:
    """Add scores up: each issue counts once for each label."""
    scores = tuple(scores)
    return Score(
        hits=sum(one.hits for one in scores),
        wrong=sum(one.wrong for one in scores),
        missed=sum(one.missed for one in scores),
    )


def macro_f1(scores: Iterable[Score]) -> float | None:
    """Return the mean of each label's F1, all labels alike; those that never came up are left out."""
    known = [one.f1 for one in scores if one.f1 is not None]
    return sum(known) / len(known) if known else None


def coverage(answered: Iterable[bool]) -> float | None:
    """Return the share that got an answer at all."""
    given = list(answered)
    return ratio(sum(given), len(given))


def confusion(
    pairs: Iterable[tuple[Collection[str], Collection[str]]], labels: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Count what was said where what was right.

    Args:
        pairs: For each issue what was said and what is right; of several the first in `labels` counts.
        labels: Which are looked at.

    Returns:
        By what is right, then by what was said; `NOTHING` for none of them. Only what came up.
    """
    found: dict[str, dict[str, int]] = {}
    for said, right in pairs:
        row = found.setdefault(_first(right, labels), {})
        column = _first(said, labels)
        row[column] = row.get(column, 0) + 1
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """How right was what was told with about the same confidence.

    Attributes:
        low: Confidence from here.
        high: To here.
        count: How often.
        confidence: On average.
        right: How often it was right, as a share.
    """

    low: float
    high: float
    count: int
    confidence: float
    right: float


def calibration(told: Iterable[tuple[float, bool]], *, bins: int = BINS) -> tuple[Bin, ...]:
    """Compare confidence with how often it was right.

    Args:
        told: Confidence between 0 and 1, and whether it was right.
        bins: Parts of equal width; 1.0 belongs to the last.

    Returns:
        The parts in which anything was told, the lowest first.
    """
    parts: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in told:
        parts.setdefault(min(int(confidence * bins), bins - 1), []).append((confidence, right))
    return tuple(
        Bin(
            low=number / bins,
            high=(number + 1) / bins,
            count=len(part),
            confidence=sum(sure for sure, _ in part) / len(part),
            right=sum(right for _, right in part) / len(part),
        )
        for number, part in sorted(parts.items())
    )


def calibration_error(told: Iterable[tuple[float, bool]], *, bins: int = BINS) -> float | None:
    """Return how far confidence is from how often it was right, on average (expected calibration error).

    Args:
        told: Confidence between 0 and 1, and whether it was right.
        bins: Parts of equal width.

    Returns:
        Between 0 and 1; None when nothing was told.
    """
    parts = calibration(told, bins=bins)
    return ratio(
        sum(part.count * abs(part.confidence - part.right) for part in parts), sum(one.count for one in parts)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What is left when only what is sure enough counts.

    Attributes:
        confidence: From here on it counts.
        coverage: Share of all that still gets an answer.
        right: Share of these answers that are right.
        count: How many they are.
    """

    confidence: float
    coverage: float
    right: float
    count: int


def precision_over_coverage(told: Iterable[tuple[float, bool]], whole: int) -> tuple[Cut, ...]:
    """Tell how right is what is sure, for every bound that makes a difference.

    Args:
        told: Confidence between 0 and 1, and whether it was right.
        whole: How many could have got an answer.

    Returns:
        The surest alone first; bounds are whole per cents.
    """
    steps: dict[int, list[bool]] = {}
    for confidence, right in told:
        steps.setdefault(int(round(confidence * 100, 6)), []).append(right)
    cuts, hits, count = [], 0, 0
    for step in sorted(steps, reverse=True):
        hits, count = hits + sum(steps[step]), count + len(steps[step])
        cuts.append(Cut(confidence=step / 100, coverage=count / max(whole, count), right=hits / count, count=count))
    return tuple(cuts)


def recall_at(rankings: Iterable[tuple[Sequence[int], int]], depths: Iterable[int]) -> Mapping[int, float | None]:
    """Return how often the right one is among the first so many.

    Args:
        rankings: What was found, best first, and the right one.
        depths: How many of the first are looked at.

    Returns:
        By depth; None when there is nothing to find.
    """
    known = tuple(rankings)
    return {depth: ratio(sum(right in found[:depth] for found, right in known), len(known)) for depth in depths}


def _first(mine: Collection[str], labels: Sequence[str]) -> str:
    folded = {one.casefold() for one in mine}
    return next((label for label in labels if label.casefold() in folded), NOTHING)
