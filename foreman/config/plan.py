"""From the file to what holds for one repository and agent. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from foreman.config.effective import DOCS, STALE_DAYS, AgentPlan, Policy, RepoPattern, RepoPlan
from foreman.config.entries import Repo, RepoAgent
from foreman.config.models import Config
from foreman.config.policy import AgentConfig, merged
from foreman.model import EventKind, RepoRef


def plan(config: Config, found: Mapping[RepoPattern, Sequence[RepoRef]]) -> tuple[RepoPlan, ...]:
    """Work out what holds for each repository.

    An entry of its own goes before every pattern; of the patterns, disabled ones too, the first that takes a
    repository by its name has it.

    Args:
        config: As loaded.
        found: Which repositories there are of each pattern.

    Returns:
        One plan per repository, in the order of the file, disabled ones included.
    """
    entries = _Entries(config)
    places: list[list[RepoRef]] = [[] if repo.pattern else [repo.ref] for repo in config.repos]
    seen = {_folded(repo) for repos in places for repo in repos}
    for repo in (repo for repos in found.values() for repo in repos):
        place = entries.place_of(repo)
        if place is not None and _folded(repo) not in seen:
            seen.add(_folded(repo))
            places[place].append(repo)
    plans: list[RepoPlan] = []
    for entry, repos in zip(config.repos, places, strict=True):
        if repos:
            first = of_entry(config, entry, repos[0])
            plans += (replace(first, repo=repo) for repo in repos)
    return tuple(plans)


def plan_of(config: Config, repo: RepoRef) -> RepoPlan | None:
    """Work out what holds for one repository, whether or not it was ever looked up.

    Args:
        config: As loaded.
        repo: Which one.

    Returns:
        Its plan; None where no entry and no pattern is for it.
    """
    index = entry_of(config, repo)
    if index is None:
        return None
    entry = config.repos[index]
    return of_entry(config, entry, repo if entry.pattern else entry.ref)


def entry_of(config: Config, repo: RepoRef) -> int | None:
    """Return the index of the entry of `repos` that is for a repository; None where there is none."""
    return _Entries(config).place_of(repo)


def of_entry(config: Config, repo: Repo, ref: RepoRef) -> RepoPlan:
    """Work out what an entry of `repos` says of a repository that it is for."""
    polling = polling_of(config, repo)
    return RepoPlan(
        repo=ref,
        enabled=repo.enabled,
        interval_seconds=polling["interval_seconds"],
        max_interval_seconds=polling["max_interval_seconds"],
        first_run=polling["first_run"] if isinstance(polling["first_run"], int) else None,
        agents=tuple(_of_agent(config, repo, agent) for agent in config.agents_at(repo)),
        mirror_issues=polling["mirror_issues"],
        docs=next((docs for docs in (repo.docs, config.defaults.docs) if docs is not None), DOCS),
    )


def polling_of(config: Config, repo: Repo) -> dict[str, Any]:
    """Return every key of `polling` as it holds for an entry; `first_run` of the top is not meant for patterns."""
    values = config.polling.model_dump()
    if repo.pattern is not None:
        values["first_run"] = "new"  # hundreds of repositories at once would be a flood
    for level in (config.defaults.polling, repo.polling):
        values |= level.model_dump(exclude_none=True)
    return values


def policy_version(policy: Policy) -> str:
    """Name a policy by its content: equal policies have equal names, 12 hex digits."""
    named = {field.name: getattr(policy, field.name) for field in fields(policy)}
    text = json.dumps(named, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class _Entries:
    """Finds the entry that is for a repository."""

    def __init__(self, config: Config) -> None:
        self._own: dict[str, int] = {}
        self._patterns: list[tuple[int, RepoPattern]] = []
        for place, repo in enumerate(config.repos):
            if (pattern := repo.pattern) is not None:
                self._patterns.append((place, pattern))
            else:
                self._own[_folded(repo.ref)] = place

    def place_of(self, repo: RepoRef) -> int | None:
        own = self._own.get(_folded(repo))
        if own is not None:
            return own
        return next((place for place, pattern in self._patterns if pattern.takes(repo)), None)


def _folded(repo: RepoRef) -> str:
    return repo.key.casefold()


def _of_agent(config: Config, repo: Repo, agent: RepoAgent) -> AgentPlan:
    # A person's request reaches every agent that works here; no list of events can lose it.
    events = frozenset({*agent.events, EventKind.REQUESTED})
    own = AgentConfig.read(agent.config)
    # What Foreman reads goes on as it was read: a number from `${DAYS}` is a number for the agent too.
    handed = {**agent.config, **own.model_dump(mode="json", exclude_unset=True)}
    policy = _policy(config, repo, agent, own)
    return AgentPlan(agent=agent.type, events=events, config=handed, policy=policy)


def _policy(config: Config, repo: Repo, agent: RepoAgent, own: AgentConfig) -> Policy:
    values = merged(config.policy, config.defaults.policy, repo.policy)
    labels = values.pop("labels")
    if own.allow_close is not None:
        values["allow_close"] = own.allow_close
    return Policy(
        mode=agent.mode or repo.mode or config.defaults.mode or config.mode,
        labels_add=labels.add or own.labels_named(),
        labels_remove=labels.remove,
        stale_label=own.stale_label or "",
        stale_days=own.stale_days or STALE_DAYS,
        needs_info_label=own.needs_info_label or "",
        **values,
    )
