"""Rows of a forge's list become events, work and snapshots, in transactions that also hold the cursor.

A chunk's cursor reaches only as far as its own rows, which come oldest change first: whatever is not stored is found
again by the next poll.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection

from foreman import changes, checkpoint, commands, tracing
from foreman.changes import Horizon
from foreman.config.effective import RepoPlan
from foreman.counting import LOOP_GUARD_SKIPS, count
from foreman.errors import ForgeError, ForgeMoved, ForgeNotFound, ForgeRejected, ForgeUnavailable
from foreman.forge.base import Change, ForgeReader
from foreman.log import get_logger
from foreman.model import Account, Comment, Event, EventKind, Issue, Route
from foreman.poller import ordered
from foreman.poller.kept import Kept
from foreman.store import actions, corrections, events, inbox, issues, memory, mirror, mirror_facts, mirror_text, polls
from foreman.store import commands as orders
from foreman.store.commands import Ordered
from foreman.store.database import Database
from foreman.store.issues import Snapshot
from foreman.store.mirror_text import CleanIssue
from foreman.store.polls import PollState
from foreman.values import dataclass

log = get_logger(__name__)

CHUNK_ROWS = 50
"""Rows in one transaction: short enough that a worker waiting to write does not notice."""

REQUEST_COST = 10
"""Rows with news that one request beyond the list counts for: a poll that must read the comments of each issue takes
as little time from other repositories as one that need not."""

PATIENCE = 3
"""Polls in a row that may fail over one issue before it is left for the daily sweep, so that the others go on."""

Router = Callable[[Event, RepoPlan], tuple[Route, ...]]


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one poll has cost and brought so far.

    Attributes:
        requests: Sent to the forge.
        events: New ones.
        items: Pieces of work put down.
        budget: Rows with news that may still be taken; a request counts for `REQUEST_COST` of them.
        cut: There was more than the budget.
        skipped: Rows that could not be read and are left for the daily sweep.
        began: When the poll began: what is listed is at least as new, aware UTC.
        unsettled: Some row was seen within the second of its last change, which may show more at the next poll.
        late: Whether the poll has taken long enough: what comes yet waits for the next one.
        taken: An issue with news was looked at: however late it is, each poll comes further by one.
        started_ns: The same moment by the machine's own clock, nanoseconds since 1970, for traces.
    """

    requests: int = 0
    events: int = 0
    items: int = 0
    budget: int
    cut: bool = False
    skipped: int = 0
    began: datetime | None = None
    unsettled: bool = False
    late: Callable[[], bool] = lambda: False
    taken: bool = False
    started_ns: int = field(default_factory=time.time_ns)

    def is_spent(self, row: Issue) -> bool:
        """Return whether this row, if it has news, waits for the next poll; pull requests cost no time."""
        return self.budget <= 0 or (self.taken and not row.is_pull_request and self.late())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    snapshot: Snapshot | None
    issue: Issue | None = None
    shown: CleanIssue | None = None
    comments: tuple[Comment, ...] | None = None
    history: tuple[Change, ...] | None = None
    events: tuple[Event, ...] = ()
    orders: tuple[Ordered, ...] = ()
    updated_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Intake:
    """Takes rows of one repository's list.

    Attributes:
        db: Where everything goes.
        reader: The forge.
        bot: Our own account.
        route: Which agents get an event.
        redact: Takes secrets out of a text.
        now: Current time, aware UTC.
    """

    db: Database
    reader: ForgeReader
    bot: Account
    route: Router
    redact: Callable[[str], str]
    now: Callable[[], datetime]
    _patience: dict[str, int] = field(default_factory=dict)
    _kept: Kept = field(default_factory=Kept)

    @property
    def bot_id(self) -> int:
        """Our own account, by number."""
        return self.bot.id

    def take(
        self, rows: Iterable[Issue], *, plan: RepoPlan, horizon: Horizon, state: PollState, tally: Tally, advance: bool
    ) -> PollState:
        """Compare rows with what is known, and store what is new.

        Args:
            rows: Oldest change first.
            plan: What is configured for the repository.
            horizon: From when on happenings count.
            state: Where polling stands.
            tally: Counted on.
            advance: Move the cursor along with the rows.

        Returns:
            Where polling stands now, as stored.

        Raises:
            ForgeError: The forge did not answer; the rows before are stored.
        """
        rest = iter(rows)
        while chunk := self._chunk(rest):
            seen: list[_Seen] = []
            trouble: ForgeError | None = None
            for issue, before in self._known(chunk):
                if tally.is_spent(issue) and not changes.same(before, issue):
                    tally.cut = True
                    break
                try:
                    seen.append(self._look(before, issue, plan=plan, horizon=horizon, tally=tally))
                except ForgeError as error:
                    if not self._may_skip(issue, error):
                        trouble = error
                        break
                    tally.skipped += 1
                    log.warning("issue_left_for_sweep", issue=str(issue.ref), reason=str(error))
                    seen.append(_Seen(snapshot=None, updated_at=issue.updated_at))
            state = self._store(seen, plan=plan, state=state, tally=tally, advance=advance)
            if trouble is not None:
                raise trouble
            if tally.cut:
                break
        return state

    def store_events(self, happened: Sequence[Event], *, plan: RepoPlan, tally: Tally, most: int) -> None:
        """Store events that come from no row, such as `stale`: as many new ones as `most` says, the first of them."""
        before = tally.events
        for start in range(0, len(happened), CHUNK_ROWS):
            with self.db.transaction() as connection:
                for event in happened[start : start + CHUNK_ROWS]:
                    if tally.events - before >= most:
                        return
                    self._enqueue(connection, event, plan=plan, tally=tally)

    def welcome(self, rows: Sequence[Issue], *, plan: RepoPlan, tally: Tally) -> None:
        """Take issues as if they had just been opened; one that was taken before makes no second event."""
        everything = Horizon(opened_from=None, since=None)
        for start in range(0, len(rows), CHUNK_ROWS):
            if tally.budget <= 0:
                tally.cut = True
                return
            before = tally.events
            kept = [self._clean(issue, plan) for issue in rows[start : start + CHUNK_ROWS]]
            with self.db.transaction() as connection:
                for issue, shown in zip(rows[start : start + CHUNK_ROWS], kept, strict=True):
                    for event in changes.compare(None, issue, horizon=everything, bot_id=self.bot_id):
                        self._enqueue(connection, event, plan=plan, tally=tally)
                    if issues.get(connection, issue.ref) is None:
                        issues.save(connection, changes.snapshot(issue, None))
                    if shown is not None:
                        mirror.save(connection, shown, now=self.now())
            tally.budget -= tally.events - before

    def _chunk(self, rest: Iterator[Issue]) -> list[Issue]:
        chunk = list(islice(rest, CHUNK_ROWS))
        checkpoint.reach("poller.listed")
        return chunk

    def _known(self, chunk: Sequence[Issue]) -> list[tuple[Issue, Snapshot | None]]:
        with self.db.read() as connection:
            found = {issue.ref: issues.get(connection, issue.ref) for issue in chunk if not issue.is_pull_request}
        pairs = []
        for issue in chunk:
            before = found.get(issue.ref)
            if before is not None and before.forge_id != issue.id:
                raise ForgeMoved(
                    f"#{issue.ref.number} is another issue than before: was the repository replaced?",
                    repo=issue.ref.repo.key,
                    operation="list issues",
                )
            pairs.append((issue, before))
            # A row may be listed twice, changed in between: the second is compared with the first.
            if not issue.is_pull_request:
                found[issue.ref] = changes.snapshot(issue, before)
        return pairs

    def _look(self, before: Snapshot | None, issue: Issue, *, plan: RepoPlan, horizon: Horizon, tally: Tally) -> _Seen:
        if changes.same(before, issue):
            shown = None if issue in self._kept else self._clean(issue, plan)
            return _Seen(snapshot=None, issue=issue, shown=shown, updated_at=issue.updated_at)
        wanted = frozenset[EventKind]().union(*(agent.events for agent in plan.agents))
        if issue.is_pull_request:
            opened = changes.compare(before, issue, horizon=horizon, bot_id=self.bot_id, wanted=wanted)
            tally.budget -= bool(opened)
            return _Seen(snapshot=None, events=opened, updated_at=issue.updated_at)
        tally.taken = True
        with self.db.read() as connection:
            ours = actions.entries(connection, issue=issue.ref) if before is not None else ()
        listens = commands.heard_on(plan)
        needs = changes.needs(
            before,
            issue,
            horizon=horizon,
            wanted=wanted,
            ours=bool(ours),
            missing=changes.is_missing(before, issue, ours),
            orders=listens,
        )
        tally.requests += needs.comments + needs.history
        tally.budget -= REQUEST_COST * (needs.comments + needs.history)
        comments = self.reader.comments(issue.ref, since=needs.comments_since) if needs.comments else None
        if comments is not None and changes.lag(before, issue, comments) and not self._waited_enough(issue):
            message = f"the comments of #{issue.ref.number} are not all there yet"
            raise ForgeUnavailable(message, repo=issue.ref.repo.key, operation="list comments", status=200)
        history = self.reader.history(issue.ref) if needs.history else ()
        bots_count = any(not agent.policy.skip_bots for agent in plan.agents)
        happened = changes.compare(
            before,
            issue,
            horizon=horizon,
            bot_id=self.bot_id,
            comments=ordered.news(comments or (), bot=self.bot) if listens else comments or (),
            history=history,
            wanted=wanted,
            bots_count=bots_count,
        )
        self._count_unanswered(changes.newly_said(before, issue, comments or (), horizon), bots_count=bots_count)
        self._patience.pop(str(issue.ref), None)
        tally.budget -= bool(happened)
        settled = tally.began is None or changes.settled(issue, before, tally.began + self.reader.skew)
        tally.unsettled |= not settled
        seen = changes.snapshot(issue, before, comments, since=needs.comments_since, settled=settled)
        return _Seen(
            snapshot=seen,
            issue=issue,
            shown=self._clean(issue, plan),
            comments=comments if needs.comments_since is None else None,
            history=history if needs.history else None,
            events=happened,
            orders=ordered.ordered(before, issue, comments or (), horizon=horizon, bot=self.bot, redact=self.redact)
            if listens
            else (),
            updated_at=issue.updated_at,
        )

    def _count_unanswered(self, said: Iterable[Comment], *, bots_count: bool) -> None:
        for comment in said:
            if comment.author.id == self.bot_id:
                count(LOOP_GUARD_SKIPS, reason="own_event")
            elif comment.author.is_bot and not bots_count:
                count(LOOP_GUARD_SKIPS, reason="actor_is_bot")

    def _waited_enough(self, issue: Issue) -> bool:
        """Return whether to take what there is: a number of comments that is wrong for good must hide no issue."""
        return self._patience.get(str(issue.ref), 0) > PATIENCE

    def _may_skip(self, issue: Issue, error: ForgeError) -> bool:
        """Return whether the list goes on without this row; trouble that is everybody's is waited for."""
        if isinstance(error, (ForgeNotFound, ForgeMoved, ForgeRejected)):
            return True
        if not isinstance(error, ForgeUnavailable):
            return False
        key = str(issue.ref)
        self._patience[key] = self._patience.get(key, 0) + 1
        return self._patience[key] > PATIENCE

    def _store(
        self, seen: Sequence[_Seen], *, plan: RepoPlan, state: PollState, tally: Tally, advance: bool
    ) -> PollState:
        if not seen:
            return state
        if advance:
            times = [row.updated_at for row in seen if row.updated_at is not None]
            state = replace(state, cursor=max([*times, *([state.cursor] if state.cursor else [])]))
        checkpoint.reach("poller.rows.before")
        with self.db.transaction() as connection:
            for row in seen:
                for event in row.events:
                    self._enqueue(connection, event, plan=plan, tally=tally)
                for order in row.orders:
                    orders.add(connection, order, now=self.now())
                if row.snapshot is not None:
                    issues.save(connection, row.snapshot)
                if row.issue is not None and (row.comments is not None or row.history is not None):
                    self._corrected(connection, row.issue, row, plan)
                if row.shown is not None:
                    self._mirror(connection, row.shown, row)
            if advance:
                polls.save(connection, state)
            checkpoint.reach("poller.rows.inside")
        for row in seen:
            if row.issue is not None and row.shown is not None:
                self._kept.note(row.issue)
        checkpoint.reach("poller.rows.committed")
        return state

    def _corrected(self, connection: Connection, issue: Issue, row: _Seen, plan: RepoPlan) -> None:
        entries = actions.entries(connection, issue=issue.ref)
        if not entries:
            return
        found = changes.put_right(
            issue,
            history=row.history,
            comments=row.comments,
            entries=entries,
            offered=frozenset[str]().union(*(agent.policy.labels_add for agent in plan.agents)),
            bot_id=self.bot_id,
            now=self.now(),
        )
        if corrections.note(connection, issue.ref, found, now=self.now()):
            memory.refresh(connection, issue.ref, now=self.now())

    def _clean(self, issue: Issue, plan: RepoPlan) -> CleanIssue | None:
        return mirror_text.clean(issue, self.redact) if plan.mirror_issues else None

    def _mirror(self, connection: Connection, issue: CleanIssue, row: _Seen) -> None:
        mirror.save(connection, issue, now=self.now())
        if row.comments is not None:
            mirror_facts.note_comments(connection, issue.ref, row.comments, bot_id=self.bot_id)
        if row.history is not None:
            mirror_facts.note_labels(connection, issue, changes.put_on(row.history), bot_id=self.bot_id)

    def _enqueue(self, connection: Connection, event: Event, *, plan: RepoPlan, tally: Tally) -> None:
        now = self.now()
        if not events.add(connection, event, now=now):
            return
        tally.events += 1
        for route in self.route(event, plan):
            with self._found(connection, event, route, tally) as trace:
                inbox.enqueue(
                    connection,
                    issue=event.issue,
                    agent=route.agent,
                    task_type=route.task_type,
                    event=event.kind,
                    event_key=event.key,
                    actor_id=event.actor_id,
                    requested=event.kind is EventKind.REQUESTED,
                    trace=trace,
                    now=now,
                )
            tally.items += 1

    @contextmanager
    def _found(self, connection: Connection, event: Event, route: Route, tally: Tally) -> Iterator[str]:
        """Begin the trace of a piece of work with the look that found it, or go on with that of the work it joins."""
        if not tracing.active():
            yield ""
            return
        joined = inbox.waiting_trace(connection, event.issue, route.agent)
        with tracing.resume("poll", joined, started_ns=tally.started_ns) as span:
            span.note(repo=event.issue.repo.key, issue=event.issue.number, agent=route.agent, event=event.kind.value)
            yield span.header
