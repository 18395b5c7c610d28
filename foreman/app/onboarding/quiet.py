"""What a repository's history says about quiet issues: which are to be left alone, and when one is stale. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from foreman.app.onboarding.roles import LabelRole
from foreman.app.onboarding.survey import Survey
from foreman.model import Issue
from foreman.values import dataclass

OLD = timedelta(days=180)
"""A label whose issues stay open so long is one that keeps them."""

ALWAYS_EXEMPT = ("pinned", "security", "help wanted")
"""What Foreman leaves alone by default; said once more, since a list replaces the default."""

STALE_DAYS = 30
_MOST_STALE_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class StalePolicy:
    """When an issue whose reporter owes an answer is stale.

    Attributes:
        active: Foreman is to look for stale issues.
        days: Until then.
        label: That marks them; empty for none.
        why: The evidence, for people.
    """

    active: bool
    days: int
    label: str
    why: str


def exempt(survey: Survey, roles: Mapping[str, LabelRole], now: datetime) -> tuple[tuple[str, str], ...]:
    """Return the labels that keep an issue from going stale or being closed, with what found each.

    Args:
        survey: What was seen.
        roles: What each label is for.
        now: Current time, aware UTC.

    Returns:
        Label and evidence; none for the usual ones.
    """
    found = dict.fromkeys(ALWAYS_EXEMPT, "")
    found |= {name: "by its name" for name, role in roles.items() if role is LabelRole.EXEMPT and name not in found}
    bot = survey.keeping.stale_bot
    if bot is not None:
        found |= {name: f"from {bot.path}" for name in bot.exempt if name not in found}
    old = [issue for issue in survey.issues if issue.state == "open" and now - issue.created_at > OLD]
    for name, count in Counter(name for issue in old for name in issue.labels).items():
        # What an issue is about does not keep it open; a promise does.
        if (
            count >= 3
            and name not in found
            and roles.get(name) is LabelRole.CHORE
            and _stays_open(name, survey.issues)
        ):
            found[name] = f"{count} open issues with it are older than {OLD.days} days"
    return tuple(found.items())


def _stays_open(name: str, issues: Sequence[Issue]) -> bool:
    states = [issue.state for issue in issues if name in issue.labels]
    return states.count("open") * 2 > len(states)


def stale(survey: Survey, roles: Mapping[str, LabelRole], uses: Counter[str]) -> StalePolicy:
    """Tell when an issue is stale here, if at all: only where people marked some, and no other bot does.

    Args:
        survey: What was seen.
        roles: What each label is for.
        uses: How many issues carry each label.

    Returns:
        The policy, with its evidence.
    """
    label = most_used(roles, uses, LabelRole.STALE)
    bot = survey.keeping.stale_bot
    days = _stale_days(survey)
    answer = survey.answer_days
    told = f"; the project answers in {_in_days(answer)} (median)" if answer is not None else ""
    if bot is not None:
        why = f"{bot.path} does it already, and two would remind twice: take it out there before you switch it on here"
        return StalePolicy(active=False, days=bot.days or days, label=label or bot.label, why=why)
    if label and (uses[label] or not survey.issues):
        return StalePolicy(active=True, days=days, label=label, why=f"{label!r} is on {uses[label]} issues{told}")
    if label:
        why = f"{label!r} exists and is on none of {len(survey.issues)} issues{told}"
    else:
        why = f"no label here marks stale issues{told}"
    return StalePolicy(active=False, days=days, label=label, why=why)


def _stale_days(survey: Survey) -> int:
    """Give reporters a month, twice as long as the project takes itself, and what nearly all of them took before."""
    wanted = [float(STALE_DAYS), 2 * (survey.answer_days or 0)]
    replies = sorted(survey.replies)
    if len(replies) >= 5:
        wanted.append(1.5 * (replies[math.ceil(len(replies) * 0.9) - 1] / timedelta(days=1)))
    return min(_MOST_STALE_DAYS, math.ceil(max(wanted) / 5) * 5)


def _in_days(days: float) -> str:
    if days < 1:
        return f"{max(1, round(days * 24))} h"
    return f"{days:.0f} {'day' if round(days) == 1 else 'days'}"


def most_used(roles: Mapping[str, LabelRole], uses: Counter[str], role: LabelRole) -> str:
    """Return the label of a role that most issues carry, the shortest of several; empty for none."""
    named = [name for name, own in roles.items() if own is role]
    return min(named, key=lambda name: (-uses[name], len(name), name), default="")
