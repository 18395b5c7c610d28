"""How soon to look again: arithmetic alone, so that a simulation of ten thousand repositories runs the same lines.

Three things set the pace. A repository where nothing has happened for days is looked at less often, and its next news
bring it back at once. When an account's quota runs low, everything of it is looked at less often, so that what is left
lasts until the quota is filled again. And chance lets each look come some percent sooner, so that repositories that
were once looked at together drift apart.
"""

from __future__ import annotations

from datetime import timedelta

from foreman.forge.base import Quota
from foreman.values import dataclass

QUIET_AFTER = timedelta(days=1)
"""How long a repository keeps its own interval after the last news."""

QUIETEST_AFTER = timedelta(days=7)
"""When it has reached the longest interval."""

JITTER = 0.1
"""Most of the interval by which chance lets a look come sooner: what is configured stays the longest wait."""

LOW = 0.5
"""Share of the quota; while more than that is left, nothing is done to save it."""

RESERVE = 0.1
"""Share of the quota that polling leaves to tasks and writes."""

MOST_STRETCH = 15.0
"""Longest interval in times the usual one while the quota is low."""


def affordable(quota: Quota | None) -> bool:
    """Return whether so much of a quota is left, or none is told, that a request for later takes none from polls."""
    return quota is None or quota.remaining > LOW * quota.limit


def interval(own: timedelta, longest: timedelta, quiet_for: timedelta) -> timedelta:
    """Return the time between two looks at a repository, before chance and quota.

    Args:
        own: As configured for a repository with news.
        longest: For a quiet one; no shorter than `own` in any case.
        quiet_for: Since its last news.

    Returns:
        From `own` to `longest`, growing evenly between `QUIET_AFTER` and `QUIETEST_AFTER`.
    """
    share = (quiet_for - QUIET_AFTER) / (QUIETEST_AFTER - QUIET_AFTER)
    return own + max(longest - own, timedelta(0)) * min(max(share, 0.0), 1.0)


def moved(wait: timedelta, chance: float) -> timedelta:
    """Move a wait by chance.

    Args:
        wait: Until the next look.
        chance: From 0 to 1.

    Returns:
        At most `JITTER` of it less.
    """
    return wait * (1 - JITTER * chance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """How fast an account's quota goes.

    Attributes:
        requests: That the quota went down by, ours and whoever else's use the same account.
        span: In so much time.
    """

    requests: int
    span: timedelta

    @property
    def per_second(self) -> float:
        """Requests a second; 0 while nothing is known."""
        return self.requests / self.span.total_seconds() if self.span > timedelta(0) else 0.0


def stretch(quota: Quota, spending: Spending, *, left_for: timedelta, before: float) -> float:
    """Say how much less often to look, so that the quota lasts.

    Args:
        quota: What is left.
        spending: Lately.
        left_for: Until the quota is filled again.
        before: What was said last, under which `spending` came about.

    Returns:
        From 1, which is as usual, to `MOST_STRETCH`.
    """
    if left_for <= timedelta(0) or quota.remaining > LOW * quota.limit:
        return 1.0
    spare = quota.remaining - RESERVE * quota.limit
    if spare <= 0:
        return MOST_STRETCH
    needed = before * spending.per_second * left_for.total_seconds() / spare
    return min(max(needed, 1.0), MOST_STRETCH)
