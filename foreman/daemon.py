"""The daemon: one who polls and one who writes per forge account, workers that think, and a stop that is bounded.

Threads share nothing but the database and the locked adapters. Nothing here decides anything: polling is `poller`,
thinking is `pipeline`, writing is `executor`. What this file owns is when they run, and how they end. While nothing
happens, all of them rest: `watch` looks out for them.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from foreman import chores, draining
from foreman.account import Account
from foreman.bell import Bell
from foreman.crew import STEP_SECONDS, Crew
from foreman.draining import Drained
from foreman.errors import ForemanError
from foreman.labour import Agents, Labour
from foreman.log import get_logger
from foreman.model import IssueRef, RepoRef
from foreman.pipeline import Pipeline
from foreman.pulse import Pulse
from foreman.store import inbox
from foreman.store.database import Database
from foreman.watch import LOOK_SECONDS, Watch

log = get_logger(__name__)

POLL_TICK_SECONDS = 0.5
"""How often an account looks at the clock, and whether anybody wrote to the store."""

CHORES_SECONDS = 5.0
"""How often expired claims and held work are looked at."""

LEARN_SECONDS = 60.0
"""How often it is asked whether label priors are due; mostly that is a look at a clock."""

TIDY_SECONDS = 20.0
"""How often a little of what is old is deleted; mostly that is a look at a clock."""

IDLE_SECONDS = 30.0
"""How long a worker rests when nobody wakes it; `watch` does, so that this is for what nobody thought of."""

LEARN_STEP_SECONDS = 4 * 3600.0
"""How long training may take on everything that a hundred repositories decided."""

STOP_SECONDS = 4.0
"""How long a stop waits for everything together; the contract says five."""


class Daemon:
    """Runs until told to stop."""

    def __init__(
        self,
        *,
        db: Database,
        accounts: Sequence[Account],
        pipeline: Pipeline,
        agents: Agents,
        workers: int,
        now: Callable[[], datetime],
        stop: threading.Event,
        on_stop: Sequence[Callable[[], None]] = (),
        learn: Callable[[], bool] | None = None,
        tidy: Callable[[], object] | None = None,
        task_seconds: float = 0.0,
        pulse: Pulse | None = None,
    ) -> None:
        """Put the parts together; starts nothing.

        Args:
            db: The store, already guarded by the daemon's lease.
            accounts: One per forge.
            pipeline: Works through the inbox.
            agents: The agents' runtimes.
            workers: How many tasks at a time.
            now: Current time, aware UTC.
            stop: Set to end everything; shared with the parts.
            on_stop: Called last, each once, whatever happened before.
            learn: Trains the label priors that are due, which may take minutes; None for never.
            tidy: Deletes a little of what is old; None for never.
            task_seconds: How long the slowest agent may be at one task.
            pulse: Keeps whether everything goes on; None to make one.
        """
        self._db = db
        self._agents = agents
        self._labour = Labour(db=db, accounts=tuple(accounts), pipeline=pipeline, agents=agents, now=now)
        self._workers = workers
        self._now = now
        self._stop = stop
        self._on_stop = tuple(on_stop)
        self._learn = learn
        self._tidy = tidy
        self._task_seconds = task_seconds
        self._started = False
        self._crew = Crew(stop=stop, pulse=pulse or Pulse())
        for account in self._labour.accounts:
            account.gets_on = self._crew.pulse.get_on

    @property
    def stopping(self) -> bool:
        """Whether the end has begun."""
        return self._stop.is_set()

    @property
    def lost(self) -> ForemanError | None:
        """Why the database is no longer ours, None while it is."""
        return self._crew.lost

    @property
    def trouble(self) -> str:
        """What the database refuses the daemon's parts just now; empty for nothing."""
        return self._crew.trouble

    def hanging(self) -> str:
        """Return which part of the daemon does not go on, for a person; empty when all do.

        What waits for a forge or an agent may take as long as these may; what waits for nobody may not.
        """
        return "" if self.stopping else self._crew.pulse.hanging()

    def recover(self) -> None:
        """Make what a crash left claimed ready again, and let nothing wait twice."""
        chores.recover(self._db, now=self._now())

    def start(self) -> None:
        """Start the threads and the scheduler; returns at once."""
        self.recover()
        self._started = True
        crew = self._crew
        for account in self._labour.accounts:
            self._employ(account)
        crew.every(CHORES_SECONDS, "chores", self._labour.tend)
        # Apart from the chores: an agent that is slow to show its health must not keep others' held work waiting.
        crew.every(CHORES_SECONDS, "agents", self._agents.tend)
        if self._learn is not None:
            crew.every(LEARN_SECONDS, "learn", self._learn, step_seconds=LEARN_STEP_SECONDS)
        if self._tidy is not None:
            crew.every(TIDY_SECONDS, "tidy", self._tidy)
        for number in range(self._workers):
            self._set_to_work(number)
        watch = Watch(self._db, now=self._now)
        crew.thread("watch", lambda: self._look_out(watch), lambda _: self._stop.wait(LOOK_SECONDS))
        crew.start()
        self._warm()

    def join(self, account: Account) -> None:
        """Look after one more account from now on.

        Args:
            account: On a forge that no other one is on.
        """
        account.gets_on = self._crew.pulse.get_on
        self._labour.accounts = (*self._labour.accounts, account)
        if self._started:
            self._employ(account)

    def expect_agents(self, *, workers: int, task_seconds: float) -> None:
        """Be ready for agents that a reload brings, and start them.

        Args:
            workers: How many tasks at a time, at least.
            task_seconds: How long the slowest of them may be at one task.
        """
        self._task_seconds = max(self._task_seconds, task_seconds)
        self._crew.pulse.allow("work", step_seconds=STEP_SECONDS + self._task_seconds)
        before, self._workers = self._workers, max(self._workers, workers)
        if self._started:
            for number in range(before, self._workers):
                self._set_to_work(number)
            self._warm()

    def _employ(self, account: Account) -> None:
        crew = self._crew
        crew.thread(f"poll:{account.name}", functools.partial(self._poll, account), self._until_next_tick)
        rest = functools.partial(self._until_rung, crew.desk, account.rest_seconds)
        crew.thread(f"write:{account.name}", account.write_next, rest, bell=crew.desk)

    def _set_to_work(self, number: int) -> None:
        rest = functools.partial(self._until_rung, self._crew.bell, lambda: IDLE_SECONDS)
        self._crew.thread(f"work:{number}", self._work_next, rest, waits_seconds=self._task_seconds)

    def _warm(self) -> None:
        crew = self._crew
        threading.Thread(target=crew.guarded, args=("warm", self._agents.warm), name="warm", daemon=True).start()

    def wait(self) -> None:
        """Return when the stop was asked for."""
        self._stop.wait()

    def stop(self) -> bool:
        """End everything within `STOP_SECONDS`.

        Returns:
            Whether every thread ended; what a thread left half done is settled at the next start.
        """
        deadline = time.monotonic() + STOP_SECONDS
        self._crew.dismiss()
        # The agents go first: a worker may be waiting for one.
        self._agents.stop(timeout_seconds=STOP_SECONDS / 2)
        for account in self._labour.accounts:
            account.disconnect()
        clean = self._crew.join(deadline)
        if not clean and self.lost is None:
            self._crew.guarded("stop", lambda: chores.give_back(self._db, now=self._now()))
        for last in self._on_stop:
            last()
        log.info("daemon_stopped", clean=clean)
        return clean

    def ring(self) -> None:
        """Wake everybody who waits for work."""
        self._crew.ring()

    def once(self, repos: Sequence[RepoRef] | None = None) -> Drained:
        """Poll every repository once and drain the inbox, in this thread and the workers.

        Args:
            repos: Only these; None for all that are configured.

        Returns:
            What was done. Work that waits for a later time is left waiting.
        """
        done = Drained()
        self.recover()
        self._agents.tend()
        self._labour.tend()
        for account in self._labour.accounts:
            for report in account.poll_all(repos):
                done.polled += 1
                done.first = done.first or report.first
                if report.error:
                    done.failed_polls[report.repo.key] = report.error
        self.drain(done)
        return done

    def work_off(self, ref: IssueRef) -> None:
        """Work on one issue alone until nothing of it is due, in this thread; everything else keeps waiting."""
        while not self._stop.is_set() and self._labour.work_on(ref):
            """It did something: something else may be due now."""

    def drain(self, done: Drained) -> None:
        """Work until neither the inbox nor the action log has anything that is due.

        Args:
            done: Counts what is done.
        """
        thinkers = {f"once:{n}": functools.partial(self._labour.work, f"once:{n}") for n in range(self._workers)}
        writers = {f"once:{account.name}": account.write_next for account in self._labour.accounts}
        draining.drain(done, thinkers=thinkers, writers=writers, due=self._labour.anything_due, stop=self._stop)
        with self._db.read() as connection:
            done.waiting = inbox.waiting_count(connection)

    def _poll(self, account: Account) -> bool:
        """Poll what is due; rests afterwards in any case, for a round looks at everything that is due."""
        if found := account.poll_when_due():
            self._crew.bell.ring(found)
        return False

    def _look_out(self, watch: Watch) -> bool:
        if watch.look():
            self.ring()
        return False

    def _until_next_tick(self, _rung: int) -> None:
        self._stop.wait(POLL_TICK_SECONDS)

    def _until_rung(self, bell: Bell, seconds: Callable[[], float], heard: int) -> None:
        bell.wait(heard, seconds())

    def _work_next(self) -> bool:
        if not self._labour.anything_ready():
            return False
        passed = self._labour.work(threading.current_thread().name)
        if passed is not None and not passed.quiet:
            self._crew.desk.ring()
        return passed is not None
