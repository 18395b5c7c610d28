"""What happened in this process since it started, counted: the numbers behind `/metrics` that only ever grow.

Like the log these belong to the process and not to a part of it, so they are the one thing here that nobody is handed:
a part says `count(POLLS, …)` as it says `log.info(…)`. They begin at nothing with each start, which whoever collects
them knows (`rate`, `increase`); what has to survive a restart is read from the database instead. Nothing here is kept
on disk, and no event writes anything more because it is counted.
"""

from foreman.counting.counters import MOST_SERIES, OTHER, Counters, Seen, plain
from foreman.counting.names import (
    ACTIONS,
    AGENT_FAILURES,
    AGENT_SECONDS,
    ALL,
    EVENTS,
    LOOP_ERRORS,
    LOOP_GUARD_SKIPS,
    MODEL_CALLS,
    MODEL_SECONDS,
    MODEL_TOKENS,
    MODEL_USD,
    OUTCOMES,
    POLLS,
    REFUSALS,
    REPLIES_LOST,
    REQUESTS,
    RETRIES,
    SECRETS_CAUGHT,
    SKIPS,
    STALE_CONFLICTS,
    TASKS,
    Counter,
    Histogram,
)

OF_PROCESS = Counters(ALL)
"""Everything counted in this process."""

count = OF_PROCESS.count
observe = OF_PROCESS.observe

__all__ = [
    "ACTIONS",
    "AGENT_FAILURES",
    "AGENT_SECONDS",
    "ALL",
    "EVENTS",
    "LOOP_ERRORS",
    "LOOP_GUARD_SKIPS",
    "MODEL_CALLS",
    "MODEL_SECONDS",
    "MODEL_TOKENS",
    "MODEL_USD",
    "MOST_SERIES",
    "OF_PROCESS",
    "OTHER",
    "OUTCOMES",
    "POLLS",
    "REFUSALS",
    "REPLIES_LOST",
    "REQUESTS",
    "RETRIES",
    "SECRETS_CAUGHT",
    "SKIPS",
    "STALE_CONFLICTS",
    "TASKS",
    "Counter",
    "Counters",
    "Histogram",
    "Seen",
    "count",
    "observe",
    "plain",
]
