"""The daemon's threads: each takes its steps, rests until it is woken, and survives whatever a step raises."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from structlog.contextvars import bound_contextvars, clear_contextvars

from foreman import lean
from foreman.bell import Bell
from foreman.counting import LOOP_ERRORS, count
from foreman.errors import ForemanError, LeaseLost, StoreError
from foreman.log import get_logger
from foreman.pulse import Pulse

# It asks three times which packages bring triggers of their own: 40 ms of the start.
with lean.without_plugins():
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.interval import IntervalTrigger

log = get_logger(__name__)

PAUSE_AFTER_TROUBLE_SECONDS = 2.0
"""How long a thread waits after the database refused it."""

DUE_SECONDS = 60.0
"""How long the chores may be overdue, which wait for nobody, before the daemon counts as hanging."""

STEP_SECONDS = 1800.0
"""How long any part may be at one step without getting on: a slow forge takes far less for its requests."""


class Crew:
    """Threads that share two bells and an end.

    Attributes:
        bell: Wakes those who think.
        desk: Wakes those who write.
        pulse: Keeps whether everything goes on.
        lost: Why the database is no longer ours, None while it is.
    """

    def __init__(self, *, stop: threading.Event, pulse: Pulse) -> None:
        """Begin with nobody.

        Args:
            stop: Set to end everything.
            pulse: Keeps whether everything goes on.
        """
        self.bell = Bell()
        self.desk = Bell()
        self.pulse = pulse
        self.lost: ForemanError | None = None
        self._stop = stop
        self._threads: list[threading.Thread] = []
        self._troubles: dict[str, str] = {}
        self._bugs: dict[str, str] = {}
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    @property
    def trouble(self) -> str:
        """What the database refuses one of them just now; empty for nothing."""
        return next(iter(tuple(self._troubles.values())), "")

    def every(self, seconds: float, name: str, work: Callable[[], Any], *, step_seconds: float = STEP_SECONDS) -> None:
        """Have something done again and again once `start` is called; what it says was done wakes the others.

        Args:
            seconds: From one time to the next.
            name: Of the part, `kind` or `kind:which`.
            work: Returns whether others may have something to do now.
            step_seconds: How long it may take.
        """
        self.pulse.expect(name, step_seconds=step_seconds, due_seconds=seconds + DUE_SECONDS)
        self._scheduler.add_job(self._job, IntervalTrigger(seconds=seconds, timezone="UTC"), args=(name, work))

    def ring(self) -> None:
        """Wake everybody who rests."""
        self.bell.ring()
        self.desk.ring()

    def thread(
        self,
        name: str,
        step: Callable[[], bool],
        rest: Callable[[int], object],
        *,
        bell: Bell | None = None,
        waits_seconds: float = 0.0,
    ) -> None:
        """Have somebody take one step after the other, from now on.

        Args:
            name: Of the part, `kind` or `kind:which`.
            step: Returns whether there was something to do.
            rest: Waits after a step without anything; is told what the bell's `rung` was before that step.
            bell: Which one he listens to; None for those who think.
            waits_seconds: How long a step may wait for others.
        """
        hears = bell or self.bell
        thread = threading.Thread(target=self._loop, args=(name, step, rest, hears), name=name, daemon=True)
        self._threads.append(thread)
        self.pulse.expect(name, step_seconds=STEP_SECONDS + waits_seconds, thread=thread)
        thread.start()

    def start(self) -> None:
        """Begin with what is done again and again."""
        self._scheduler.start()

    def dismiss(self) -> None:
        """Let nobody begin anything more; returns at once."""
        self._stop.set()
        self.ring()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def join(self, deadline: float) -> bool:
        """Wait until all threads have ended.

        Args:
            deadline: Until when, by the monotonic clock.

        Returns:
            Whether they have.
        """
        for thread in self._threads:
            thread.join(max(0.05, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def guarded(self, name: str, step: Callable[[], Any]) -> bool | None:
        """Run one step at the border that must survive: a worker's item or a scheduler job.

        Args:
            name: Of the part, `kind` or `kind:which`.
            step: Returns whether there was something to do.

        Returns:
            What the step did; None where it failed, after a pause.
        """
        clear_contextvars()
        loop = name.partition(":")[0]
        with bound_contextvars(thread=name):
            try:
                with self.pulse.step(name):
                    done = bool(step())
            except LeaseLost as error:
                # Another daemon has taken over: whatever we would write now is not ours to write.
                self.lost = error
                count(LOOP_ERRORS, loop=loop, kind="lease")
                log.error("lease_lost", reason=str(error))
                self._stop.set()
            except StoreError as error:
                count(LOOP_ERRORS, loop=loop, kind="store")
                if self._troubles.get(name) != str(error):  # told once, not every few seconds for as long as it lasts
                    log.error("store_trouble", reason=str(error))
                self._troubles[name] = str(error)
                self._stop.wait(PAUSE_AFTER_TROUBLE_SECONDS)
            except Exception as error:
                count(LOOP_ERRORS, loop=loop, kind="bug")
                bug = f"{type(error).__name__}: {error}"
                if self._bugs.get(name) != bug:
                    log.exception("step_failed")
                self._bugs[name] = bug
                self._stop.wait(PAUSE_AFTER_TROUBLE_SECONDS)
            else:
                if self._troubles.pop(name, None) is not None:
                    log.info("store_recovered")
                if self._bugs.pop(name, None) is not None:
                    log.info("step_recovered")
                return done
        return None

    def _loop(self, name: str, step: Callable[[], bool], rest: Callable[[int], object], bell: Bell) -> None:
        while not self._stop.is_set():
            heard = bell.rung
            if self.guarded(name, step) is False and not self._stop.is_set():
                rest(heard)

    def _job(self, name: str, work: Callable[[], Any]) -> None:
        if not self._stop.is_set() and self.guarded(name, work):
            self.ring()
