"""Until when a task waits that a bound on an agent's runs holds, so that nobody looks at its issue before.

Whoever waits for the same person's runs gets a moment of his own: when one run after the other is a day old, one task
after the other may begin.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from foreman.config.effective import Policy, RepoPlan
from foreman.gate.facts import Facts
from foreman.gate.reasons import Reason
from foreman.model import Hold, InboxState, RepoRef
from foreman.store import actions, inbox

_DAY = timedelta(days=1)
_SOON = timedelta(seconds=1)  # the log knows whole seconds
_HELD_AT = re.compile(rf"({Reason.RUNS_PER_ISSUE}|{Reason.RUNS_PER_PERSON}): (\d+) ")
_MOST = 100_000


def free_at(connection: Connection, hold: Hold, facts: Facts, policy: Policy) -> datetime | None:
    """Say when a bound leaves room for one more run.

    Args:
        connection: In the transaction that holds the task.
        hold: Why it is held.
        facts: What was known of its issue.
        policy: With the bounds.

    Returns:
        When the run that is too many is a day old, aware UTC; at the latest in a day. None where no bound on runs
        holds it, or where too many are only under way.
    """
    repo, since = facts.issue.ref.repo, facts.now - _DAY
    if hold.reason == Reason.RUNS_PER_PERSON:
        author = facts.issue.author.id
        times = actions.runs_at(connection, repo, since, author_id=author)
        before = inbox.held_for(connection, repo, author_id=author, reason=Reason.RUNS_PER_PERSON)
        place = len(times) - policy.max_runs_per_person_per_day + before
    elif hold.reason == Reason.RUNS_PER_ISSUE:
        times = actions.runs_at(connection, repo, since, number=facts.issue.ref.number)
        place = len(times) - policy.max_runs_per_issue_per_day
    else:
        return None
    if place < 0:
        return None
    return facts.now + _DAY if place >= len(times) else times[place] + _DAY + _SOON


def widened(connection: Connection, plan_of: Callable[[RepoRef], RepoPlan | None]) -> list[int]:
    """Find the tasks that were held by a bound which is wider now.

    Args:
        connection: To read from.
        plan_of: What is configured now.

    Returns:
        Their ids.
    """
    free = []
    for item in inbox.waiting(connection, states=(InboxState.HELD,), limit=_MOST):
        held, repo = _HELD_AT.match(item.reason), plan_of(item.issue.repo)
        plan = repo.agent(item.agent) if held is not None and repo is not None else None
        if held is None or plan is None:
            continue
        per_issue = held[1] == Reason.RUNS_PER_ISSUE
        most = plan.policy.max_runs_per_issue_per_day if per_issue else plan.policy.max_runs_per_person_per_day
        if int(held[2]) < most:
            free.append(item.id)
    return free
