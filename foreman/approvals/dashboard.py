"""Keeps the dashboards of one forge account: one issue in each repository that `policy.dashboard` names.

Runs in the thread that writes for the account. Every text is in the action log before it is sent: a changed one as a
planned action that the executor sends, a new issue by itself, since there is nothing yet for the executor to look at.
An issue that a person closed, locked or labelled `foreman:hold` is left alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from foreman.approvals import opening
from foreman.approvals.composing import Composer, listed
from foreman.approvals.news import Make, News, key_of, nothing
from foreman.approvals.page import digest_of
from foreman.approvals.privacy import Privacy
from foreman.approvals.settling import AGENT, Clerk
from foreman.approvals.state import State, save
from foreman.approvals.waiting import Look, dashboards, is_wanted, look_at
from foreman.config.effective import RepoPlan
from foreman.errors import ForgeAuthError, ForgeError, ForgeNotFound
from foreman.forge.base import ForgeReader, ForgeWriter
from foreman.log import get_logger
from foreman.model import Account, ActionState, Issue, IssueRef, RepoRef
from foreman.store import actions, inbox
from foreman.store.actions import NewAction, NewDecision
from foreman.store.database import Database

__all__ = ["AGENT", "Dashboard", "is_wanted"]

log = get_logger(__name__)

WRITE_EVERY = timedelta(seconds=60)
"""Least time between two changes of one page; twice as long after each time in a row that somebody else changed it."""

TROUBLE_PAUSE = timedelta(minutes=2)
"""Wait after the forge could not be asked and did not say for how long."""

HANDS_OFF_PAUSE = timedelta(hours=1)
"""Wait after the issue was found closed, gone or somebody else's, or its repository closed to us."""

HOLD_LABEL = "foreman:hold"


class Dashboard:
    """Tends every dashboard of one account. Used by one thread."""

    def __init__(
        self,
        *,
        db: Database,
        reader: ForgeReader,
        writer: ForgeWriter,
        bot: Account,
        marker_secret: str,
        plans: Callable[[], Sequence[RepoPlan]],
        now: Callable[[], datetime],
        settle_seconds: float,
        stop: threading.Event,
        news: Make = nothing,
    ) -> None:
        """Keep the ports.

        Args:
            db: The action log.
            reader: The forge, for looking.
            writer: The same forge, for opening the issue.
            bot: Our own account there.
            marker_secret: Key of the mark on the page.
            plans: What is configured now, of any forge.
            now: Current time, aware UTC.
            settle_seconds: From a send without reply to the look that decides.
            stop: When set, nothing more is begun.
            news: Writes what happened lately in repositories.
        """
        self._db = db
        self._reader = reader
        self._bot = bot
        self._plans = plans
        self._now = now
        self._stop = stop
        self._clerk = Clerk(db=db, reader=reader, bot=bot, now=now)
        privacy = Privacy(reader, now)
        self._news = News(news, privacy, now)
        self._composer = Composer(db=db, privacy=privacy, bot=bot, secret=marker_secret)
        self._opener = opening.Opener(
            db=db, reader=reader, writer=writer, bot=bot, secret=marker_secret, now=now, settle_seconds=settle_seconds
        )
        self._next: dict[RepoRef, datetime] = {}
        self._shut: dict[RepoRef, tuple[datetime, int | None]] = {}

    @property
    def wanted(self) -> bool:
        """Whether any repository has one."""
        return bool(dashboards(self._plans(), self._reader.kind))

    def due(self) -> bool:
        """Return whether something is to be written now."""
        return any(
            self._must_write(repo, look_at(self._db, repo, plans))
            for repo, plans in dashboards(self._plans(), self._reader.kind).items()
        )

    def tend(self) -> bool:
        """Read new orders and bring every page up to date, as far as it is time.

        Returns:
            Whether anything was settled or is to be written.

        Raises:
            ForgeAuthError: The token is not valid any more (401).
            StoreError: The database cannot be used, or the daemon's lease is gone.
        """
        did = False
        for repo, plans in dashboards(self._plans(), self._reader.kind).items():
            if self._stop.is_set():
                break
            try:
                did = self._tend(repo, plans) or did
            except ForgeError as error:
                if isinstance(error, ForgeAuthError) and error.status != 403:
                    raise
                pause = TROUBLE_PAUSE if error.transient else HANDS_OFF_PAUSE
                self._leave(repo, error.retry_at or self._now() + pause, str(error))
        return did

    def _must_write(self, repo: RepoRef, look: Look) -> bool:
        wanted = (look.stale or self._news.due(repo)) and not look.busy
        return wanted and not self._is_shut(repo, look.state) and self._may_write(look)

    def _may_write(self, look: Look) -> bool:
        pause = WRITE_EVERY * 2 ** min(look.state.rewrites, 6)
        written = look.state.written_at
        return not look.paused and (written is None or self._now() - written >= pause)

    def _tend(self, repo: RepoRef, plans: Sequence[RepoPlan]) -> bool:
        look, now = look_at(self._db, repo, plans), self._now()
        if look.busy or self._is_shut(repo, look.state):
            return False
        told_anew = not look.paused and self._news.look(repo, plans, look.state, self._at_work)
        if told_anew:
            look = look_at(self._db, repo, plans)  # What was decided while the news were gathered is told with them.
        if not (look.waiting or look.stale or told_anew):
            return False
        if now < self._next.get(repo, now) and not self._must_write(repo, look):
            return False
        interval = min(plan.interval_seconds for plan in plans)
        self._next[repo] = now + timedelta(seconds=max(interval, 1.0))
        number = look.state.number
        if number is None:
            return not look.paused and self._open(repo, look, plans)
        issue = self._issue(IssueRef(repo, number), look.state)
        if issue is None:
            return False
        if look.state.gone:  # it was not, after all
            look = self._found_again(repo, look, plans)
        genuine = digest_of(issue.body) == look.state.digest
        state, settled = self._clerk.read(issue.ref, look.state, genuine=genuine)
        look = look_at(self._db, repo, plans)
        if (look.stale or told_anew or not genuine) and self._may_write(look):
            self._plan_edit(issue, look, plans, rewrites=0 if genuine else state.rewrites + 1)
            return True
        return settled > 0

    def _open(self, repo: RepoRef, look: Look, plans: Sequence[RepoPlan]) -> bool:
        news = self._news.text(repo, plans)
        page = self._composer.page(repo, look, news)
        found = self._opener.find_or_open(repo, page.body)
        if found is None:
            return False
        number, digest, opened = found
        if number is None:
            self._leave(repo, self._now() + TROUBLE_PAUSE, "the dashboard could not be opened; see the log")
            return True
        # On an issue from an earlier life nothing counts that was ordered before it is written anew.
        state = look.state.model_copy(
            update={
                "number": number,
                "digest": digest,
                "covers": look.covers if opened else "",
                "news": key_of(news) if opened else "",
                "listed": listed(look, page, after=0) if opened else {},
                "written_at": self._now() if opened and look.waiting else None,
                "told_at": self._now() if opened else None,
            }
        )
        with self._db.transaction() as connection:
            save(connection, repo, state)
        return True

    def _issue(self, ref: IssueRef, state: State) -> Issue | None:
        """Return the dashboard, None where hands are to be kept off it."""
        try:
            issue = self._reader.issue(ref)
        except ForgeNotFound as error:
            # A person may have deleted it: then no other is opened until one asks for it.
            with self._db.transaction() as connection:
                save(connection, ref.repo, state.model_copy(update={"gone": True}))
            self._leave(ref.repo, self._now() + HANDS_OFF_PAUSE, f"the dashboard is gone ({error})", ref.number)
            return None
        if issue.author.id != self._bot.id:
            self._leave(ref.repo, self._now() + HANDS_OFF_PAUSE, f"{ref} is not ours", ref.number)
        elif issue.state != "open" or issue.locked or HOLD_LABEL in {label.casefold() for label in issue.labels}:
            reason = f"{ref} is closed, locked or held by a person"
            self._leave(ref.repo, self._now() + HANDS_OFF_PAUSE, reason, ref.number)
        else:
            return issue
        return None

    def _found_again(self, repo: RepoRef, look: Look, plans: Sequence[RepoPlan]) -> Look:
        with self._db.transaction() as connection:
            save(connection, repo, look.state.model_copy(update={"gone": False}))
        return look_at(self._db, repo, plans)

    def _plan_edit(self, issue: Issue, look: Look, plans: Sequence[RepoPlan], *, rewrites: int) -> None:
        """Log the new text as an action; the executor sends it."""
        news = self._news.text(issue.ref.repo, plans)
        page, now = self._composer.page(issue.ref.repo, look, news), self._now()
        # After a page that somebody changed, everything counts as listed anew.
        known = None if rewrites else look.state.listed
        shown = listed(look, page, after=look.state.newest, known=known)
        with self._db.transaction() as connection:
            actions.record(
                connection,
                NewDecision(
                    issue=issue.ref,
                    task_id=opening.new_task_id(),
                    agent=AGENT,
                    task_type=AGENT,
                    decision=AGENT,
                    author_id=self._bot.id,
                    seen={"issue_id": issue.id, "waiting": sorted(row.action for row in shown.values())},
                    actions=(NewAction(type="edit_issue", payload={"body": page.body}, state=ActionState.PLANNED),),
                ),
                now=now,
            )
            update = {
                "listed": shown,
                "digest": digest_of(page.body),
                "covers": look.covers,
                "news": key_of(news),
                # What is only told anew does not keep back what waits.
                "written_at": now if look.stale or rewrites else look.state.written_at,
                "told_at": now,
                "rewrites": rewrites,
            }
            save(connection, issue.ref.repo, look.state.model_copy(update=update))

    def _at_work(self) -> bool:
        with self._db.read() as connection:
            return bool(inbox.claimed_tasks(connection)) or inbox.oldest_ready(connection) is not None

    def _is_shut(self, repo: RepoRef, state: State) -> bool:
        until, number = self._shut.get(repo, (None, None))
        return until is not None and self._now() < until and number in {None, state.number}

    def _leave(self, repo: RepoRef, until: datetime, reason: str, number: int | None = None) -> None:
        """Keep hands off for a while: of one issue, or of whatever is there."""
        self._shut[repo] = (until, number)
        log.warning("dashboard_left_alone", repo=repo.key, reason=reason, until=until.isoformat())
