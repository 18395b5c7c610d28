"""Metrics out of rows of labels and a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from foreman.server import Metric, Sample

Row = tuple[Mapping[str, str], float]
"""Labels and the number."""


def metric(name: str, text: str, rows: Iterable[Row], *, counter: bool = False) -> Metric:
    """Make a metric.

    Args:
        name: Whole.
        text: One line for a person.
        rows: Labels and numbers.
        counter: It only grows.

    Returns:
        It.
    """
    samples = [Sample(value=value, labels=labels) for labels, value in rows]
    return Metric(name=name, help=text, kind="counter" if counter else "gauge", samples=samples)


def one(name: str, text: str, value: float, *, counter: bool = False) -> Metric:
    """Make a metric of one number without labels."""
    return metric(name, text, [({}, value)], counter=counter)


def summed(rows: Iterable[Row]) -> list[Row]:
    """Add up what has the same labels."""
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for labels, value in rows:
        key = tuple(labels.items())
        sums[key] = sums.get(key, 0.0) + value
    return [(dict(key), value) for key, value in sums.items()]


def age(since: datetime, now: datetime) -> float:
    """Return the seconds since a time, 0 for one that is still to come."""
    return max(0.0, (now - since).total_seconds())
