"""What the health server tells about: the port to whoever knows, and its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal, Protocol

from foreman.values import dataclass

PREFIX = "foreman_"
"""What every metric's name begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that must be well for work to go on.

    Attributes:
        name: Short and fixed: `database`, `account:github`.
        ok: Whether it is.
        detail: What is wrong and what to do, one line; empty when it is well.
    """

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One number of a metric.

    Attributes:
        value: The number.
        labels: What it is about; every sample of a metric has the same names.
        buckets: Of a histogram, whose `value` is the sum of all: upper end and how many were in it alone, the last
            without end.
    """

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    buckets: Sequence[tuple[float, int]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Something that is measured.

    Attributes:
        name: With `PREFIX` and the unit; a counter's ends with `_total`.
        help: One line for a person.
        kind: `gauge` goes up and down, `counter` only up (until a restart), `histogram` is a distribution.
        samples: In any order; none for nothing to tell.
    """

    name: str
    help: str
    kind: Literal["gauge", "counter", "histogram"] = "gauge"
    samples: Sequence[Sample]


class Vitals(Protocol):
    """Who knows how Foreman is doing. Called by one thread of the health server, one call at a time."""

    def checks(self) -> Sequence[Check]:
        """Return everything that must be well, always the same names."""

    def metrics(self) -> Sequence[Metric]:
        """Return everything that is measured."""
