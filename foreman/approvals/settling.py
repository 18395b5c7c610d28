"""From a comment on the dashboard to what waits: who may, what for, and each comment once.

A comment with orders is one transaction: what they change, the entry in the action log, the mark that it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection

from foreman.approvals.orders import Order, orders_in
from foreman.approvals.page import lately_line
from foreman.approvals.state import LATELY, Listing, State, save
from foreman.errors import StoreError
from foreman.forge.base import ForgeReader
from foreman.log import get_logger
from foreman.model import Account, Comment, EventKind, IssueRef, RepoRef
from foreman.store import actions, memory
from foreman.store.actions import NewDecision
from foreman.store.database import Database
from foreman.values import dataclass

log = get_logger(__name__)

AGENT = "dashboard"
"""Under this name the log has what was ordered and written here."""

OVERLAP = timedelta(minutes=15)
"""Comments are read again for this long behind the newest: a forge may list one late."""


@dataclass(slots=True, kw_only=True)
class Clerk:
    """Reads the comments of one dashboard and settles what they order.

    Attributes:
        db: The action log.
        reader: The forge, asked what people may do.
        bot: Our own account.
        now: Current time, aware UTC.
    """

    db: Database
    reader: ForgeReader
    bot: Account
    now: Callable[[], datetime]
    _may: dict[tuple[RepoRef, int], bool] = field(default_factory=dict)

    def read(self, issue: IssueRef, state: State, *, genuine: bool) -> tuple[State, int]:
        """Read the comments that are new.

        Args:
            issue: The dashboard.
            state: Where it stands.
            genuine: The page is as we wrote it. If not, nobody can have known what they ordered, and nothing counts.

        Returns:
            Where it stands now, and how many actions were settled.

        Raises:
            ForgeError: Could not look; what was settled before stays settled.
            StoreError: The database cannot be used.
        """
        self._may.clear()
        comments = self.reader.comments(issue, since=state.since)
        before, settled = state, 0
        for comment in comments:
            if comment.id not in state.handled:
                state, number = self._take(issue, state, comment, genuine=genuine)
                settled += number
        state = _moved_on(state, comments)
        if state != before:
            with self.db.transaction() as connection:
                save(connection, issue.repo, state)
        return state, settled

    def _take(self, issue: IssueRef, state: State, comment: Comment, *, genuine: bool) -> tuple[State, int]:
        state = state.model_copy(
            update={"handled": (*state.handled, comment.id), "newest": max(state.newest, comment.id)}
        )
        orders = self._orders(comment, state.listed)
        if not orders:
            return state, 0
        objections = {digest: self._objection(comment, digest, state, genuine=genuine) for digest in orders}
        now = self.now()
        settled = 0
        with self.db.transaction() as connection:
            listed, lately, told = dict(state.listed), list(state.lately), []
            for digest, order in orders.items():
                what = objections[digest] or self._settle(connection, comment, order, digest, listed[digest], now=now)
                if not objections[digest]:
                    listed.pop(digest)
                    settled += 1
                lately.append(lately_line(digest, what, comment.author.login))
                told.append({"order": order.verb, "hash": digest, "action": state.listed[digest].action, "came": what})
            self._note(connection, issue, comment, told, now=now)
            state = state.model_copy(update={"listed": listed, "lately": tuple(lately[-LATELY:])})
            save(connection, issue.repo, state)
        for row in told:
            log.info("dashboard_order", issue=str(issue), by=comment.author.login, by_id=comment.author.id, **row)
        return state, settled

    def _orders(self, comment: Comment, listed: Mapping[str, Listing]) -> dict[str, Order]:
        """Return orders by the full hash of the one listed action each names; a hash that is not listed is nothing."""
        if comment.author.id in (0, self.bot.id) or comment.author.is_bot:
            return {}
        found: dict[str, Order] = {}
        for order in orders_in(comment.body, bot=self.bot.login):
            meant = [digest for digest in listed if digest.startswith(order.digest)]
            if len(meant) == 1:
                found.setdefault(meant[0], order)
        return found

    def _objection(self, comment: Comment, digest: str, state: State, *, genuine: bool) -> str:
        """Return why an order does not count, empty when it does."""
        listing = state.listed[digest]
        if comment.updated_at != comment.created_at:
            return "not settled: the comment was edited"
        if not genuine:
            return "not settled: somebody had changed this page"
        if comment.id <= listing.after:
            return "not settled: the order came before the entry"
        with self.db.read() as connection:
            where = actions.get(connection, listing.action).issue.repo
        return "" if self._may_write(where, comment.author) else "not settled: no right to write to that repository"

    def _may_write(self, repo: RepoRef, account: Account) -> bool:
        key = (repo, account.id)
        if key not in self._may:
            self._may[key] = self.reader.permission(repo, account).may_write
        return self._may[key]

    def _settle(
        self, connection: Connection, comment: Comment, order: Order, digest: str, listing: Listing, *, now: datetime
    ) -> str:
        """Carry an order out; returns what came of it."""
        by = comment.author.login
        try:
            action = actions.get(connection, listing.action)
            if action.payload_hash != digest:
                return "not settled: it is another action now"
            if action.replaced:
                return f"not settled: it {action.replaced}"
            if order.verb == "approve":
                # From the moment it was written on: what happens after that the person cannot have known.
                approved_at = min(comment.created_at, now)
                actions.approve(connection, action.id, by=by, now=approved_at, payload_hash=digest)
            else:
                actions.reject(connection, action.id, by=by, because=order.because, now=now)
        except ValueError:
            return "not settled: it does not wait any more"
        except StoreError as error:
            return f"not settled: {error}"
        memory.refresh(connection, action.issue, now=now)
        return "approved" if order.verb == "approve" else "rejected"

    def _note(
        self,
        connection: Connection,
        issue: IssueRef,
        comment: Comment,
        told: Sequence[Mapping[str, object]],
        *,
        now: datetime,
    ) -> None:
        actions.record(
            connection,
            NewDecision(
                issue=issue,
                task_id=str(uuid5(NAMESPACE_URL, f"{issue}|{comment.id}")),
                agent=AGENT,
                task_type=AGENT,
                decision=AGENT,
                event=EventKind.COMMENTED.value,
                author_id=self.bot.id,
                seen={
                    "comment_id": comment.id,
                    "by": comment.author.login,
                    "by_id": comment.author.id,
                    "orders": list(told),
                },
            ),
            now=now,
        )


def _moved_on(state: State, comments: Sequence[Comment]) -> State:
    """Move the start of the next reading; by the forge's own times, and never past what was read."""
    if not comments:
        return state
    since = max(comment.updated_at for comment in comments) - OVERLAP
    if state.since is not None:
        since = max(since, state.since)
    within = {comment.id for comment in comments if comment.updated_at >= since}
    handled = tuple(number for number in state.handled if number in within)
    return state.model_copy(update={"since": since, "handled": handled})
