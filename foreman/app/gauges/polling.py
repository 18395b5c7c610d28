"""How far polls are behind, for each repository where these are few, and at the worst for each forge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from foreman.app import readiness
from foreman.app.gauges.rows import age, metric
from foreman.config.effective import RepoPlan
from foreman.model import RepoRef
from foreman.server import Metric
from foreman.store.polls import PollState


def polls(
    plans: Sequence[RepoPlan],
    polled: Mapping[RepoRef, PollState],
    since: Mapping[RepoRef, datetime],
    now: datetime,
    *,
    named: bool,
) -> list[Metric]:
    """Return it.

    Args:
        plans: What is looked after now.
        polled: Where polling each stands.
        since: From when on each repository is.
        now: Current time, aware UTC.
        named: Show each repository by its name.

    Returns:
        Gauges; without names those of each repository have no sample.
    """
    rows = [(plan.repo, polled.get(plan.repo)) for plan in plans]
    ages = [(repo, age(one.last_ok_at, now)) for repo, one in rows if one is not None and one.last_ok_at is not None]
    lags = [
        (repo, age(one.next_poll_at, now)) for repo, one in rows if one is not None and one.next_poll_at is not None
    ]
    failures = [(repo, float(state.failures if state else 0)) for repo, state in rows]
    forges = dict.fromkeys(plan.repo.forge for plan in plans)
    late = {
        kind: readiness.lateness([plan for plan in plans if plan.repo.forge is kind], polled, since, now)
        for kind in forges
    }
    every = "foreman_poll_age_seconds", "foreman_poll_lag_seconds", "foreman_poll_failures"
    words = (
        "Since a repository was last read without trouble; not there before the first time.",
        "How long a poll has been due; 0 while none is.",
        "Polls in a row that failed.",
    )
    by_repo = [
        metric(name, text, [({"repo": repo.key}, value) for repo, value in values] if named else [])
        for name, text, values in zip(every, words, (ages, lags, failures), strict=True)
    ]
    return [
        *by_repo,
        metric(
            "foreman_repos",
            "Repositories that are looked after.",
            [({"forge": kind.value}, sum(plan.repo.forge is kind for plan in plans)) for kind in forges],
        ),
        metric(
            "foreman_repos_late",
            "Repositories that were not read for more than three intervals though they should have been.",
            [({"forge": kind.value}, len(one.overdue) + len(one.failing)) for kind, one in late.items()],
        ),
        _worst("foreman_poll_age_max_seconds", "The highest of all repositories' foreman_poll_age_seconds.", ages),
        _worst("foreman_poll_lag_max_seconds", "The highest of all repositories' foreman_poll_lag_seconds.", lags),
    ]


def _worst(name: str, text: str, values: Iterable[tuple[RepoRef, float]]) -> Metric:
    worst: dict[str, float] = {}
    for repo, value in values:
        worst[repo.forge.value] = max(value, worst.get(repo.forge.value, 0.0))
    return metric(name, text, [({"forge": forge}, value) for forge, value in worst.items()])
