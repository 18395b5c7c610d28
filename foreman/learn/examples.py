"""What is learned from, and what comes of it: the words of this package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from foreman.values import dataclass

OTHER = ""
"""Stands for "none of these labels": what people labelled, but with none that is offered."""

LEAST_EXAMPLES = 5
"""A label fewer issues bear cannot be told from chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An issue that people labelled.

    Attributes:
        repo: Key of its repository.
        title: Raw text.
        body: Raw text.
        labels: What people labelled it with, all of it.
        at: When it was opened, aware UTC.
        weight: How much it counts; what a person put right counts more than 1.
    """

    repo: str
    title: str
    body: str
    labels: frozenset[str]
    at: datetime
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """How likely a label is.

    Attributes:
        label: Its name.
        probability: Calibrated, 0 to 1.
        sure: The probability is one at which the label was right nine times of ten in this repository.
        threshold: From which probability on it is; None: never.
        words: Of the issue's own, those that speak for it most.
    """

    label: str
    probability: float
    sure: bool
    threshold: float | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of asking about the issues of one repository while each was held back.

    Attributes:
        counts: How many issues bear each label, in the order of the model's.
        sure: Of how many it was sure.
        right: Of how many of those it was right.
    """

    counts: tuple[int, ...]
    sure: int = 0
    right: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a person said of one label on one issue since the model was trained.

    Attributes:
        repo: Key of the repository.
        title: Raw text of the issue.
        body: Raw text of the issue.
        label: Which label.
        fits: The person set it; False: took it off.
    """

    repo: str
    title: str
    body: str
    label: str
    fits: bool


def classes_of(examples: Iterable[Example], labels: Sequence[str]) -> tuple[list[Example], list[int], tuple[str, ...]]:
    """Sort issues by the one label of those offered that each bears.

    Args:
        examples: In any order. One with several of the labels says nothing about which, and is left out.
        labels: Offered, in the order of the answer.

    Returns:
        The usable examples, the class of each, and the classes, the last of which may be `OTHER`.
    """
    offered = {label.casefold(): label for label in labels}
    found: list[tuple[Example, str]] = []
    for example in examples:
        mine = {offered[label.casefold()] for label in example.labels if label.casefold() in offered}
        if len(mine) == 1:
            found.append((example, mine.pop()))
        elif not mine and example.labels:
            found.append((example, OTHER))
    counts: dict[str, int] = {}
    for _, label in found:
        counts[label] = counts.get(label, 0) + 1
    classes = tuple(label for label in dict.fromkeys((*labels, OTHER)) if counts.get(label, 0) >= LEAST_EXAMPLES)
    kept = [(example, classes.index(label)) for example, label in found if label in classes]
    return [example for example, _ in kept], [number for _, number in kept], classes
