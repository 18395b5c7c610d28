"""Named points at which a test can end this very process, to see what a crash there leaves behind.

Nothing happens unless `FOREMAN_KILL_AT` names a point. It is read at every call, so that a test only sets the
environment of the daemon it starts. This is no fault injection: the process gets a real signal, and nothing is caught.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter

KILL_POINTS = (
    "poller.listed",
    "poller.rows.before",
    "poller.rows.inside",
    "poller.rows.committed",
    "executor.looked",
    "executor.stale.committed",
    "executor.sent.inside",
    "executor.sent.committed",
    "executor.request.done",
    "executor.outcome.inside",
    "executor.outcome.committed",
    "undo.planned.committed",
    "orders.take.inside",
    "orders.take.committed",
    "orders.answer.inside",
    "orders.answer.committed",
    "pipeline.claimed",
    "pipeline.looked",
    "pipeline.asked",
    "pipeline.judged",
    "pipeline.record.inside",
    "pipeline.record.committed",
)
"""Every point there is, in the order of one task's way. `inside` is within a transaction, before its commit."""

_lock = threading.Lock()
_passed: Counter[str] = Counter()


def reach(point: str) -> None:
    """Pass a point, and die there when `FOREMAN_KILL_AT` says so.

    `FOREMAN_KILL_AT=name` or `name:3` for the third time; `FOREMAN_KILL_SIGNAL=TERM` for another signal than KILL.

    Args:
        point: One of `KILL_POINTS`.

    Raises:
        ValueError: The environment names a point or a signal that does not exist.
    """
    wanted = os.environ.get("FOREMAN_KILL_AT")
    if not wanted:
        return
    name, _, count = wanted.partition(":")
    if name not in KILL_POINTS or not (count or "1").isdigit():
        raise ValueError(f"FOREMAN_KILL_AT={wanted!r}: no such point; there are {', '.join(KILL_POINTS)}")
    if name != point:
        return
    with _lock:
        _passed[point] += 1
        due = _passed[point] == int(count or "1")
    if due:
        os.kill(os.getpid(), _signal(os.environ.get("FOREMAN_KILL_SIGNAL", "KILL")))


def _signal(name: str) -> signal.Signals:
    try:
        return signal.Signals[f"SIG{name.upper().removeprefix('SIG')}"]
    except KeyError as error:
        raise ValueError(f"FOREMAN_KILL_SIGNAL={name!r}: no such signal") from error
