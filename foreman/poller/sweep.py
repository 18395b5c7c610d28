"""Once a day: which open issues has nobody touched for too long, and what do people think of what we said?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from foreman import changes
from foreman.config.effective import AgentPlan, RepoPlan
from foreman.errors import ForgeGone, ForgeMoved, ForgeNotFound, ForgeRejected
from foreman.forge.base import ForgeReader
from foreman.gate import admission, staleness
from foreman.model import INSIDERS, Account, ActionState, Event, EventKind, Issue
from foreman.poller.intake import Intake
from foreman.poller.tally import Tally
from foreman.store import actions, closing, events, memory, mirror, reactions
from foreman.store.database import Database

MOST_OPEN_ISSUES = 10_000
"""Open issues looked at in one repository: 100 requests a day."""

STALE_A_DAY = 10
"""Stale events of one repository in one day, those first that are quiet for longest: an old repository gets no flood
of reminders on the day Foreman comes. The others follow on the next days."""

OURS_READ = 100
"""Issues whose comments are read to see whether only we spoke there lately: so many requests a day at the most."""

REACTIONS_REACH = timedelta(days=14)
"""How old a comment of ours may be for its reactions to be read once a day."""

REACTIONS_READ = 50
"""Issues of one repository whose reactions are read each day: so many requests at the most."""

HELD_READ = 50
"""Issues of one repository with actions that wait for a person, which are looked for each day."""


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
        reminders = closing.reminders(connection, plan.repo)
    found = []
    for issue in rows:
        if now - issue.created_at < after or _is_kept(issue, plan):
            continue
        late = _overdue(issue, plan, reminders, now)
        if late is not None:
            found.append(late)
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
    with db.read() as connection:
        had = events.counts(connection, plan.repo, EventKind.STALE)
    # Who had the fewest so far comes first, or some of too many would never have their turn.
    found.sort(key=lambda event: (had.get(event.issue.number, 0), event.occurred_at))
    intake.store_events(found, plan=plan, tally=tally, most=STALE_A_DAY)


def hear_reactions(
    db: Database, reader: ForgeReader, *, plan: RepoPlan, bot: Account, tally: Tally, now: datetime
) -> None:
    """Read what people think of the last comment of ours on each issue that got one lately.

    A reaction moves no time that is polled, so this is all that tells of it where nothing else happens.

    Args:
        db: Tells which comments are ours; the reactions go there.
        reader: The forge.
        plan: What is configured for the repository.
        bot: Our own account.
        tally: Counted on.
        now: Current time, aware UTC.

    Raises:
        ForgeError: The forge did not answer.
    """
    with db.read() as connection:
        ours = reactions.comments_of_ours(connection, plan.repo, since=now - REACTIONS_REACH, limit=REACTIONS_READ)
    for issue, comment_id in ours:
        tally.requests += 1
        try:
            found = reader.reactions(issue, comment_id)
        except (ForgeNotFound, ForgeMoved, ForgeRejected):
            continue  # the comment or the issue is gone
        with db.read() as connection:
            known = {one.reaction.id for one in reactions.of_comment(connection, issue, comment_id)}
        if known == {reaction.id for reaction in found}:
            continue
        with db.transaction() as connection:
            if reactions.note(connection, issue, comment_id, found, bot=bot, now=now):
                memory.refresh(connection, issue, now=now)


def let_go(db: Database, reader: ForgeReader, *, plan: RepoPlan, tally: Tally, now: datetime) -> None:
    """Give up what waits for a person about an issue that was deleted or moved: nobody could have it done any more.

    Args:
        db: The action log.
        reader: The forge.
        plan: What is configured for the repository.
        tally: Counted on.
        now: Current time, aware UTC.

    Raises:
        ForgeError: The forge did not answer.
    """
    with db.read() as connection:
        waiting = dict.fromkeys(action.issue for action in actions.held(connection, plan.repo) if action.issue.number)
    for issue in list(waiting)[:HELD_READ]:
        tally.requests += 1
        try:
            reader.issue(issue)
        except (ForgeGone, ForgeMoved) as error:
            with db.transaction() as connection:
                mine = [action.id for action in actions.held(connection, plan.repo) if action.issue == issue]
                actions.cancel(connection, mine, state=ActionState.FAILED, reason=str(error), now=now)
                memory.refresh(connection, issue, now=now)
                mirror.forget(connection, issue)
        except (ForgeNotFound, ForgeRejected):
            continue  # hidden for a while, perhaps


def stale_after(plan: RepoPlan) -> timedelta | None:
    """Return after how long an issue of this repository is stale, None where nobody asks."""
    days = [agent.config.get("stale_days") or _by_default(agent) for agent in _asked(plan)]
    numbers = [float(value) for value in days if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return timedelta(days=min(numbers)) if numbers and min(numbers) > 0 else None


def _by_default(agent: AgentPlan) -> int | None:
    """Return the usual number of days for an agent that has a label for stale issues and no number of its own."""
    return agent.policy.stale_days if agent.policy.stale_label else None


def _overdue(issue: Issue, plan: RepoPlan, reminders: Mapping[int, datetime], now: datetime) -> Event | None:
    """Return the event of a reminder that was not answered, where closing is allowed."""
    days = [agent.policy.close_after_days for agent in _asked(plan) if agent.policy.allow_close]
    reminded_at = reminders.get(issue.ref.number)
    if not days or reminded_at is None:
        return None
    return changes.overdue(issue, reminded_at=reminded_at, after=timedelta(days=min(days)), now=now)


def _is_kept(issue: Issue, plan: RepoPlan) -> bool:
    """Return whether the row alone tells that the gate will call this issue stale for no agent."""
    if staleness.keeps(issue) or issue.role in INSIDERS:
        return True
    return all(admission.carried(issue.labels, agent.policy.exempt_labels) for agent in _asked(plan))


def _asked(plan: RepoPlan) -> tuple[AgentPlan, ...]:
    return tuple(agent for agent in plan.agents if EventKind.STALE in agent.events)


def _last_human(reader: ForgeReader, issue: Issue, *, bot_id: int) -> datetime:
    try:
        comments = reader.comments(issue.ref)
    except ForgeNotFound:
        return issue.updated_at
    spoken = [comment.created_at for comment in comments if comment.author.id != bot_id and not comment.author.is_bot]
    return max([issue.created_at, *spoken])
