"""When a repository is looked at again, and what is kept of the look that is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from foreman.config.effective import RepoPlan
from foreman.errors import ForgeError, ForgeMoved, ForgeNotFound, ForgeRateLimited, ForgeRejected
from foreman.forge.base import ForgeReader
from foreman.log import get_logger
from foreman.model import RepoRef
from foreman.poller import pace
from foreman.poller.throttle import Throttle
from foreman.store import polls
from foreman.store.database import Database
from foreman.store.polls import PollState

log = get_logger(__name__)

LONGEST_PAUSE = timedelta(minutes=15)
"""Longest wait after failures in a row or while the quota is low, and the wait after a repository was found renamed,
gone or replaced."""


class Schedule:
    """Says when to look again, for one account. Used by one thread."""

    def __init__(
        self, *, db: Database, reader: ForgeReader, now: Callable[[], datetime], jitter: Callable[[], float]
    ) -> None:
        """Keep the ports.

        Args:
            db: Where it is kept.
            reader: Tells what is left of the quota.
            now: Current time, aware UTC.
            jitter: A random number from 0 to 1.
        """
        self._db = db
        self._now = now
        self._jitter = jitter
        self._throttle = Throttle(reader, f"account:{reader.kind.value}", now)
        self._placed: set[RepoRef] = set()

    def succeeded(self, plan: RepoPlan, state: PollState, *, news: bool, at_once: bool) -> None:
        """Keep a look that went well.

        Args:
            plan: What is configured for the repository.
            state: Where polling stands now.
            news: Something had changed there.
            at_once: There is more; look again after the others.
        """
        now = self._now()
        if state.failures:
            log.info("poll_recovered", repo=plan.repo.key, failures=state.failures)
        news_at = now if news else min(state.news_at or state.cursor or now, now)
        with self._db.transaction() as connection:
            self._throttle.watch(connection)
            interval = self._interval(plan, now - news_at)
            due = now if at_once else now + self._wait(plan.repo, interval)
            polls.save(
                connection,
                replace(
                    state,
                    last_poll_at=now,
                    last_ok_at=now,
                    last_error="",
                    failures=0,
                    next_poll_at=due,
                    news_at=news_at,
                    interval_seconds=round(interval.total_seconds(), 1),
                ),
            )

    def failed(self, plan: RepoPlan, error: ForgeError) -> None:
        """Keep a look that did not go well, with a time to try again.

        Args:
            plan: What is configured for the repository.
            error: Why not.
        """
        now, repo, reason = self._now(), plan.repo, str(error)[:500]
        with self._db.transaction() as connection:
            state = polls.get(connection, repo) or PollState(repo=repo)
            failures = state.failures + 1
            pause = min(timedelta(seconds=plan.interval_seconds) * 2 ** min(failures, 10), LONGEST_PAUSE)
            if isinstance(error, (ForgeMoved, ForgeNotFound, ForgeRejected)):
                pause = LONGEST_PAUSE  # only a person can settle that; seen soon after they did
            due = now + pause * (0.75 + self._jitter() / 2)
            if isinstance(error, ForgeRateLimited):
                due = error.retry_at or due
            kept = replace(state, last_poll_at=now, last_error=reason, failures=failures, next_poll_at=due)
            polls.save(connection, kept)
        if reason != state.last_error:
            log.warning("poll_failed", repo=repo.key, reason=str(error), next_poll_at=due.isoformat())

    def _interval(self, plan: RepoPlan, quiet_for: timedelta) -> timedelta:
        own, longest = timedelta(seconds=plan.interval_seconds), timedelta(seconds=plan.max_interval_seconds)
        usual = pace.interval(own, longest, quiet_for)
        return max(usual, min(usual * self._throttle.stretch, LONGEST_PAUSE))

    def _wait(self, repo: RepoRef, interval: timedelta) -> timedelta:
        """Return how long to wait for the next look, moved by chance.

        The second look of this process comes at any moment of the interval: many repositories that are all due at its
        start are spread over the interval from then on.
        """
        if repo in self._placed:
            return pace.moved(interval, self._jitter())
        self._placed.add(repo)
        return interval * self._jitter()
