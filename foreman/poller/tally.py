"""What one poll has cost and brought so far, and when it has enough."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field
from datetime import datetime

from foreman.model import Issue
from foreman.values import dataclass

REQUEST_COST = 10
"""Rows with news that one request beyond the list counts for: a poll that must read the comments of each issue takes
as little time from other repositories as one that need not."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one poll has cost and brought so far.

    Attributes:
        requests: Sent to the forge.
        events: New ones.
        items: Pieces of work put down.
        budget: Rows with news that may still be taken; a request counts for `REQUEST_COST` of them.
        cut: There was more than the budget.
        skipped: Rows that could not be read and are left for the daily sweep.
        began: When the poll began: what is listed is at least as new, aware UTC.
        unsettled: Some row was seen within the second of its last change, which may show more at the next poll.
        late: Whether the poll has taken long enough: what comes yet waits for the next one.
        taken: An issue with news was looked at: however late it is, each poll comes further by one.
        started_ns: The same moment by the machine's own clock, nanoseconds since 1970, for traces.
    """

    requests: int = 0
    events: int = 0
    items: int = 0
    budget: int
    cut: bool = False
    skipped: int = 0
    began: datetime | None = None
    unsettled: bool = False
    late: Callable[[], bool] = lambda: False
    taken: bool = False
    started_ns: int = field(default_factory=time.time_ns)

    def is_spent(self, row: Issue) -> bool:
        """Return whether this row, if it has news, waits for the next poll; pull requests cost no time."""
        return self.budget <= 0 or (self.taken and not row.is_pull_request and self.late())
