"""The ports of the model gateway: what answers a chat completion, and what keeps the count of tokens and money.

An agent never sees either; it talks to `gateway` with a token for one task.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol


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
