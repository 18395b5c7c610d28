"""Makes the text of a dashboard out of what waits, and says what that text lists."""

from __future__ import annotations

from collections.abc import Mapping

from foreman.approvals.page import Page, Waiting, render
from foreman.approvals.privacy import Privacy
from foreman.approvals.state import Listing
from foreman.approvals.waiting import Look, fingerprint
from foreman.model import Account, RepoRef
from foreman.store import actions
from foreman.store.database import Database
from foreman.values import dataclass

MOST = 200
"""So many entries get their issue's title; more never fit on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """Writes pages; sends nothing.

    Attributes:
        db: The action log, for the titles.
        privacy: What may be shown where.
        bot: Our own account, which the page says how to call.
        secret: Key of the mark on the page.
    """

    db: Database
    privacy: Privacy
    bot: Account
    secret: str

    def page(self, repo: RepoRef, look: Look, news: str) -> Page:
        """Write a page.

        Args:
            repo: Where the dashboard is.
            look: What waits.
            news: What it tells of the last days.

        Returns:
            The text, and what of all that waits it shows.

        Raises:
            ForgeError: Nobody could tell whether a repository is private.
        """
        shown = [action for action in look.waiting if self.privacy.may_show(action.issue.repo, on=repo)]
        with self.db.read() as connection:
            titles = {row.log_id: actions.entry(connection, row.log_id).seen.get("title") for row in shown[:MOST]}
        return render(
            [
                Waiting(
                    action=action,
                    title=str(titles.get(action.log_id) or ""),
                    confidential=action.id in look.confidential,
                )
                for action in shown
            ],
            unseen=len(look.waiting) - len(shown),
            lately=look.state.lately,
            bot=self.bot.login,
            secret=self.secret,
            repo=repo,
            news=news,
        )


def listed(look: Look, page: Page, *, after: int, known: Mapping[str, Listing] | None = None) -> dict[str, Listing]:
    """Say what a page lists, so that an order about it is known for what it meant.

    Args:
        look: What waits.
        page: As it was written.
        after: Orders about what was not listed before count only in comments newer than this one.
        known: What the page before it listed.

    Returns:
        By payload hash.
    """
    found = {}
    for action in look.waiting:
        digest = action.payload_hash
        if digest in page.listed:
            before = (known or {}).get(digest)
            fresh = Listing(action=action.id, after=after, fingerprint=fingerprint(action))
            found[digest] = before if before and before.fingerprint == fresh.fingerprint else fresh
    return found
