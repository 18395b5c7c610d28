"""One poll of one repository: one conditional request when nothing happened, and nothing skipped when something did.

The cursor comes from the forge's own times, never from our clock. Our clock only says when to look again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from foreman import changes
from foreman.changes import Horizon
from foreman.config.effective import RepoPlan
from foreman.errors import ForgeAuthError, ForgeError, ForgeUnavailable
from foreman.forge.base import ForgeReader, Probe
from foreman.log import get_logger
from foreman.model import Account, Issue, RepoRef
from foreman.poller import sweep
from foreman.poller.identity import Identity
from foreman.poller.intake import Intake
from foreman.poller.schedule import Schedule
from foreman.poller.storing import Router
from foreman.poller.tally import Tally
from foreman.store import controls, issues, mirror, mirror_text, polls
from foreman.store.database import Database
from foreman.store.polls import PollState
from foreman.values import dataclass

log = get_logger(__name__)

OVERLAP = timedelta(minutes=15)
"""How far behind the cursor every look reaches. A forge's machines may disagree about the time, and a row may show up
late: ten minutes of either do no harm. What is seen twice is known by its snapshot and by its event's key."""

NEWS_PER_POLL = 200
"""Rows with news taken in one poll, fewer where they cost requests (`tally.REQUEST_COST`). The rest comes with the
next poll, which is due at once but after other repos'."""

POLL_SECONDS = 30.0
"""How long one poll goes on taking news: a forge that is slow to tell of one repository keeps no other one waiting."""

SWEEP_EVERY = timedelta(hours=24)
"""How often a repository is read again beyond the overlap."""

SWEEP_REACH = timedelta(hours=48)
"""How far behind the cursor the sweep reads: two sweeps see every change."""

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any forge: where reading starts in a repository that had no issue when first seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """What one poll did.

    Attributes:
        repo: Which repository.
        new_events: Events stored.
        items: Pieces of work put into the inbox.
        requests: Sent to the forge; a page of a listing counts as one.
        not_modified: The forge said that nothing had changed.
        first: This was the first look: what was there before is not touched beyond `first_run`.
        behind: More is waiting; the next poll is due at once.
        error: Why it failed, empty when it did not.
        retry_at: For a rate limit: no request of this account before, aware UTC.
        unreachable: It failed for want of a usable answer, which may be the whole host's trouble.
    """

    repo: RepoRef
    new_events: int = 0
    items: int = 0
    requests: int = 0
    not_modified: bool = False
    first: bool = False
    behind: bool = False
    error: str = ""
    retry_at: datetime | None = None
    unreachable: bool = False


class Poller:
    """Polls repositories of one forge account, one at a time."""

    def __init__(
        self,
        *,
        db: Database,
        reader: ForgeReader,
        bot: Account,
        plan: Callable[[RepoRef], RepoPlan | None],
        route: Router,
        redact: Callable[[str], str],
        now: Callable[[], datetime],
        jitter: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the ports.

        Args:
            db: Where events, work and cursors go.
            reader: The forge.
            bot: Our own account there.
            plan: What is configured for a repository now; None when it is no longer.
            route: Which agents get an event.
            redact: Takes secrets out of a text that is kept.
            now: Current time, aware UTC.
            jitter: A random number from 0 to 1, which spreads looks and retries.
            monotonic: Seconds that never jump.
        """
        self._db = db
        self._reader = reader
        self._plan = plan
        self._now = now
        self._monotonic = monotonic
        self._bot = bot
        self._redact = redact
        self._intake = Intake(db=db, reader=reader, bot=bot, route=route, redact=redact, now=now)
        self._identity = Identity(reader, now)
        self._schedule = Schedule(db=db, reader=reader, now=now, jitter=jitter)
        self._behind: set[RepoRef] = set()
        self._half_swept: set[RepoRef] = set()

    def poll(self, repo: RepoRef) -> PollReport:
        """Look at a repository once.

        Args:
            repo: Which; a repository that is not configured or switched off is left alone.

        Returns:
            What was found; trouble of this repository alone is in `error`, and stored with a time to try again.

        Raises:
            ForgeAuthError: The token is not valid any more (401): it concerns every repository of the account.
            StoreError: The database cannot be used.
        """
        plan = self._plan(repo)
        if plan is None or not plan.enabled:
            return PollReport(repo=repo)
        began = self._monotonic()
        tally = Tally(budget=NEWS_PER_POLL, began=self._now(), late=lambda: self._monotonic() - began > POLL_SECONDS)
        with self._db.read() as connection:
            state = polls.get(connection, repo) or PollState(repo=repo)
        first = not state.first_done
        cursor = state.cursor
        try:
            state, not_modified = self._look(plan, state, tally)
        except ForgeError as error:
            self._identity.forget(repo)
            self._schedule.failed(plan, error)
            if isinstance(error, ForgeAuthError) and error.status != 403:
                raise
            return PollReport(
                repo=repo,
                new_events=tally.events,
                items=tally.items,
                requests=tally.requests,
                error=str(error),
                retry_at=error.retry_at,
                unreachable=isinstance(error, ForgeUnavailable),
            )
        (self._behind.add if tally.cut else self._behind.discard)(repo)
        news = tally.events > 0 or (not first and state.cursor != cursor)
        self._schedule.succeeded(plan, state, news=news, at_once=tally.cut)
        report = PollReport(
            repo=repo,
            new_events=tally.events,
            items=tally.items,
            requests=tally.requests,
            not_modified=not_modified,
            first=first,
            behind=tally.cut,
        )
        if news or tally.cut:
            log.info("poll_finished", repo=repo.key, new_events=tally.events, items=tally.items, behind=tally.cut)
        return report

    def _look(self, plan: RepoPlan, state: PollState, tally: Tally) -> tuple[PollState, bool]:
        if not state.first_done:
            state = self._first_look(plan, state, tally)
            if not state.first_done:
                return state, False
        tally.requests += 1
        probe = self._reader.probe(plan.repo, etag=state.etag)
        if probe.changed:
            state = self._identity.check(plan.repo, state, tally)
            state = self._take(plan, state, probe, tally)
            # Stored only once everything it stands for is: a changed answer must come again until then.
            state = replace(state, etag="" if tally.cut or tally.unsettled else probe.etag)
        now = self._now()
        if not tally.cut and (state.swept_at is None or now - state.swept_at >= SWEEP_EVERY):
            state = self._sweep(plan, state, tally)
        return state, not probe.changed

    def _first_look(self, plan: RepoPlan, state: PollState, tally: Tally) -> PollState:
        """Remember where the repository stood, and take the newest open issues where that is asked for."""
        repo = plan.repo
        shown: dict[int, Issue] = {}
        state = self._identity.check(repo, state, tally)
        if self._opened_from(repo) is _NEVER:
            tally.requests += 1
            probe = self._reader.probe(repo, etag="")
            newest = max((issue.updated_at for issue in probe.issues), default=None)
            state = replace(state, cursor=newest, etag=probe.etag)
            kept = [mirror_text.clean(issue, self._redact) for issue in probe.issues if plan.mirror_issues]
            with self._db.transaction() as connection:
                controls.meta_set(connection, polls.baseline_key(repo), newest.isoformat() if newest else "")
                for issue in probe.issues:
                    if not issue.is_pull_request:
                        issues.save(connection, changes.snapshot(issue, None))
                for one in kept:
                    mirror.save(connection, one, now=self._now())
                polls.save(connection, state)
            shown = {i.ref.number: i for i in probe.issues if i.state == "open" and not i.is_pull_request}
        if plan.first_run:
            rows = self._reader.newest_open(repo, limit=plan.first_run)
            tally.requests += _pages(len(rows))
            # This list may lag behind the page before it, whose issues are known from here on.
            shown |= {issue.ref.number: issue for issue in rows}
            newest_first = [shown[number] for number in sorted(shown, reverse=True)]
            self._intake.welcome(newest_first[: plan.first_run], plan=plan, tally=tally)
        return replace(state, first_done=not tally.cut, swept_at=self._now())

    def _take(self, plan: RepoPlan, state: PollState, probe: Probe, tally: Tally) -> PollState:
        reach = (state.cursor or BEGINNING) - (timedelta(0) if plan.repo in self._behind else OVERLAP)
        oldest = min((issue.updated_at for issue in probe.issues), default=BEGINNING)
        # Strictly older: rows of the page's last second may be on the next page.
        rows = (
            sorted(probe.issues, key=lambda issue: issue.updated_at)
            if probe.complete or oldest < reach
            else self._listed(plan.repo, since=reach, tally=tally)
        )
        horizon = self._horizon(plan.repo, since=(state.cursor or BEGINNING) - OVERLAP)
        return self._intake.take(rows, plan=plan, horizon=horizon, state=state, tally=tally, advance=True)

    def _sweep(self, plan: RepoPlan, state: PollState, tally: Tally) -> PollState:
        if plan.repo not in self._half_swept:
            since = (state.cursor or BEGINNING) - SWEEP_REACH
            horizon = self._horizon(plan.repo, since=since)
            rows = self._listed(plan.repo, since=since, tally=tally)
            state = self._intake.take(rows, plan=plan, horizon=horizon, state=state, tally=tally, advance=False)
            if tally.cut:
                return state
            if tally.late():
                self._half_swept.add(plan.repo)
                tally.cut = True  # the other half comes with the next poll
                return state
        self._half_swept.discard(plan.repo)
        sweep.find_stale(self._db, self._reader, self._intake, plan=plan, tally=tally, now=self._now())
        sweep.hear_reactions(self._db, self._reader, plan=plan, bot=self._bot, tally=tally, now=self._now())
        sweep.let_go(self._db, self._reader, plan=plan, tally=tally, now=self._now())
        return replace(state, swept_at=self._now())

    def _listed(self, repo: RepoRef, *, since: datetime, tally: Tally) -> Iterator[Issue]:
        tally.requests += 1
        for count, issue in enumerate(self._reader.changed_since(repo, since=since), start=1):
            if count % 100 == 0:
                tally.requests += 1
            yield issue

    def _horizon(self, repo: RepoRef, *, since: datetime) -> Horizon:
        opened_from = self._opened_from(repo)
        return Horizon(opened_from=opened_from, since=max(since, opened_from) if opened_from else since)

    def _opened_from(self, repo: RepoRef) -> datetime | None:
        """Return where the repository stood at the first look; None when it was empty, `_NEVER` before that look."""
        with self._db.read() as connection:
            stored = controls.meta_get(connection, polls.baseline_key(repo))
        if stored is None:
            return _NEVER
        return datetime.fromisoformat(stored) if stored else None


_NEVER = datetime.max.replace(tzinfo=UTC)


def _pages(rows: int) -> int:
    return rows // 100 + 1
