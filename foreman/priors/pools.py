"""Which repositories learn together, and from what: the labels that people gave to their issues."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from foreman.config.effective import AgentPlan, RepoPlan
from foreman.learn import Correction, Example
from foreman.learn.features import MAX_BODY_CHARS, MAX_TITLE_CHARS
from foreman.learn.training import MOST_EXAMPLES
from foreman.model import IssueRef, RepoRef
from foreman.store import corrections, logged, mirror, mirror_facts, priors
from foreman.values import dataclass

CORRECTED_WEIGHT = 3.0
"""How many other issues one counts for where a person put something right."""

_NOT_PEOPLE = frozenset({"us", "bot"})
_MOST_CORRECTIONS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Repositories that learn together.

    Attributes:
        key: Name of the pool.
        repos: Which.
        labels: What may be offered in any of them, in order.
    """

    key: str
    repos: tuple[RepoRef, ...]
    labels: tuple[str, ...]


def categories(plan: AgentPlan) -> tuple[str, ...]:
    """Return the labels of which an issue bears one at the most: those the agent's `config` names with keywords."""
    named = plan.config.get("labels")
    wanted = tuple(named) if isinstance(named, Mapping) else ()
    aside = {plan.policy.stale_label, plan.config.get("stale_label"), plan.config.get("needs_info_label")}
    return tuple(str(label) for label in (wanted or plan.policy.labels_add) if label not in aside)


def pools(plans: Iterable[RepoPlan], *, private: Callable[[RepoRef], bool]) -> tuple[Pool, ...]:
    """Sort repositories into pools.

    Args:
        plans: What is configured; what is switched off and what offers no labels is left out.
        private: Tells whether a repository is private; in doubt it is.

    Returns:
        The pools, by name.
    """
    repos: dict[str, list[RepoRef]] = {}
    labels: dict[str, dict[str, None]] = {}
    for plan in plans:
        offered = [label for agent in plan.agents for label in categories(agent)] if plan.enabled else []
        if offered:
            key = priors.pool_of(plan.repo, private=private(plan.repo))
            repos.setdefault(key, []).append(plan.repo)
            labels.setdefault(key, {}).update(dict.fromkeys(offered))
    return tuple(Pool(key=key, repos=tuple(repos[key]), labels=tuple(labels[key])) for key in sorted(repos))


def examples(connection: Connection, pool: Pool) -> list[Example]:
    """Return the issues of a pool that people labelled; what we or other bots put on does not count.

    Args:
        connection: To read from.
        pool: Which.

    Returns:
        In the order of the repositories, the newest first. Confidential issues are none.
    """
    found = []
    for repo in pool.repos:
        by = mirror_facts.labels_of_repo(connection, repo)
        corrected = {
            one.issue.number for one in corrections.of_repo(connection, repo, _MOST_CORRECTIONS) if _counts(one)
        }
        for issue in mirror.of_repo(connection, repo, newest=MOST_EXAMPLES):
            who = by.get(issue.issue.number, {})
            labels = frozenset(label for label in issue.labels if who.get(label) not in _NOT_PEOPLE)
            if labels and not issue.confidential:
                found.append(
                    Example(
                        repo=repo.key,
                        title=issue.title[:MAX_TITLE_CHARS],
                        body=issue.body[:MAX_BODY_CHARS],
                        labels=labels,
                        at=issue.created_at,
                        weight=CORRECTED_WEIGHT if issue.issue.number in corrected else 1.0,
                    )
                )
    return found


def corrections_since(connection: Connection, repo: RepoRef, since: datetime) -> tuple[Correction, ...]:
    """Return what people said of single labels after a moment, the newest first; of what is not mirrored nothing."""
    found = []
    for one in corrections.of_repo(connection, repo, _MOST_CORRECTIONS):
        if one.at < since or not _counts(one):
            continue
        issue = mirror.get(connection, IssueRef(repo, one.issue.number))
        if issue is not None and not issue.confidential:
            fits = one.kind == "added"
            found.append(Correction(repo=repo.key, title=issue.title, body=issue.body, label=one.value, fits=fits))
    return tuple(found)


def _counts(correction: logged.Correction) -> bool:
    return correction.action_type == "add_label" and correction.kind in {"added", "removed", "rejected", "undone"}
