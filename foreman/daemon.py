"""The daemon: a scheduler that polls, workers that think, one writer per forge account, and a stop that is bounded.

Threads share nothing but the database and the locked adapters. Nothing here decides anything: polling is `poller`,
thinking is `pipeline`, writing is `executor`. What this file owns is when they run, and how they end.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from apscheduler.schedulers.background import BackgroundScheduler
from structlog.contextvars import bound_contextvars, clear_contextvars

from foreman import draining
from foreman.account import Account
from foreman.counting import LOOP_ERRORS, count
from foreman.draining import Drained
from foreman.errors import ForemanError, LeaseLost, StoreError
from foreman.log import get_logger
from foreman.model import IssueRef, RepoRef
from foreman.pipeline import Passed, Pipeline
from foreman.pulse import Pulse
from foreman.store import breakers, far_future, inbox
from foreman.store.database import Database

log = get_logger(__name__)

POLL_TICK_SECONDS = 0.5
"""How often an account looks which repositories are due; reading one indexed table costs well under a millisecond."""

CHORES_SECONDS = 5.0
"""How often expired claims and held work are looked at."""

LEARN_SECONDS = 60.0
"""How often it is asked whether label priors are due; mostly that is a look at a clock."""

IDLE_SECONDS = 0.5
"""How long an idle worker waits before it looks for work that another process queued."""

PAUSE_AFTER_TROUBLE_SECONDS = 2.0
"""How long a thread waits after the database refused it."""

DUE_SECONDS = 60.0
"""How long the chores may be overdue, which wait for nobody, before the daemon counts as hanging."""

STEP_SECONDS = 1800.0
"""How long any part may be at one step without getting on: a slow forge takes far less for its requests."""

LEARN_STEP_SECONDS = 4 * 3600.0
"""The same, for training on everything that a hundred repositories decided."""

STOP_SECONDS = 4.0
"""How long a stop waits for everything together; the contract says five."""


class Agents(Protocol):
    """What the daemon needs of the agents."""

    def busy(self) -> frozenset[str]:
        """Return the agent types that can take no task now."""

    def warm(self) -> None:
        """Start them, so that the first task need not wait."""

    def tend(self) -> None:
        """Look after health: quarantine and release."""

    def stop(self, *, timeout_seconds: float) -> None:
        """End them all."""


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
            task_seconds: How long the slowest agent may be at one task.
            pulse: Keeps whether everything goes on; None to make one.
        """
        self._db = db
        self._accounts = tuple(accounts)
        self._pipeline = pipeline
        self._agents = agents
        self._workers = workers
        self._now = now
        self._stop = stop
        self._on_stop = tuple(on_stop)
        self._learn = learn
        self._task_seconds = task_seconds
        self._pulse = pulse or Pulse()
        for account in self._accounts:
            account.gets_on = self._pulse.get_on
        self._bell = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self.lost: ForemanError | None = None
        self._troubles: dict[str, str] = {}

    @property
    def stopping(self) -> bool:
        """Whether the end has begun."""
        return self._stop.is_set()

    def hanging(self) -> str:
        """Return which part of the daemon does not go on, for a person; empty when all do.

        What waits for a forge or an agent may take as long as these may; what waits for nobody may not.
        """
        return "" if self.stopping else self._pulse.hanging()

    def recover(self) -> None:
        """Make what a crash left claimed ready again."""
        with self._db.transaction() as connection:
            count = inbox.recover(connection, now=self._now())
        if count:
            log.info("work_recovered", items=count)

    def start(self) -> None:
        """Start the threads and the scheduler; returns at once."""
        self.recover()
        for account in self._accounts:
            self._every(POLL_TICK_SECONDS, f"poll:{account.name}", account.poll_due)
            self._thread(f"write:{account.name}", account.write_next)
        self._every(CHORES_SECONDS, "chores", self._chores)
        # Apart from the chores: an agent that is slow to show its health must not keep others' held work waiting.
        self._every(CHORES_SECONDS, "agents", self._agents.tend)
        if self._learn is not None:
            self._every(LEARN_SECONDS, "learn", self._learn, step_seconds=LEARN_STEP_SECONDS)
        for number in range(self._workers):
            self._thread(f"work:{number}", self._work_next, waits_seconds=self._task_seconds)
        self._scheduler.start()
        threading.Thread(target=self._guarded, args=("warm", self._agents.warm), name="warm", daemon=True).start()

    def wait(self) -> None:
        """Return when the stop was asked for."""
        self._stop.wait()

    def stop(self) -> bool:
        """End everything within `STOP_SECONDS`.

        Returns:
            Whether every thread ended; what a thread left half done is settled at the next start.
        """
        deadline = time.monotonic() + STOP_SECONDS
        self._stop.set()
        self.ring()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        # The agents go first: a worker may be waiting for one.
        self._agents.stop(timeout_seconds=STOP_SECONDS / 2)
        for account in self._accounts:
            account.disconnect()
        for thread in self._threads:
            thread.join(max(0.05, deadline - time.monotonic()))
        clean = not any(thread.is_alive() for thread in self._threads)
        if not clean and self.lost is None:
            self._guarded("stop", self._give_back)
        for last in self._on_stop:
            last()
        log.info("daemon_stopped", clean=clean)
        return clean

    def _give_back(self) -> None:
        """Make what hanging workers hold ready again: a stop that was asked for uses up no attempt."""
        with self._db.transaction() as connection:
            inbox.recover(connection, count_attempt=False, reason="the daemon was stopped", now=self._now())

    def ring(self) -> None:
        """Wake everybody who waits for work."""
        with self._bell:
            self._bell.notify_all()

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
        self._chores()
        for account in self._accounts:
            for report in account.poll_all(repos):
                done.polled += 1
                done.first = done.first or report.first
                if report.error:
                    done.failed_polls[report.repo.key] = report.error
        self.drain(done)
        return done

    def work_off(self, ref: IssueRef) -> None:
        """Work on one issue alone until nothing of it is due, in this thread; everything else keeps waiting."""
        account = self._account_of(ref.repo)
        while not self._stop.is_set():
            passed = self._pipeline.work("command", busy=self._agents.busy(), only=ref)
            wrote = account.write_next(only=ref)
            if passed is None and not wrote:
                return

    def drain(self, done: Drained) -> None:
        """Work until neither the inbox nor the action log has anything that is due.

        Args:
            done: Counts what is done.
        """
        thinkers = {f"once:{n}": functools.partial(self._pass, f"once:{n}") for n in range(self._workers)}
        writers = {f"once:{account.name}": account.write_next for account in self._accounts}
        draining.drain(done, thinkers=thinkers, writers=writers, due=self._anything_due, stop=self._stop)
        with self._db.read() as connection:
            done.waiting = inbox.waiting_count(connection)

    def _anything_due(self) -> bool:
        if any(account.has_due() for account in self._accounts):
            return True
        closed = self._closed_repos()
        with self._db.read() as connection:
            return inbox.claimable(connection, now=self._now(), busy=self._agents.busy(), full_repos=closed)

    def _every(
        self, seconds: float, name: str, work: Callable[[], Any], *, step_seconds: float = STEP_SECONDS
    ) -> None:
        self._pulse.expect(name, step_seconds=step_seconds, due_seconds=seconds + DUE_SECONDS)
        self._scheduler.add_job(self._job, "interval", args=(name, work), seconds=seconds)

    def _thread(self, name: str, step: Callable[[], bool], *, waits_seconds: float = 0.0) -> None:
        thread = threading.Thread(target=self._loop, args=(name, step), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
        self._pulse.expect(name, step_seconds=STEP_SECONDS + waits_seconds, thread=thread)

    def _loop(self, name: str, step: Callable[[], bool]) -> None:
        while not self._stop.is_set():
            if not self._guarded(name, step):
                with self._bell:
                    if not self._stop.is_set():
                        self._bell.wait(IDLE_SECONDS)

    def _job(self, name: str, work: Callable[[], Any]) -> None:
        if not self._stop.is_set() and self._guarded(name, work):
            self.ring()

    def _guarded(self, name: str, step: Callable[[], Any]) -> bool:
        """Run one step at the border that must survive: a worker's item or a scheduler job."""
        clear_contextvars()
        loop = name.partition(":")[0]
        with bound_contextvars(thread=name):
            try:
                with self._pulse.step(name):
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
            except Exception:
                count(LOOP_ERRORS, loop=loop, kind="bug")
                log.exception("step_failed")
                self._stop.wait(PAUSE_AFTER_TROUBLE_SECONDS)
            else:
                if self._troubles.pop(name, None) is not None:
                    log.info("store_recovered")
                return done
        return False

    def _work_next(self) -> bool:
        passed = self._pass(threading.current_thread().name)
        if passed is not None:
            self.ring()
        return passed is not None

    def _pass(self, worker: str) -> Passed | None:
        """Work on one item, and tell its account when the forge was the trouble."""
        passed = self._pipeline.work(worker, busy=self._agents.busy(), closed=self._closed_repos())
        if passed is not None and passed.account_refused:
            self._account_of(passed.item.issue.repo).refused(passed.reason)
        if passed is not None and passed.unreachable:
            self._account_of(passed.item.issue.repo).unreachable()
        return passed

    def _closed_repos(self) -> list[RepoRef]:
        return [repo for account in self._accounts for repo in account.closed_repos()]

    def _account_of(self, repo: RepoRef) -> Account:
        return next(account for account in self._accounts if account.kind is repo.forge)

    def _chores(self) -> bool:
        now = self._now()
        with self._db.transaction() as connection:
            if moved := far_future.bring_back(connection, now=now):
                log.warning("clock_was_wrong", rows=moved, now=now.isoformat())
            freed = inbox.expire(connection, now=now) + inbox.release_held(connection, now=now)
            breakers.watch_flood(connection, now=now)
        for account in self._accounts:
            account.tend()
        return freed > 0
