"""Rows of a forge's list are looked at, a chunk at a time, and stored with the cursor (`storing`).

A chunk's cursor reaches only as far as its own rows, which come oldest change first: whatever is not stored is found
again by the next poll.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from datetime import datetime
from itertools import islice

from foreman import changes, checkpoint, commands
from foreman.changes import Horizon
from foreman.config.effective import RepoPlan
from foreman.counting import LOOP_GUARD_SKIPS, count
from foreman.errors import ForgeError, ForgeMoved, ForgeNotFound, ForgeRejected, ForgeUnavailable
from foreman.forge.base import ForgeReader
from foreman.log import get_logger
from foreman.model import Account, Comment, Event, EventKind, Issue
from foreman.poller import ordered
from foreman.poller.storing import Router, Seen, Storing
from foreman.poller.tally import REQUEST_COST, Tally
from foreman.store import actions, issues, mirror
from foreman.store.actions import LogEntry
from foreman.store.database import Database
from foreman.store.issues import Snapshot
from foreman.store.polls import PollState
from foreman.values import dataclass

log = get_logger(__name__)

CHUNK_ROWS = 50
"""Rows in one transaction: short enough that a worker waiting to write does not notice."""

PATIENCE = 3
"""Polls in a row that may fail over one issue before it is left for the daily sweep, so that the others go on."""


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
    _storing: Storing = field(init=False)

    def __post_init__(self) -> None:
        """Make what stores."""
        self._storing = Storing(db=self.db, bot_id=self.bot.id, route=self.route, redact=self.redact, now=self.now)

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
            seen: list[Seen] = []
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
                    seen.append(Seen(snapshot=None, updated_at=issue.updated_at))
            state = self._storing.store(seen, plan=plan, state=state, tally=tally, advance=advance)
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
                    self._storing.enqueue(connection, event, plan=plan, tally=tally)

    def welcome(self, rows: Sequence[Issue], *, plan: RepoPlan, tally: Tally) -> None:
        """Take issues as if they had just been opened; one that was taken before makes no second event."""
        everything = Horizon(opened_from=None, since=None)
        for start in range(0, len(rows), CHUNK_ROWS):
            if tally.budget <= 0:
                tally.cut = True
                return
            before = tally.events
            kept = [self._storing.shown(issue, plan) for issue in rows[start : start + CHUNK_ROWS]]
            with self.db.transaction() as connection:
                for issue, shown in zip(rows[start : start + CHUNK_ROWS], kept, strict=True):
                    for event in changes.compare(None, issue, horizon=everything, bot_id=self.bot_id):
                        self._storing.enqueue(connection, event, plan=plan, tally=tally)
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

    def _look(self, before: Snapshot | None, issue: Issue, *, plan: RepoPlan, horizon: Horizon, tally: Tally) -> Seen:
        if changes.same(before, issue):
            shown = self._storing.shown_anew(issue, plan)
            return Seen(snapshot=None, issue=issue, shown=shown, updated_at=issue.updated_at)
        wanted = frozenset[EventKind]().union(*(agent.events for agent in plan.agents))
        if issue.is_pull_request:
            opened = changes.compare(before, issue, horizon=horizon, bot_id=self.bot_id, wanted=wanted)
            tally.budget -= bool(opened)
            return Seen(snapshot=None, events=opened, updated_at=issue.updated_at)
        tally.taken = True
        ours = self._ours(issue) if before is not None else ()
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
        return Seen(
            snapshot=seen,
            issue=issue,
            shown=self._storing.shown(issue, plan),
            comments=comments if needs.comments_since is None else None,
            history=history if needs.history else None,
            events=happened,
            orders=ordered.ordered(before, issue, comments or (), horizon=horizon, bot=self.bot, redact=self.redact)
            if listens
            else (),
            updated_at=issue.updated_at,
        )

    def _ours(self, issue: Issue) -> tuple[LogEntry, ...]:
        with self.db.read() as connection:
            return actions.entries(connection, issue=issue.ref)

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
