"""What was learned, told to people: from how many issues, when, and from which probability on a label is sure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Connection

from foreman.config.effective import RepoPlan
from foreman.model import RepoRef
from foreman.priors import pools
from foreman.priors.retraining import LEAST_EXAMPLES
from foreman.store import priors
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStory:
    """One label in one repository.

    Attributes:
        label: Its name.
        issues: How many that bear it were learned from.
        threshold: From which probability on it is given without asking a model; None: never.
    """

    label: str
    issues: int
    threshold: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoStory:
    """One repository of a pool.

    Attributes:
        repo: Its key.
        issues: How many of its issues were learned from.
        sure: Of how many of them it was sure while they were held back.
        right: Of how many of those it was right.
        labels: What is known of each label.
    """

    repo: str
    issues: int
    sure: int
    right: int
    labels: tuple[LabelStory, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStory:
    """Repositories that learn together.

    Attributes:
        pool: Its name.
        repos: Which, whether anything was learned of them or not.
        labels: What may be offered in any of them.
        examples: Labelled issues that were learned from, or that there are so far.
        wanted: How many it takes before anything is learned.
        trained_at: When it was learned, aware UTC; None: not yet.
        seconds: How long that took.
        told: How well it is known, per repository.
    """

    pool: str
    repos: tuple[RepoRef, ...]
    labels: tuple[str, ...]
    examples: int
    wanted: int = LEAST_EXAMPLES
    trained_at: datetime | None = None
    seconds: float = 0.0
    told: tuple[RepoStory, ...] = ()


def describe(
    connection: Connection, plans: Iterable[RepoPlan], *, private: Callable[[RepoRef], bool]
) -> tuple[PoolStory, ...]:
    """Tell what was learned so far, or how much is missing.

    Args:
        connection: To read from.
        plans: What is configured now.
        private: Tells whether a repository is private; in doubt it is.

    Returns:
        One story per pool, by name.
    """
    found = []
    for pool in pools.pools(plans, private=private):
        known = priors.learned(connection, pool.key)
        if known is None:
            examples = len(pools.examples(connection, pool))
            found.append(PoolStory(pool=pool.key, repos=pool.repos, labels=pool.labels, examples=examples))
            continue
        told = tuple(
            RepoStory(
                repo=repo,
                issues=one["issues"],
                sure=one["sure"],
                right=one["right"],
                labels=tuple(
                    LabelStory(label=label, issues=issues, threshold=bound) for label, issues, bound in one["labels"]
                ),
            )
            for repo, one in sorted(known.facts.get("proofs", {}).items())
        )
        found.append(
            PoolStory(
                pool=pool.key,
                repos=pool.repos,
                labels=pool.labels,
                examples=int(known.facts.get("examples", 0)),
                trained_at=known.trained_at,
                seconds=float(known.facts.get("seconds", 0.0)),
                told=told,
            )
        )
    return tuple(found)
