"""What a dashboard tells of the last days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from foreman.app.digest import digest
from foreman.app.digest_page import section
from foreman.config.effective import RepoPlan
from foreman.store.database import Database

SPAN = timedelta(days=7)
"""How far back a dashboard looks, as `foreman digest` does."""


def news_of(db: Database, plans: Sequence[RepoPlan], *, public: bool, now: datetime) -> str:
    """Write what happened lately in repositories; asks no forge.

    Args:
        db: The store.
        plans: Of the repositories of which may be told.
        public: Everybody may read it.
        now: Current time, aware UTC.

    Returns:
        Markdown; empty where there is nothing to tell.
    """
    # From midnight on, so that the page does not change as the hours of a week ago go out of it.
    since = (now - SPAN).replace(hour=0, minute=0, second=0, microsecond=0)
    return section(digest(db, plans, since=since, now=now, posted=True), public=public)
