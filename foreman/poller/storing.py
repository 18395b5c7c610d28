"""What a poll has seen goes into the store: events with the work they bring, snapshots, the mirror, the cursor.

All of a chunk in one transaction, so that the cursor never gets ahead of what it stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from datetime import datetime

from sqlalchemy import Connection

from foreman import changes, checkpoint, tracing
from foreman.config.effective import RepoPlan
from foreman.forge.base import Change
from foreman.model import Comment, Event, EventKind, Issue, Route
from foreman.poller.kept import Kept
from foreman.poller.tally import Tally
from foreman.store import actions, corrections, events, inbox, issues, memory, mirror, mirror_facts, mirror_text, polls
from foreman.store import commands as orders
from foreman.store.commands import Ordered
from foreman.store.database import Database
from foreman.store.issues import Snapshot
from foreman.store.mirror_text import CleanIssue
from foreman.store.polls import PollState
from foreman.values import dataclass

Router = Callable[[Event, RepoPlan], tuple[Route, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look at one row of a list has shown.

    Attributes:
        snapshot: What the next look is compared with; None to leave what there is.
        issue: The row; None for a pull request, and for one that could not be read.
        shown: What goes into the mirror; None for nothing.
        comments: All of them; None where they were not read, or only in part.
        history: None where it was not read.
        events: What happened.
        orders: What people ordered by comment.
        updated_at: Of the row.
    """

    snapshot: Snapshot | None
    issue: Issue | None = None
    shown: CleanIssue | None = None
    comments: tuple[Comment, ...] | None = None
    history: tuple[Change, ...] | None = None
    events: tuple[Event, ...] = ()
    orders: tuple[Ordered, ...] = ()
    updated_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Storing:
    """Stores what was seen in one account's repositories. Used by one thread.

    Attributes:
        db: Where everything goes.
        bot_id: Our own account.
        route: Which agents get an event.
        redact: Takes secrets out of a text.
        now: Current time, aware UTC.
    """

    db: Database
    bot_id: int
    route: Router
    redact: Callable[[str], str]
    now: Callable[[], datetime]
    _kept: Kept = field(default_factory=Kept)

    def store(
        self, seen: Sequence[Seen], *, plan: RepoPlan, state: PollState, tally: Tally, advance: bool
    ) -> PollState:
        """Store what was seen of some rows, all or nothing.

        Args:
            seen: In the order of the list.
            plan: What is configured for the repository.
            state: Where polling stands.
            tally: Counted on.
            advance: Move the cursor along with the rows.

        Returns:
            Where polling stands now, as stored.
        """
        if not seen:
            return state
        if advance:
            times = [row.updated_at for row in seen if row.updated_at is not None]
            state = replace(state, cursor=max([*times, *([state.cursor] if state.cursor else [])]))
        checkpoint.reach("poller.rows.before")
        with self.db.transaction() as connection:
            for row in seen:
                for event in row.events:
                    self.enqueue(connection, event, plan=plan, tally=tally)
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

    def _corrected(self, connection: Connection, issue: Issue, row: Seen, plan: RepoPlan) -> None:
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

    def shown(self, issue: Issue, plan: RepoPlan) -> CleanIssue | None:
        """Return what of an issue goes into the mirror, None for nothing; made before the transaction."""
        return mirror_text.clean(issue, self.redact) if plan.mirror_issues else None

    def shown_anew(self, issue: Issue, plan: RepoPlan) -> CleanIssue | None:
        """Do the same where the issue is not in the mirror as it is."""
        return None if issue in self._kept else self.shown(issue, plan)

    def _mirror(self, connection: Connection, issue: CleanIssue, row: Seen) -> None:
        mirror.save(connection, issue, now=self.now())
        if row.comments is not None:
            mirror_facts.note_comments(connection, issue.ref, row.comments, bot_id=self.bot_id)
        if row.history is not None:
            mirror_facts.note_labels(connection, issue, changes.put_on(row.history), bot_id=self.bot_id)

    def enqueue(self, connection: Connection, event: Event, *, plan: RepoPlan, tally: Tally) -> None:
        """Store an event, and ask for the work that it brings; one that is known already brings none."""
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
