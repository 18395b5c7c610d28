"""What a year left behind, compared: the log with the forges' ledgers, and how much of everything the daemon held."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from foreman.model import ActionState
from foreman.sandbox import SandboxForge
from foreman.store import actions
from foreman.store.actions import LogEntry, StoredAction
from foreman.store.database import Database
from tests.durability import audit
from tests.durability.books import GONE, NOT_BY_US

REREAD = timedelta(days=14)
"""Decisions younger than that may still change, and are read anew; retention keeps them for longer."""

OLD = ("action_log", "actions", "inbox", "inbox_attempts", "events", "model_calls", "commands")
"""Tables from which old rows are deleted."""

LOG_A_DAY = 40_000
LOG_AN_EVENT = 4_000
"""Bytes that may be logged on a day, and for each event of it."""

UNDER_WAY = frozenset({ActionState.PLANNED, ActionState.SENT})


def doing(action: StoredAction) -> audit.Key:
    """Return an issue and what was done to it, in the ledger's words."""
    number, what = f"{action.issue.repo.path}#{action.issue.number}", action.type.replace("_", "-")
    if action.type in ("add_label", "remove_label"):
        what = f"label{'+' if action.type == 'add_label' else '-'} {action.payload['label']}"
    return number, what


@dataclass(slots=True)
class Books:
    """Keeps both sides: what is deleted from the log when it is old has been read before.

    Attributes:
        written: What the forges' ledgers say.
        log: What the log says, by decision.
    """

    written: Counter[audit.Key] = field(default_factory=Counter)
    log: dict[int, LogEntry] = field(default_factory=dict)

    def hear(self, forges: Iterable[SandboxForge]) -> None:
        """Take what was written, and let the forges forget it."""
        for forge in forges:
            forge.settle()
            self.written.update(audit.written(forge.writes()))
            forge.clear_ledger()

    def read(self, path: Path, *, now: datetime) -> int:
        """Read what is new in the log or may have changed; returns how many decisions are in the file."""
        db = Database(path)
        try:
            with db.read() as connection:
                before = None
                while found := actions.entries(connection, limit=500, before_id=before):
                    self.log.update((entry.id, entry) for entry in found)
                    before = found[-1].id
                    if found[-1].timestamp < now - REREAD and not self._open_before(before):
                        break
        finally:
            db.close()
        return len(self.log)

    def _open_before(self, log_id: int) -> bool:
        waits = UNDER_WAY | {ActionState.HELD}
        return any(a.state in waits for e in self.log.values() if e.id < log_id for a in e.actions)

    def actions(self) -> Iterable[StoredAction]:
        """Return every action there ever was."""
        return (action for entry in self.log.values() for action in entry.actions)

    def states(self) -> Counter[str]:
        """Return how many actions ended how."""
        return Counter(action.state.value for action in self.actions())

    def bad(self) -> dict[str, int]:
        """Return what must be nothing."""
        told = Counter(doing(a) for a in self.actions() if a.state in GONE and a.reason not in NOT_BY_US)
        unsure = Counter(doing(a) for a in self.actions() if a.state is ActionState.UNKNOWN)
        return {
            "writes only in the log": (told - self.written).total(),
            "writes only at a forge": (self.written - told - unsure).total(),
            "left under way": sum(action.state in UNDER_WAY for action in self.actions()),
        }

    def differences(self) -> dict[str, Any]:
        """Return which these are, for whoever looks after it."""
        told = Counter(doing(a) for a in self.actions() if a.state in GONE and a.reason not in NOT_BY_US)
        return {"only in the log": dict(told - self.written), "only at a forge": dict(self.written - told)}


@dataclass(frozen=True, slots=True)
class Held:
    """What the daemon's process held at the end of a look.

    Attributes:
        day: Of the year.
        memory: Bytes.
        files: Open files.
        threads: Running.
    """

    day: int
    memory: int
    files: int
    threads: int


@dataclass(slots=True)
class Growth:
    """Whether what is held, written and kept stays as much.

    Attributes:
        looks: One for each look.
        database: Bytes of the file and of what lies beside it, by day.
        rows: Of all that is deleted when it is old, by day.
        log: Bytes that were logged, by day.
        events: Of people, by day.
    """

    looks: list[Held] = field(default_factory=list)
    database: dict[int, int] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    log: dict[int, int] = field(default_factory=dict)
    events: dict[int, int] = field(default_factory=dict)

    def measure(self, day: int, path: Path) -> None:
        """Note how much a database holds."""
        self.database[day] = sum(
            each.stat().st_size for each in path.parent.glob(f"{path.name}*") if "before" not in each.name
        )
        with closing(sqlite3.connect(path)) as raw:
            self.rows[day] = sum(raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in OLD)

    def parts(self, what: dict[int, int]) -> list[int]:
        """Return a measure after a quarter, half and all of the days."""
        days = sorted(what)
        return [what[days[int(part * (len(days) - 1))]] for part in (0.25, 0.5, 1.0)]

    def too_much_log(self) -> int:
        """Return the days on which more was logged than their events account for, whatever the weather was."""
        return sum(size > LOG_A_DAY + LOG_AN_EVENT * self.events[day] for day, size in self.log.items())

    def grown(self, what: str, *, warm_up: float, since: float = 0.0) -> tuple[int, int]:
        """Return the most that was held in the first days, and by how much more later.

        Args:
            what: The field.
            warm_up: Share of the days that are the first.
            since: Share of the days from which on it counts.
        """
        days = max(look.day for look in self.looks)
        before = max(getattr(look, what) for look in self.looks if look.day <= max(1, warm_up * days))
        return before, max(0, max(getattr(look, what) for look in self.looks if look.day >= since * days) - before)

    def keeps_growing(self, keep_days: int) -> bool:
        """Return whether there is more in the last third than in the one before, where both are beyond `keep_days`.

        A third more is let pass, for people are busier in one month than in another.
        """
        days = sorted(self.rows)
        middle = [day for day in days if keep_days + 30 < day <= (keep_days + 30 + days[-1]) / 2]
        last = [day for day in days if middle and day > middle[-1]]
        if not middle or not last:
            return False
        return max(self.rows[day] for day in last) > 1.34 * max(self.rows[day] for day in middle)
