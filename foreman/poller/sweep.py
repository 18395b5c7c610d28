"""Once a day: which open issues has nobody touched for too long?"""

from __future__ import annotations

from datetime import datetime, timedelta

from foreman import changes
from foreman.config.effective import RepoPlan
from foreman.errors import ForgeNotFound
from foreman.forge.base import ForgeReader
from foreman.model import EventKind, Issue
from foreman.poller.intake import Intake, Tally
from foreman.store import actions
from foreman.store.database import Database

MOST_OPEN_ISSUES = 10_000
"""Open issues looked at in one repository: 100 requests a day."""

OURS_READ = 100
"""Issues whose comments are read to see whether only we spoke there lately: so many requests a day at the most."""


def find_stale(
    db: Database, reader: ForgeReader, intake: Intake, *, plan: RepoPlan, tally: Tally, now: datetime
) -> None:
    """Store a `stale` event for each open issue whose last human activity is too old, once per period.

    Args:
        db: Tells on which issues we acted ourselves.
        reader: The forge.
        intake: Takes the events.
        plan: `stale_days` stands in the config of an agent that takes `stale` events; the shortest counts.
        tally: Counted on.
        now: Current time, aware UTC.

    Raises:
        ForgeError: The forge did not answer.
    """
    after = stale_after(plan)
    if after is None:
        return
    rows = reader.newest_open(plan.repo, limit=MOST_OPEN_ISSUES)
    tally.requests += len(rows) // 100 + 1
    with db.read() as connection:
        ours = {
            entry.issue for entry in actions.entries(connection, repo=plan.repo, since=now - after, limit=OURS_READ)
        }
    found = []
    for issue in rows:
        if now - issue.created_at < after:
            continue
        last = issue.updated_at
        if now - last < after:
            # Something happened lately. Was it more than our own doing?
            if issue.ref not in ours:
                continue
            tally.requests += 1
            last = _last_human(reader, issue, bot_id=intake.bot_id)
        event = changes.stale(issue, last_human_at=last, after=after, now=now)
        if event is not None:
            found.append(event)
    intake.store_events(found, plan=plan, tally=tally)


def stale_after(plan: RepoPlan) -> timedelta | None:
    """Return after how long an issue of this repository is stale, None where nobody asks."""
    days = [agent.config.get("stale_days") for agent in plan.agents if EventKind.STALE in agent.events]
    numbers = [float(value) for value in days if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return timedelta(days=min(numbers)) if numbers and min(numbers) > 0 else None


def _last_human(reader: ForgeReader, issue: Issue, *, bot_id: int) -> datetime:
    try:
        comments = reader.comments(issue.ref)
    except ForgeNotFound:
        return issue.updated_at
    spoken = [comment.created_at for comment in comments if comment.author.id != bot_id and not comment.author.is_bot]
    return max([issue.created_at, *spoken])
