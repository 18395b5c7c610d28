"""Counting from any thread, with a bound on how many series there can ever be, whatever is counted."""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import field
from itertools import product

from foreman.counting.names import Counter, Histogram
from foreman.values import dataclass

MOST_SERIES = 100
"""Series of one metric. What would be one more is counted under `OTHER`: a provider that calls its model something
else in each answer, say, must not fill a memory, ours or that of whoever collects the numbers."""

MOST_CHARS = 80
"""Longest value of a label, characters."""

_MOST_REMEMBERED = 1_000
"""Ways of saying the labels of a series that are remembered: nearly all counting is of the same few again."""

_STRANGE = re.compile(r"[^A-Za-z0-9_.:/@-]")

OTHER = "other"
"""Value of a label whose own is not in its list, or came after `MOST_SERIES`."""

_Key = tuple[str, ...]


@dataclass(slots=True)
class _Series:
    total: float = 0.0
    below: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One series at one moment.

    Attributes:
        labels: Name to value, in the metric's order.
        total: Of a counter the number; of a histogram the sum of all values.
        buckets: Of a histogram: how many values fell into each bucket, one more for those above the last bound.
    """

    labels: dict[str, str]
    total: float
    buckets: tuple[int, ...] = ()


class Counters:
    """Numbers that only grow."""

    def __init__(self, metrics: Iterable[Counter | Histogram]) -> None:
        """Begin at nothing.

        Args:
            metrics: Everything that can be counted. A counter whose labels all have lists is there from the beginning
                with zeros: a growth from nothing to one is none to whoever collects.
        """
        self.metrics = tuple(metrics)
        self._lock = threading.Lock()
        self._found: dict[tuple[str, ...], _Series] = {}
        self._series: dict[str, dict[_Key, _Series]] = {metric.name: {} for metric in self.metrics}
        for metric in self.metrics:
            if isinstance(metric, Counter) and metric.from_zero:
                for key in product(*(values or () for values in metric.labels.values())):
                    self._series[metric.name][key] = _Series()

    def count(self, counter: Counter, amount: float = 1, **labels: str) -> None:
        """Add to a counter.

        Args:
            counter: Which.
            amount: How much; not below 0.
            **labels: A value for each of its labels.
        """
        with self._lock:
            self._of(counter, labels).total += max(0.0, amount)

    def observe(self, histogram: Histogram, value: float, **labels: str) -> None:
        """Put a value into a histogram.

        Args:
            histogram: Which.
            value: In its unit.
            **labels: A value for each of its labels.
        """
        with self._lock:
            series = self._of(histogram, labels)
            if not series.below:
                series.below = [0] * (len(histogram.bounds) + 1)
            series.below[bisect_left(histogram.bounds, value)] += 1
            series.total += max(0.0, value)

    def seen(self, metric: Counter | Histogram) -> tuple[Seen, ...]:
        """Return all series of a metric as they are now, in order of their labels."""
        with self._lock:
            return tuple(
                Seen(labels=dict(zip(metric.labels, key, strict=True)), total=one.total, buckets=tuple(one.below))
                for key, one in sorted(self._series[metric.name].items())
            )

    def _of(self, metric: Counter | Histogram, labels: dict[str, str]) -> _Series:
        said = (metric.name, *labels, *labels.values())
        found = self._found.get(said)
        if found is None:
            found = self._looked_up(metric, labels)
            if len(self._found) < _MOST_REMEMBERED:
                self._found[said] = found
        return found

    def _looked_up(self, metric: Counter | Histogram, labels: dict[str, str]) -> _Series:
        if labels.keys() != metric.labels.keys():
            raise ValueError(f"{metric.name} has the labels {list(metric.labels)}, not {list(labels)}")
        known = self._series[metric.name]
        key = tuple(_bounded(labels[name], values) for name, values in metric.labels.items())
        if key not in known and len(known) >= MOST_SERIES:
            key = tuple(
                OTHER if values is None else value for value, values in zip(key, metric.labels.values(), strict=True)
            )
        return known.setdefault(key, _Series())


def _bounded(value: str, values: tuple[str, ...] | None) -> str:
    if values is not None:
        return value if value in values else OTHER
    return plain(value)


def plain(value: str) -> str:
    """Return a value of a label that somebody else chose, such as a model's name, without what no name needs."""
    return _STRANGE.sub("_", value[:MOST_CHARS])
