"""Finds the dashboard issue in a repository, or opens it: logged as sent before the request leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from foreman.approvals.page import TITLE, digest_of, is_dashboard, is_marked
from foreman.approvals.settling import AGENT
from foreman.errors import ForgeAuthError, ForgeError, ForgeUnavailable
from foreman.forge.base import ForgeReader, ForgeWriter
from foreman.log import get_logger
from foreman.model import Account, ActionState, Issue, IssueRef, Outcome, RepoRef
from foreman.store import actions, controls
from foreman.store.actions import NewAction, NewDecision
from foreman.store.database import Database
from foreman.values import dataclass

log = get_logger(__name__)

LOOK_AT = 100
"""Newest open issues among which ours is looked for."""


def new_task_id() -> str:
    """Return the id of a write that no task asked for."""
    return str(uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """Finds or opens.

    Attributes:
        db: The action log.
        reader: The forge, for looking.
        writer: The same forge.
        bot: Our own account.
        secret: Key of the mark on the page.
        now: Current time, aware UTC.
        settle_seconds: From a send without reply to the look that decides.
    """

    db: Database
    reader: ForgeReader
    writer: ForgeWriter
    bot: Account
    secret: str
    now: Callable[[], datetime]
    settle_seconds: float

    def find_or_open(self, repo: RepoRef, body: str) -> tuple[int | None, str, bool] | None:
        """Return the dashboard's number, the digest of its text, and whether it was opened just now.

        Noted and sent when it is its turn and not before: until then a pause takes effect.

        Args:
            repo: Where it is to be.
            body: Its text, should it have to be opened.

        Returns:
            None for the number when nobody knows yet whether it was opened; the executor finds that out. None for all
            of it when somebody paused writing meanwhile.

        Raises:
            ForgeError: It could not be looked for, or the forge refused.
        """
        found = self._among(self.reader.newest_open(repo, limit=LOOK_AT), repo)
        # One that a person closed is not opened a second time either, even where the database was lost.
        found = found or self._among(self.reader.probe(repo, etag="").issues, repo)
        if found is not None:
            return found.ref.number, digest_of(found.body), False
        action_id: int | None = None
        try:
            with self.writer.turn(repo):
                action_id = self._note(repo, body)
                if action_id is None:
                    return None
                opened = self.writer.open_issue(repo, TITLE, body)
        except ForgeError as error:
            if action_id is None:
                raise
            return self._came_to_nothing(action_id, error, repo)
        self._settle(action_id, Outcome(state=ActionState.DONE, undo={"number": opened.number}))
        log.info("dashboard_opened", issue=str(opened))
        return opened.number, digest_of(body), True

    def _came_to_nothing(self, action_id: int, error: ForgeError, repo: RepoRef) -> tuple[None, str, bool]:
        """Note that the forge refused, and raise; or that nobody knows, and say so."""
        if isinstance(error, ForgeUnavailable) and error.sent:
            later = self.now() + timedelta(seconds=self.settle_seconds)
            with self.db.transaction() as connection:
                actions.defer(connection, action_id, not_before=later, reason="the reply was lost")
            log.warning("reply_lost", repo=repo.key, action=action_id, reason=str(error))
            return None, "", False
        self._settle(action_id, Outcome(state=ActionState.FAILED, reason=str(error)))
        if isinstance(error, ForgeAuthError):
            log.error("dashboard_refused", repo=repo.key, do=f"let {self.bot.login} open issues there")
        raise error

    def _among(self, issues: Sequence[Issue], repo: RepoRef) -> Issue | None:
        """Return our dashboard; where none bears our mark one that bears another, from before a database was lost."""
        ours = [issue for issue in issues if issue.author.id == self.bot.id and is_dashboard(issue.body)]
        marked = [issue for issue in ours if is_marked(issue.body, secret=self.secret, repo=repo)]
        return next(iter([*marked, *ours]), None)

    def _note(self, repo: RepoRef, body: str) -> int | None:
        """Log the issue as sent; returns the action, None in a pause."""
        now = self.now()
        with self.db.transaction() as connection:
            if controls.paused(connection, repo):
                return None
            log_id = actions.record(
                connection,
                NewDecision(
                    issue=IssueRef(repo, 0),
                    task_id=new_task_id(),
                    agent=AGENT,
                    task_type=AGENT,
                    decision=AGENT,
                    author_id=self.bot.id,
                    actions=(
                        NewAction(
                            type="open_issue", payload={"title": TITLE, "body": body}, state=ActionState.PLANNED
                        ),
                    ),
                ),
                now=now,
            )
            action = actions.entry(connection, log_id).actions[0]
            return actions.mark_sent(connection, action.id, now=now).id

    def _settle(self, action_id: int, outcome: Outcome) -> None:
        with self.db.transaction() as connection:
            actions.settle(connection, action_id, outcome, now=self.now())
