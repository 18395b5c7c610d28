"""The model gateway from the configuration, and how deliberation opens it for one task."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from foreman.config.models import LLM, Config
from foreman.deliberation import Spent
from foreman.errors import BudgetExceeded
from foreman.llm.base import LLMBackend, LLMSettings, LLMTarget, from_config
from foreman.llm.budget import Budget
from foreman.llm.completions import Limits
from foreman.llm.gateway import Gateway
from foreman.protocol import LLMBackendInfo
from foreman.secrets import KnownSecrets, SecretRef
from foreman.settings import Settings
from foreman.store.database import Database
from foreman.store.usage import UsageStore


class ModelOffice:
    """Opens and closes the gateway for one task at a time."""

    def __init__(self, gateway: Gateway, *, provider: str, model: str) -> None:
        """Keep the gateway.

        Args:
            gateway: Started.
            provider: What tasks are told.
            model: What tasks are told, and the only one they may name.
        """
        self._gateway = gateway
        self._provider = provider
        self._model = model

    def open(self, *, task_id: str, repo: str, agent: str, base_url: str, deadline: datetime) -> LLMBackendInfo:
        """Let one task call the model until its deadline."""
        token = self._gateway.grant(task_id=task_id, repo=repo, agent=agent, model=self._model, deadline=deadline)
        return LLMBackendInfo(provider=self._provider, model=self._model, base_url=base_url, token=token)

    def close(self, task_id: str) -> Spent:
        """End that, and say what was spent."""
        spent = self._gateway.revoke(task_id)
        return Spent(
            input_tokens=spent.input_tokens,
            output_tokens=spent.output_tokens,
            usd=spent.usd,
            calls=spent.calls,
            retry_at=spent.retry_at,
        )

    def refusal(self, repo: str, now: datetime) -> BudgetExceeded | None:
        """Return the budget that is already spent for this repository, None when there is some left."""
        return self._gateway.refusal(repo, now)


def gateway_for(
    config: Config,
    *,
    db: Database,
    directory: Path,
    secrets: KnownSecrets,
    settings: Settings,
    now: Callable[[], datetime],
) -> tuple[Gateway, LLMBackend] | None:
    """Make the gateway; starts nothing, imports no LiteLLM.

    Args:
        config: As loaded.
        db: Where calls are counted.
        directory: Private folder for its socket; beside it lies the scratch of the child process.
        secrets: Where keys are made known, so that they can be kept out of everything.
        settings: Says whether answers are recorded.
        now: Current time, aware UTC.

    Returns:
        The gateway and what answers behind it, to be closed after it; None for `llm.provider: none`.

    Raises:
        ConfigError: A key is missing.
    """
    llm = config.llm
    wanted = dataclasses.replace(_settings(llm, secrets, settings), scratch_dir=directory.parent)
    backend = from_config(wanted, now=now)
    if backend is None:
        return None
    budget = Budget(
        usd_per_task=llm.budget.usd_per_task,
        usd_per_day=llm.budget.usd_per_day,
        calls_per_repo_per_day=llm.budget.calls_per_repo_per_day,
    )
    limits = Limits(
        temperature=llm.temperature, max_output_tokens=llm.max_output_tokens, timeout_seconds=llm.timeout_seconds
    )
    return Gateway(
        backend=backend, ledger=UsageStore(db), budget=budget, directory=directory, now=now, limits=limits
    ), backend


def backend_for(
    config: Config, *, secrets: KnownSecrets, settings: Settings, now: Callable[[], datetime]
) -> LLMBackend | None:
    """Make what answers, alone: no gateway, no budget, nothing counted; for `foreman check --model`.

    Args:
        config: As loaded.
        secrets: Where keys are made known.
        settings: Says whether answers are recorded.
        now: Current time, aware UTC.

    Returns:
        It, to be closed; None for `llm.provider: none`.

    Raises:
        ConfigError: A key is missing.
    """
    return from_config(_settings(config.llm, secrets, settings), now=now)


def _settings(llm: LLM, secrets: KnownSecrets, settings: Settings) -> LLMSettings:
    return LLMSettings(
        target=_target(llm.provider, llm.model, llm.api_key, llm.api_base, secrets),
        fallbacks=tuple(
            _target(other.provider, other.model, other.api_key, other.api_base, secrets) for other in llm.fallbacks
        ),
        temperature=llm.temperature,
        max_output_tokens=llm.max_output_tokens,
        timeout_seconds=llm.timeout_seconds,
        record_dir=settings.llm_record,
    )


def _target(
    provider: str, model: str | None, key: SecretRef | None, api_base: str | None, secrets: KnownSecrets
) -> LLMTarget:
    if key is not None:
        key.resolve(secrets)
    return LLMTarget(
        provider=provider,
        model=model or "",
        api_key=None if key is None else lambda: key.resolve(secrets),
        api_base=api_base or "",
    )
