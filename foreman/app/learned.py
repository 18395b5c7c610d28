"""What `foreman status` tells of learned labels, by the store alone; no text is read for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from foreman.config.effective import RepoPlan
from foreman.model import RepoRef
from foreman.priors import RepoStory, describe
from foreman.priors.pools import categories
from foreman.priors.retraining import LEAST_EXAMPLES
from foreman.store import labelled, priors
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned from the labels of repositories that learn together.

    Attributes:
        pool: Its name; of a repository of which nothing is learned its key.
        repos: Which.
        issues: Labelled ones that were learned from, or that there are so far.
        wanted: How many it takes.
        trained_at: When it was learned, aware UTC; None: not yet.
        labels: Those it can tell.
        sure: Share of its issues of which it was sure while they were held back; None where nobody knows.
        right: Share of these of which it was right.
        told: The same for each repository, with the bound above which each label is sure.
    """

    pool: str
    repos: tuple[str, ...]
    issues: int
    wanted: int = LEAST_EXAMPLES
    trained_at: datetime | None = None
    labels: tuple[str, ...] = ()
    sure: float | None = None
    right: float | None = None
    told: tuple[RepoStory, ...] = ()


def learned(connection: Connection, plans: Sequence[RepoPlan]) -> Iterator[Learned]:
    """Tell what was learned, or how much is missing.

    Args:
        connection: To read from.
        plans: What is configured now.

    Yields:
        One for each pool that has learned, then one for each repository that has not.
    """
    wanted = [plan for plan in plans if plan.enabled and plan.mirror_issues and any(map(categories, plan.agents))]
    with_model = [plan for plan in wanted if _has_model(connection, plan.repo)]
    for story in describe(connection, with_model, private=lambda repo: _alone(connection, repo)):
        issues, sure = sum(one.issues for one in story.told), sum(one.sure for one in story.told)
        known = dict.fromkeys(label.label for one in story.told for label in one.labels if label.issues)
        yield Learned(
            pool=story.pool,
            repos=tuple(repo.key for repo in story.repos),
            issues=story.examples,
            wanted=story.wanted,
            trained_at=story.trained_at,
            labels=tuple(known),
            sure=sure / issues if issues else None,
            right=sum(one.right for one in story.told) / sure if sure else None,
            told=story.told,
        )
    for plan in wanted:
        if plan not in with_model:
            count = labelled.by_people(connection, plan.repo)
            yield Learned(pool=plan.repo.key, repos=(plan.repo.key,), issues=count)


def _has_model(connection: Connection, repo: RepoRef) -> bool:
    return any(priors.learned(connection, priors.pool_of(repo, private=private)) for private in (True, False))


def _alone(connection: Connection, repo: RepoRef) -> bool:
    """Return whether a repository has learned by itself, as private ones do; that is told by what is kept."""
    return priors.learned(connection, priors.pool_of(repo, private=True)) is not None
