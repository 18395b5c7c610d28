"""One bot account on one forge: its poller and its executor, which rest while the forge lets nobody in (`access`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from foreman.access import Access
from foreman.approvals import Dashboard
from foreman.counting import EVENTS, POLLS, count
from foreman.errors import ForgeAuthError
from foreman.executor import REACT, Executor
from foreman.forge.base import ForgeReader
from foreman.model import Account as ForgeAccount
from foreman.model import ForgeKind, IssueRef, RepoRef
from foreman.obeying import Steward
from foreman.poller import Backfill, Discovery, Lull, Poller, PollReport, ProjectFiles, rounds
from foreman.store import actions, controls
from foreman.store.database import Database

FILES_AT_ONCE = 12
"""Files of a repository read where everything is done once; the next time goes on from there."""

REST_SECONDS = 30.0
"""How long the writer rests when nobody wakes it."""

REST_WITH_DASHBOARD_SECONDS = 1.0
"""The same where a dashboard is to be read: people order there, and no row says when to look."""


class Account:
    """Polls and writes for one account; `poll_due` and `write_next` are each called by one thread at a time.

    Attributes:
        kind: Which forge.
        bot: Who we are there.
        disconnect: Breaks off what is under way at the forge.
        gets_on: Called before each repository that is polled: a long round is not a hanging one.
    """

    def __init__(
        self,
        *,
        db: Database,
        kind: ForgeKind,
        bot: ForgeAccount,
        reader: ForgeReader,
        poller: Poller,
        executor: Executor,
        repos: Callable[[], Sequence[RepoRef]],
        now: Callable[[], datetime],
        stop: threading.Event,
        disconnect: Callable[[], None],
        discovery: Discovery | None = None,
        backfill: Backfill | None = None,
        project_files: ProjectFiles | None = None,
        dashboard: Dashboard | None = None,
        steward: Steward | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the parts.

        Args:
            db: The store.
            kind: Which forge.
            bot: Who we are there.
            reader: The forge.
            poller: Looks for events.
            executor: Carries out actions.
            repos: What is configured and switched on now, for this forge.
            now: Current time, aware UTC.
            stop: Set when everything ends.
            disconnect: Breaks off what is under way at the forge.
            discovery: Looks up what patterns stand for; None where there are none.
            backfill: Reads older issues where there is nothing else to do; None for never.
            project_files: Reads what a repository's own files say then; None for never.
            dashboard: Keeps the issues that list what waits for approval; None for none.
            steward: Carries out what people order by comment; None for nothing.
            monotonic: Seconds that never jump.
        """
        self.kind = kind
        self.bot = bot
        self.disconnect = disconnect
        self.gets_on: Callable[[], object] = lambda: None
        self._db = db
        self._poller = poller
        self._executor = executor
        self._discovery = discovery
        self._project_files = project_files
        self._background = tuple(part for part in (project_files, backfill) if part is not None)
        self._dashboard = dashboard
        self._steward = steward
        self._repos = repos
        self._now = now
        self._stop = stop
        self._monotonic = monotonic
        self._beat = rounds.Beat(monotonic)
        self._lull = Lull(
            db=db,
            repos=repos,
            now=now,
            discovery=discovery,
            reading=lambda: any(part.due for part in self._background),
        )
        self._access = Access(db=db, kind=kind, bot=bot, reader=reader, now=now)

    @property
    def name(self) -> str:
        """Short name for threads and logs."""
        return self.kind.value

    def rest_seconds(self) -> float:
        """Return how long the writer may rest when there was nothing to do and nobody rings."""
        told = self._dashboard is not None and self._dashboard.wanted
        return REST_WITH_DASHBOARD_SECONDS if told else REST_SECONDS

    def poll_when_due(self) -> int:
        """Do as `poll_due`, unless there can be nothing to look at: then nobody is asked, not even the database."""
        if not self._lull.over():
            return 0
        self._lull.begin()
        return self.poll_due()

    def poll_due(self) -> int:
        """Poll the repositories that are due; returns how many pieces of work were found.

        A repository at a time, the one that waited longest first; a broken one only costs its own request.
        """
        if self.shut:
            return 0
        self._discover()
        found = 0
        for repo in rounds.due(self._db, self._repos, now=self._now, monotonic=self._monotonic):
            if self._stop.wait(self._beat.pause()) or self.shut:
                break
            self.gets_on()
            found += self._poll(repo).items
        self._fill()
        return found

    def poll_all(self, only: Sequence[RepoRef] | None = None) -> list[PollReport]:
        """Poll every repository once, due or not.

        Args:
            only: Only these; None for all.

        Returns:
            What each poll found, or why it failed.
        """
        done = []
        self._discover()
        for repo in self._repos():
            if only is not None and repo not in only:
                continue
            if self._stop.is_set():
                break
            done.append(self._poll(repo))
        self._catch_up([report.repo for report in done if not report.error])
        return done

    def write_next(self, *, only: IssueRef | None = None) -> bool:
        """Carry out what is next, of one issue or of any; returns whether there was anything."""
        if self.shut:
            return False
        try:
            if only is None and (self._tend_dashboard() or self._tend_orders()):
                return True
            return self._executor.step(only=only)
        except ForgeAuthError as error:
            self._access.refused(str(error))
            return False

    def has_due(self) -> bool:
        """Return whether an action waits that could be sent now."""
        if self.shut:
            return False
        if self._executor.blocked_seconds > 0:
            return False
        if (self._dashboard is not None and self._dashboard.due()) or (self._steward and self._steward.due()):
            return True
        with self._db.read() as connection:
            waiting = actions.open_actions(connection, now=self._now(), limit=100)
            return any(
                row.issue.repo.forge is self.kind
                and (row.type == REACT or not controls.paused(connection, row.issue.repo))
                for row in waiting
            )

    @property
    def shut(self) -> bool:
        """Whether nothing is asked of the forge now: it refuses the token, or its host does not answer."""
        return self._access.shut

    def closed_repos(self) -> tuple[RepoRef, ...]:
        """Return the repositories for which no task is to be begun now."""
        return tuple(self._repos()) if self.shut else ()

    def proven(self) -> None:
        """Note that the forge has just answered and named us as the token's owner."""
        self._access.proven()

    def refused(self, reason: str = "") -> None:
        """Hear that a request was answered 401, and find out whether it is the token or only that one repository.

        Args:
            reason: What was answered, for the log.
        """
        self._access.doubted(reason)

    def unreachable(self) -> None:
        """Count a request without a usable answer; after some in a row, find out whether it is the whole host."""
        self._access.unreachable()

    def tend(self) -> None:
        """Try a refused account, or a host that did not answer, again when it is time."""
        self._access.tend()

    def _tend_dashboard(self) -> bool:
        return self._dashboard is not None and self._executor.blocked_seconds <= 0 and self._dashboard.tend()

    def _tend_orders(self) -> bool:
        return self._steward is not None and self._executor.blocked_seconds <= 0 and self._steward.tend()

    def _poll(self, repo: RepoRef) -> PollReport:
        try:
            report = self._poller.poll(repo)
        except ForgeAuthError as error:
            count(POLLS, forge=self.name, outcome="failed")
            self.refused(str(error))
            return PollReport(repo=repo, error=str(error))
        well = "unchanged" if report.not_modified else "ok"
        count(POLLS, forge=self.name, outcome="failed" if report.error else well)
        count(EVENTS, report.new_events, forge=self.name)
        if report.unreachable:
            self.unreachable()
        elif not report.error:
            self._access.answered()
        return report

    def _discover(self) -> None:
        try:
            if self._discovery is not None:
                self._discovery.tend()
        except ForgeAuthError as error:
            self.refused(str(error))

    def _fill(self) -> None:
        for part in self._background:
            if self._stop.is_set() or self.shut:
                return
            try:
                part.tend(self._repos())
            except ForgeAuthError as error:
                self.refused(str(error))

    def _catch_up(self, repos: Sequence[RepoRef]) -> None:
        if self._project_files is None or self._stop.is_set() or self.shut:
            return
        try:
            self._project_files.catch_up(repos, most=FILES_AT_ONCE)
        except ForgeAuthError as error:
            self.refused(str(error))
