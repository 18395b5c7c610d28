"""Tell a repository that fell silent from one that has a quiet day. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median

from foreman.values import dataclass

BASELINE = timedelta(days=14)
"""What is usual is what happened in so long before the last action."""

LOOK_BACK = timedelta(days=45)
"""What fell silent longer ago is not told of any more: by then it is how things are."""

LEAST_SILENCE = timedelta(days=1)
"""One night without anything to do is none."""

LEAST_DAYS = 3
"""On so many days something has to have been done: less is no habit."""

EXPECTED = 5.0
"""So many actions at the usual rate have to be missing: by chance that happens less than once in a hundred times."""

WIDEST_GAP = 1.5
"""And the silence has to be so many times as long as the longest in the baseline: it knows of weekends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Where nothing is done any more.

    Attributes:
        since: The last hour in which anything was, aware UTC.
        per_day: How much was before, actions a day.
    """

    since: datetime
    per_day: float


def fell_silent(hours: Mapping[datetime, int], *, now: datetime) -> Silence | None:
    """Tell whether actions stopped.

    Args:
        hours: How many actions were wanted in each hour, hours with none left out; `LOOK_BACK` of them is enough.
        now: Current time, aware UTC.

    Returns:
        The silence; None where it is no longer than it may be, or where too little is known.
    """
    if not hours:
        return None
    last = max(hours)
    before = sorted(hour for hour in hours if last - hour < BASELINE)
    silence = now - last
    if silence < LEAST_SILENCE:
        return None
    days = Counter[date]()
    for hour in before:
        days[hour.date()] += hours[hour]
    if len(days) < LEAST_DAYS:
        return None
    # By the usual day, so that one on which a backlog was worked off counts as any other; a repository that is
    # younger than the baseline is measured by the days it has.
    per_day = median(days.values()) * len(days) / ((last.date() - before[0].date()).days + 1)
    gaps = [later - earlier for earlier, later in pairwise(before)]
    if per_day * (silence / timedelta(days=1)) < EXPECTED or silence < WIDEST_GAP * max(gaps, default=timedelta()):
        return None
    return Silence(since=last, per_day=per_day)
