"""What needs no database: the program itself, room on disk, and what was counted since the start."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from foreman import __version__
from foreman.app import room
from foreman.app.gauges.rows import metric, one
from foreman.counting import Counter, Counters, Histogram, Seen
from foreman.server import Metric, Sample


def own(*, started: datetime) -> list[Metric]:
    """Return what does not change while the daemon runs.

    Args:
        started: When it did, aware UTC.

    Returns:
        Version and start.
    """
    return [
        metric("foreman_build_info", "Always 1; the version is the label.", [({"version": __version__}, 1)]),
        one("foreman_start_time_seconds", "When the daemon started, Unix time.", started.timestamp()),
    ]


def disk(places: Sequence[room.Place], database: Path) -> list[Metric]:
    """Return how much room there is, and how much the database takes.

    Args:
        places: Where Foreman writes.
        database: Its file.

    Returns:
        Gauges; what cannot be found out is not there.
    """
    size = 0
    for suffix in ("", "-wal"):
        with contextlib.suppress(OSError):
            size += database.with_name(database.name + suffix).stat().st_size
    free = [({"place": place.name}, free) for place in places if (free := room.free_bytes(place)) is not None]
    return [
        metric("foreman_disk_free_bytes", "Free space where the database and temporary files are.", free),
        one("foreman_database_bytes", "Size of the database, with what was written lately.", size),
    ]


def counted(counters: Counters) -> list[Metric]:
    """Return what was counted.

    Args:
        counters: Since the start.

    Returns:
        Counters and histograms.
    """
    return [_counted(what, counters.seen(what)) for what in counters.metrics]


def _counted(what: Counter | Histogram, seen: Sequence[Seen]) -> Metric:
    if isinstance(what, Counter):
        samples = [Sample(value=series.total, labels=series.labels) for series in seen]
        return Metric(name=what.name, help=what.help, kind="counter", samples=samples)
    ends = (*what.bounds, float("inf"))
    samples = [
        Sample(value=series.total, labels=series.labels, buckets=tuple(zip(ends, series.buckets, strict=True)))
        for series in seen
    ]
    return Metric(name=what.name, help=what.help, kind="histogram", samples=samples)
