"""The ports of the model gateway: what answers a chat completion, and what keeps the count of tokens and money.

An agent never sees either; it talks to `gateway` with a token for one task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from foreman.errors import ConfigError, ModelError, Problem
from foreman.values import dataclass


class BadRequest(ModelError):
    """What the agent sent is not a chat completion request we pass on; says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMTarget:
    """One model at one provider.

    Attributes:
        provider: LiteLLM's name: `anthropic`, `openai`, `ollama`.
        model: As the provider names it, without the provider in front.
        api_key: Asked for at each call, so that no key is kept; None for a provider that needs none.
        api_base: Base URL; empty for the provider's own.
    """

    provider: str
    model: str
    api_key: Callable[[], str] | None = None
    api_base: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMSettings:
    """What the configuration says about models, as plain values.

    Attributes:
        target: The first choice; provider `none` for no model at all, `recorded` to answer from `record_dir`.
        fallbacks: Tried in order when the first choice does not answer.
        temperature: Of every call, whatever an agent asks for.
        max_output_tokens: Most tokens of one answer.
        timeout_seconds: For one call, retries and fallbacks included.
        record_dir: Where pairs of request and answer are written, or read from by `recorded`; None for neither.
        scratch_dir: Where the child process gets its home; None for the system's place.
    """

    target: LLMTarget
    fallbacks: tuple[LLMTarget, ...] = ()
    temperature: float = 0.0
    max_output_tokens: int = 1024
    timeout_seconds: float = 60.0
    record_dir: Path | None = None
    scratch_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One call that was made to a provider.

    Attributes:
        task_id: For which task.
        repo: Repository key of the task.
        agent: Agent type.
        provider: LiteLLM's name of the provider that answered.
        model: Model that answered.
        input_tokens: As the provider counts, cached ones included.
        output_tokens: As the provider counts.
        cached_tokens: Input tokens read from the provider's cache.
        usd: Price; None when it is not known, never 0 for that.
        started_at: Aware UTC.
        duration_ms: Until the last byte.
        error: Empty when it went well, else one line.
    """

    task_id: str
    repo: str
    agent: str
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    usd: Decimal | None
    started_at: datetime
    duration_ms: int
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One answer of a model.

    Attributes:
        body: The OpenAI-shaped `chat.completion` object.
        provider: LiteLLM's name of the provider that answered.
        model: Model that answered.
        input_tokens: As the provider counts, cached ones included.
        output_tokens: As the provider counts.
        cached_tokens: Input tokens read from the provider's cache.
        usd: Price; None when it is not known.
    """

    body: dict[str, Any]
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    usd: Decimal | None


class LLMBackend(Protocol):
    """Something that answers chat completions."""

    def complete(self, request: dict[str, Any], *, timeout_seconds: float) -> Completion:
        """Answer one OpenAI-shaped request without `stream`.

        Args:
            request: `messages` and settings; `model` is chosen by the backend.
            timeout_seconds: For everything, fallbacks and retries included.

        Returns:
            The answer.

        Raises:
            ModelError: The provider refused.
            ModelUnavailable: Nobody answered in time.
        """

    def stream(self, request: dict[str, Any], *, timeout_seconds: float) -> Iterator[dict[str, Any] | Completion]:
        """Answer in pieces: OpenAI-shaped chunks, and last the whole `Completion`."""

    def price_bound(self, request: dict[str, Any]) -> Decimal | None:
        """Return what a request may cost at most, estimated from its size; None when the price is not known."""

    def close(self) -> None:
        """End whatever was started; never raises."""


class UsageLedger(Protocol):
    """Where calls are counted; kept by the store."""

    def record(self, call: ModelCall) -> None:
        """Keep one call for ever."""

    def usd_of_task(self, task_id: str) -> Decimal:
        """Return what a task spent so far, calls of unknown price not counted."""

    def usd_of_day(self, now: datetime) -> Decimal:
        """Return what was spent since midnight UTC."""

    def calls_of_day(self, repo: str, now: datetime) -> int:
        """Return how many calls a repository's tasks made since midnight UTC."""


def from_config(settings: LLMSettings, *, now: Callable[[], datetime]) -> LLMBackend | None:
    """Choose the backend the configuration asks for; starts nothing.

    Args:
        settings: From the configuration.
        now: Time of day, aware UTC.

    Returns:
        The backend, or None for provider `none`.

    Raises:
        ConfigError: `recorded` without a directory to read from.
    """
    # Imported here: the adapters import this module.
    from foreman.llm.recorded import RecordedBackend, RecordingBackend

    provider = settings.target.provider
    if provider == "none":
        return None
    if provider == "recorded":
        if settings.record_dir is None:
            raise ConfigError(
                [Problem(path="llm.provider", message="`recorded` needs FOREMAN_LLM_RECORD to name a directory")]
            )
        return RecordedBackend(settings.record_dir)
    from foreman.llm.litellm_backend import LiteLLMBackend
    from foreman.llm.litellm_child import Child

    start = partial(Child, scratch_dir=settings.scratch_dir)
    backend = LiteLLMBackend((settings.target, *settings.fallbacks), now=now, start=start)
    if settings.record_dir is None:
        return backend
    return RecordingBackend(backend, settings.record_dir, now=now)
