"""Does a comment order anything? Asked of the forge each time; whoever cannot be asked about orders nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import datetime, timedelta

from foreman.commands import heard_on
from foreman.config.effective import RepoPlan
from foreman.forge.base import ForgeReader
from foreman.model import Account, RepoRef
from foreman.store import commands
from foreman.store.commands import Ordered
from foreman.store.database import Database
from foreman.values import dataclass

MOST_AN_HOUR = 30
"""Comments with orders taken from one person in an hour."""

PATIENCE = timedelta(days=1)
"""How long a comment waits for a forge that cannot be asked."""

NOT_AGAIN_FOR = timedelta(minutes=10)
"""How long somebody who may not write is taken for that without asking; who may is asked about each time."""


@dataclass(slots=True, kw_only=True)
class Standing:
    """Says who may order something.

    Attributes:
        db: The store.
        reader: The forge, asked what people may do.
        bot: Our own account there.
        now: Current time, aware UTC.
    """

    db: Database
    reader: ForgeReader
    bot: Account
    now: Callable[[], datetime]
    _refused: dict[tuple[RepoRef, int], datetime] = field(default_factory=dict)

    def objection(self, ordered: Ordered, plan: RepoPlan | None) -> str:
        """Return why a comment orders nothing.

        Args:
            ordered: The comment.
            plan: What is configured for its repository now; None for nothing.

        Returns:
            One line for the log; empty when it does.

        Raises:
            ForgeError: Nobody could find out.
        """
        repo, now = ordered.issue.repo, self.now()
        if plan is None or not heard_on(plan):
            return "nothing is ordered by comment in this repository"
        if ordered.seen_at is not None and now - ordered.seen_at > PATIENCE:
            return f"the forge could not be asked: {ordered.reason}"
        with self.db.read() as connection:
            lately = commands.taken_since(connection, ordered.author_id, now - timedelta(hours=1))
        if lately >= MOST_AN_HOUR:
            return f"more than {MOST_AN_HOUR} comments with orders in an hour"
        if not self._may_write(repo, Account(login=ordered.author, id=ordered.author_id)):
            return "no right to write to the repository"
        given = self.reader.reactions(ordered.issue, ordered.comment_id)
        # A database that was brought back from a copy does not know what was done since.
        return "answered before" if any(one.author.id == self.bot.id for one in given) else ""

    def _may_write(self, repo: RepoRef, who: Account) -> bool:
        now = self.now()
        refused_at = self._refused.get((repo, who.id))
        if refused_at is not None and timedelta(0) <= now - refused_at < NOT_AGAIN_FOR:
            return False
        if self.reader.permission(repo, who).may_write:
            return True
        self._refused = {whose: at for whose, at in self._refused.items() if now - at < NOT_AGAIN_FOR}
        self._refused[repo, who.id] = now
        return False
