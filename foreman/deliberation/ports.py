"""What deliberation needs of the model gateway and of the agents."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from foreman.errors import BudgetExceeded
from foreman.protocol import LLMBackendInfo
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one task cost.

    Attributes:
        input_tokens: Summed over its calls.
        output_tokens: Summed over its calls.
        usd: Price; None when a price was not known, 0 when no call was made.
        calls: How many.
        retry_at: When the budget that stopped it is filled again; None when none did.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    usd: Decimal | None = Decimal(0)
    calls: int = 0
    retry_at: datetime | None = None


class ModelDesk(Protocol):
    """What deliberation needs of the model gateway."""

    def open(self, *, task_id: str, repo: str, agent: str, base_url: str, deadline: datetime) -> LLMBackendInfo:
        """Let one task call the model until its deadline."""

    def close(self, task_id: str) -> Spent:
        """End that, and say what was spent."""

    def refusal(self, repo: str, now: datetime) -> BudgetExceeded | None:
        """Return the budget that is already spent for this repository, None when there is some left."""


class AgentDesk(Protocol):
    """What deliberation needs of the agents."""

    def ask(self, agent: str, task: bytes, *, timeout_seconds: float) -> bytes:
        """Send a task to an agent and return its raw reply."""

    def gateway_url(self, agent: str) -> str:
        """Return where this agent finds the gateway."""

    def timeout_seconds(self, agent: str) -> float:
        """Return how long this agent may take."""
