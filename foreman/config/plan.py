"""From the file to what holds for one repository and agent. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from foreman.config.effective import AgentPlan, Policy, RepoPlan
from foreman.config.models import Config, Repo, RepoAgent
from foreman.config.policy import AgentConfig, merged
from foreman.model import EventKind


def plan(config: Config) -> tuple[RepoPlan, ...]:
    """Work out what holds for each repository.

    Args:
        config: As loaded.

    Returns:
        One plan per repository, in the order of the file, disabled ones included.
    """
    return tuple(_of_repo(config, repo) for repo in config.repos)


def policy_version(policy: Policy) -> str:
    """Name a policy by its content: equal policies have equal names, 12 hex digits."""
    text = json.dumps(asdict(policy), sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _of_repo(config: Config, repo: Repo) -> RepoPlan:
    first_run = config.polling.first_run if repo.polling.first_run is None else repo.polling.first_run
    return RepoPlan(
        repo=repo.ref,
        enabled=repo.enabled,
        interval_seconds=repo.polling.interval_seconds or config.polling.interval_seconds,
        first_run=first_run if isinstance(first_run, int) else None,
        agents=tuple(_of_agent(config, repo, agent) for agent in repo.agents),
    )


def _of_agent(config: Config, repo: Repo, agent: RepoAgent) -> AgentPlan:
    # A person's request reaches every agent that works here; no list of events can lose it.
    events = frozenset({*agent.events, EventKind.REQUESTED})
    own = AgentConfig.read(agent.config)
    # What Foreman reads goes on as it was read: a number from `${DAYS}` is a number for the agent too.
    handed = {**agent.config, **own.model_dump(mode="json", exclude_unset=True)}
    policy = _policy(config, repo, agent, own)
    return AgentPlan(agent=agent.type, events=events, config=handed, policy=policy)


def _policy(config: Config, repo: Repo, agent: RepoAgent, own: AgentConfig) -> Policy:
    values = merged(config.policy, repo.policy)
    labels = values.pop("labels")
    if own.allow_close is not None:
        values["allow_close"] = own.allow_close
    return Policy(
        mode=agent.mode or repo.mode or config.mode,
        labels_add=labels.add or own.labels_named(),
        labels_remove=labels.remove,
        stale_label=own.stale_label or "",
        **values,
    )
