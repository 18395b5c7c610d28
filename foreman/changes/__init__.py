"""What happened to an issue between two looks at it. Pure: no I/O, no clock.

Who did it is not in a forge's list of issues: `needs` says what has to be read besides, at most two requests, and only
where somebody waits for the answer. Our own doings make no events.
"""

from foreman.changes.corrected import is_missing, put_right
from foreman.changes.happenings import compare, newly_said
from foreman.changes.horizon import TRIAGE_LABEL, Horizon
from foreman.changes.idle import overdue, stale
from foreman.changes.labelled import put_on
from foreman.changes.looks import SETTLES, content_digest, known_from, lag, same, settled, snapshot
from foreman.changes.reading import Needs, needs

__all__ = [
    "SETTLES",
    "TRIAGE_LABEL",
    "Horizon",
    "Needs",
    "compare",
    "content_digest",
    "is_missing",
    "known_from",
    "lag",
    "needs",
    "newly_said",
    "overdue",
    "put_on",
    "put_right",
    "same",
    "settled",
    "snapshot",
    "stale",
]
