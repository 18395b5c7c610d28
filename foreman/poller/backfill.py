"""Reads a repository's older issues into the mirror, in the background, a page at a time, as long as there is quota.

The newest changes come first, in spans of time that grow; within one the oldest change comes first and the cursor is
stored with each page. So a large repository can be searched after the first minutes, and nothing is read twice after
a restart. It makes no events: what was there before Foreman came is nobody's work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from foreman.config.effective import RepoPlan
from foreman.errors import ForgeError
from foreman.forge.base import ForgeReader
from foreman.log import get_logger
from foreman.model import Issue, RepoRef
from foreman.poller.leisure import Leisure
from foreman.poller.looking_back import LookingBack
from foreman.store import full_text, mirror, mirror_reading, mirror_text, polls
from foreman.store.database import Database
from foreman.store.mirror_reading import Reading

log = get_logger(__name__)

SPANS = (timedelta(days=60), timedelta(days=300), timedelta(days=3 * 365))
"""How much time each window covers, going back; one more takes everything before."""

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any forge."""

ENOUGH = 0.9
"""Share of `mirror_issues` below which a repository with more is read again: the number was raised."""

CHECK_SECONDS = 3600.0
"""How often it is looked whether more is kept than should be."""

_PAGE = 100
_MOST_PAGES = 50  # at once, where so many rows changed at one moment


class Backfill:
    """Fills the mirror for the repositories of one account. Used by one thread."""

    def __init__(
        self,
        *,
        db: Database,
        reader: ForgeReader,
        plan: Callable[[RepoRef], RepoPlan | None],
        redact: Callable[[str], str],
        looking_back: LookingBack | None = None,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        """Keep the ports.

        Args:
            db: Where the mirror is.
            reader: The forge.
            plan: What is configured for a repository now; None when it is no longer.
            redact: Takes secrets out of a text.
            looking_back: Reads what the list does not tell, once it is read whole; None where that is not wanted.
            now: Current time, aware UTC.
            monotonic: Seconds that never jump.
        """
        self._db = db
        self._reader = reader
        self._plan = plan
        self._redact = redact
        self._looking_back = looking_back
        self._now = now
        self._monotonic = monotonic
        self._leisure = Leisure(reader=reader, event="backfill_rests", now=now, monotonic=monotonic)
        self._check = 0.0
        self._served: dict[RepoRef, float] = {}

    @property
    def due(self) -> bool:
        """Whether it is time to look for something to read."""
        return self._leisure.due

    def tend(self, repos: Sequence[RepoRef]) -> bool:
        """Read one page of one repository, if it is time, something is missing, and the quota allows it.

        Args:
            repos: What is configured and switched on now.

        Returns:
            Whether anything was asked of the forge.

        Raises:
            ForgeAuthError: The token is not valid any more (401).
        """
        if not self._leisure.due:
            return False
        waiting = self._waiting(repos)
        if not waiting or not self._leisure.affordable:
            self._leisure.nothing_to_do()
            return False
        self._leisure.take_turn()
        plan, reading = min(
            waiting, key=lambda pair: (pair[1].done_at is not None, self._served.get(pair[0].repo, 0.0))
        )
        self._served[plan.repo] = self._monotonic()
        try:
            if reading.done_at is None:
                self._read(plan, reading)
            elif self._looking_back is not None:
                return self._looking_back.read_on(reading)
        except ForgeError as error:
            self._leisure.rest(plan.repo, error)
        return True

    def read_on(self, plan: RepoPlan) -> Reading:
        """Read the next page of one repository at once, while somebody waits for it.

        Args:
            plan: Of the repository.

        Returns:
            How far it is read now; nothing was asked where it is read whole, or the quota is low.

        Raises:
            ForgeError: It cannot be read.
        """
        with self._db.read() as connection:
            reading = mirror_reading.get(connection, plan.repo) or Reading(repo=plan.repo)
        if reading.done_at is not None or not self._leisure.affordable:
            return reading
        self._read(plan, reading)
        with self._db.read() as connection:
            return mirror_reading.get(connection, plan.repo) or reading

    def _waiting(self, repos: Sequence[RepoRef]) -> list[tuple[RepoPlan, Reading]]:
        """Return where something is missing."""
        check = self._monotonic() >= self._check
        plans = [plan for repo in repos if (plan := self._plan(repo)) is not None]
        with self._db.read() as connection:
            known = {reading.repo: reading for reading in mirror_reading.all(connection)}
            polled = {state.repo for state in polls.all(connection) if state.first_done and not state.failures}
        if check:
            self._check = self._monotonic() + CHECK_SECONDS
            known |= self._checked(plans, known)
        waiting = [(plan, known.get(plan.repo, Reading(repo=plan.repo))) for plan in plans if plan.mirror_issues]
        return [
            (plan, reading)
            for plan, reading in waiting
            if self._is_open(reading) and plan.repo in polled and not self._leisure.rests(plan.repo)
        ]

    def _is_open(self, reading: Reading) -> bool:
        if reading.done_at is None:
            return True
        return self._looking_back is not None and reading.facts_done_at is None and reading.forgotten_at is None

    def _checked(self, plans: Sequence[RepoPlan], known: Mapping[RepoRef, Reading]) -> dict[RepoRef, Reading]:
        """Drop what is too much by now, and begin again where more may be kept than before."""
        changed = {}
        for plan in plans:
            reading = known.get(plan.repo)
            with self._db.read() as connection:
                kept = mirror.count(connection, plan.repo)
            if not plan.mirror_issues:
                if kept or reading is not None:
                    with self._db.transaction() as connection:
                        mirror_reading.switch_off(connection, plan.repo)
            elif kept > plan.mirror_issues:
                with self._db.transaction() as connection:
                    mirror.prune(connection, plan.repo, keep=plan.mirror_issues)
            elif reading is not None and _ended_early(reading) and kept < ENOUGH * plan.mirror_issues:
                changed[plan.repo] = Reading(repo=plan.repo)
        return changed

    def _read(self, plan: RepoPlan, reading: Reading) -> None:
        end = reading.end or self._now() + self._reader.skew
        since = reading.cursor or _start(reading.window, end)
        rows, asked, last = self._page(plan.repo, since)
        window_done = last or (rows and rows[-1].updated_at > end)
        newest = max([since, *(row.updated_at for row in rows)])
        # The last page of a span goes on into the one before it, which was read already; what changed since is polled.
        older = [row for row in rows if reading.window == 0 or row.updated_at <= end]
        reading = replace(
            reading,
            end=end,
            cursor=newest if newest > since else since + timedelta(seconds=1),
            done_at=None,
            rows_read=reading.rows_read + len(rows),
            requests=reading.requests + asked,
        )
        if window_done:
            reading = replace(reading, window=reading.window + 1, end=_start(reading.window, end), cursor=None)
        kept_of = [mirror_text.clean(issue, self._redact) for issue in older]
        with self._db.transaction() as connection:
            for issue in kept_of:
                mirror.save(connection, issue, now=self._now())
            mirror.prune(connection, plan.repo, keep=plan.mirror_issues)
            kept = mirror.count(connection, plan.repo)
            if window_done and (kept >= plan.mirror_issues or reading.window > len(SPANS)):
                reading = replace(reading, done_at=self._now())
                full_text.tidy(connection)
            mirror_reading.save(connection, reading)
        if reading.done_at is not None:
            log.info("backfill_finished", repo=plan.repo.key, issues=kept, requests=reading.requests)

    def _page(self, repo: RepoRef, since: datetime) -> tuple[list[Issue], int, bool]:
        """Read the rows changed from a time on: a page, and more only where all of it changed at that one moment.

        Args:
            repo: Of which repository.
            since: From when on.

        Returns:
            The rows, how many requests they took, and whether these were the last ones.
        """
        rest = iter(self._reader.changed_since(repo, since=since))
        rows: list[Issue] = []
        for asked in range(1, _MOST_PAGES + 1):
            page = list(islice(rest, _PAGE))
            rows += page
            if len(page) < _PAGE:
                return rows, asked, True
            if rows[-1].updated_at > since:
                return rows, asked, False
        return rows, _MOST_PAGES, False


def _start(window: int, end: datetime) -> datetime:
    return end - SPANS[window] if window < len(SPANS) else BEGINNING


def _ended_early(reading: Reading) -> bool:
    """Tell whether there is more, which was too much when it was read."""
    return reading.done_at is not None and reading.forgotten_at is None and reading.window <= len(SPANS)
