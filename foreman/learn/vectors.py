"""Turn counts of features into vectors of length 1, over a bounded vocabulary of those that tell labels apart."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from foreman.learn.features import PARTS
from foreman.values import dataclass

MOST_FEATURES = {"shape": 6_000, "title": 9_000, "stems": 18_000, "grams": 8_000}
"""Of each part that are kept: those that tell most about the labels."""

ASKED = {"shape": 600, "stems": 400, "title": 200}
"""Of each part that trees ask for: those that tell most."""

_LEAST_ISSUES = {"shape": 2, "title": 2, "stems": 2, "grams": 5}

Counts = Mapping[str, Mapping[int, int]]
"""What `features.features` returns."""

Vector: TypeAlias = "tuple[array[int], array[float]]"
"""Positions in the vocabulary and the values there."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The features of one part that are known.

    Attributes:
        position: Where each feature stands in a vector: the first tells most.
        rarity: By position: what one occurrence weighs; rare features weigh more.
    """

    position: dict[int, int]
    rarity: array[float]

    def vector(self, counts: Mapping[int, int]) -> Vector:
        """Return an issue's vector, of length 1 or empty."""
        rarity, log = self.rarity, math.log
        both = zip(map(self.position.get, counts), counts.values(), strict=True)
        known = [(at, count) for at, count in both if at is not None]
        where = array("I", [at for at, _ in known])
        values = [(1.0 + log(count)) * rarity[at] if count > 1 else rarity[at] for at, count in known]
        length = math.sqrt(math.fsum([value * value for value in values]))
        return where, array("d", [value / length for value in values] if length else values)


def vocabularies(issues: Sequence[Counts], classes: Sequence[int]) -> dict[str, Vocabulary]:
    """Choose the features worth keeping of every part.

    Args:
        issues: What they say.
        classes: The label of each, as a number.

    Returns:
        One vocabulary per part.
    """
    return {part: _vocabulary([issue[part] for issue in issues], classes, part) for part in PARTS}


def _vocabulary(issues: Sequence[Mapping[int, int]], classes: Sequence[int], part: str) -> Vocabulary:
    number = max(classes) + 1
    of_class: list[Counter[int]] = [Counter() for _ in range(number)]
    for counts, label in zip(issues, classes, strict=True):
        of_class[label].update(counts.keys())
    total: Counter[int] = Counter()
    for counted in of_class:
        total.update(counted)
    sizes = [classes.count(label) for label in range(number)]
    least = _LEAST_ISSUES[part]
    known = {
        feature: [counted.get(feature, 0) for counted in of_class] for feature, seen in total.items() if seen >= least
    }
    shares = [size / len(classes) for size in sizes]
    told = sorted(known, key=lambda feature: (-_tells(known[feature], shares), feature))
    known = {feature: known[feature] for feature in told[: MOST_FEATURES[part]]}
    rarity = array("d", (math.log((1 + len(issues)) / (1 + sum(seen))) + 1.0 for seen in known.values()))
    return Vocabulary({feature: at for at, feature in enumerate(known)}, rarity)


def _tells(seen: Sequence[int], shares: Sequence[float]) -> float:
    """How far a feature's issues are from being spread over the labels as all issues are: chi square."""
    total = sum(seen)
    return sum(
        [(count - total * share) ** 2 / (total * share) for count, share in zip(seen, shares, strict=True) if share]
    )


@dataclass(frozen=True, slots=True)
class Voter:
    """A linear classifier of its own: which parts it sees, and how much each counts to it.

    Attributes:
        parts: Which, and how much.
        apart: A repository has weights of its own beside those of all.
    """

    parts: tuple[tuple[str, float], ...]
    apart: bool = True

    def size(self, known: Mapping[str, Vocabulary]) -> int:
        """Return how many positions its vectors have."""
        return sum(len(known[part].rarity) for part, _ in self.parts)

    def length(self, known: Mapping[str, Vocabulary], repo_count: int) -> int:
        """Return how many weights it has, without the intercept."""
        return self.size(known) * (1 + repo_count if self.apart else 1)

    def vector(self, vectors: Mapping[str, Vector], known: Mapping[str, Vocabulary]) -> Vector:
        """Put an issue's vectors of its parts side by side."""
        where, values, shift = array("I"), array("d"), 0
        for part, scale in self.parts:
            where.extend([at + shift for at in vectors[part][0]])
            values.extend([value * scale for value in vectors[part][1]])
            shift += len(known[part].rarity)
        return where, values


VOTERS = (
    Voter((("shape", 1.5), ("stems", 1.0), ("title", 0.5))),
    Voter((("stems", 1.0),)),
    Voter((("grams", 1.0),), apart=False),
)
"""They vote, and a forest beside them. Chosen by cross-validation among combinations of eighteen classifiers."""


def cosine(one: Vector, other: Vector) -> float:
    """Return how alike two vectors of length 1 are."""
    values = dict(zip(*one, strict=True))
    return sum(value * values.get(at, 0.0) for at, value in zip(*other, strict=True))


def asked_for(vectors: Mapping[str, Vector], repo: int) -> set[int]:
    """Return an issue's features as trees know them: what stands at the head of the vocabularies, and its repository.

    Args:
        vectors: Per part.
        repo: Its number, -1 for none.

    Returns:
        Numbers below `asked_count`.
    """
    found, shift = set(), 0
    for part, most in ASKED.items():
        found.update([at + shift for at in vectors[part][0] if at < most])
        shift += most
    if repo >= 0:
        found.add(shift + repo)
    return found


def asked_count(repo_count: int) -> int:
    """Return how many features trees may ask for."""
    return sum(ASKED.values()) + repo_count
