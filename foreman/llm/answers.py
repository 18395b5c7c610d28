"""What the gateway says back, and how our errors read to a client made for OpenAI. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from datetime import datetime
from typing import Any

from foreman.errors import BudgetExceeded, ForemanError
from foreman.llm.base import BadRequest
from foreman.llm.grants import NotGranted, TooMany
from foreman.values import dataclass

_RETRY_SECONDS = 5
"""Told to an agent when nobody said how long to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back to the agent.

    Attributes:
        status: HTTP status.
        body: JSON; None for a stream.
        headers: Besides type and length.
        events: Server-sent events, encoded. Once begun, to be closed when the agent hangs up.
    """

    status: int
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    events: Iterator[bytes] | None = None


def refused(status: int, code: str, message: str, *, retry_after: int | None = None) -> Answer:
    """Make an error as OpenAI's clients know it.

    Args:
        status: HTTP status.
        code: For programs.
        message: For people.
        retry_after: Seconds to wait; None when waiting does not help.

    Returns:
        The answer.
    """
    kind = "invalid_request_error" if status < 500 else "api_error"
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    error = {"message": message, "type": kind, "param": None, "code": code}
    return Answer(status=status, body={"error": error}, headers=headers)


def _wait(until: datetime | None, now: datetime) -> int:
    return _RETRY_SECONDS if until is None else max(1, int((until - now).total_seconds()) + 1)


def explained(error: ForemanError, now: datetime) -> Answer:
    """Turn an error into what the agent is told.

    Args:
        error: Of ours.
        now: Current time, aware UTC.

    Returns:
        The answer.
    """
    text = str(error)
    match error:
        case NotGranted():
            return refused(401, "invalid_token", text)
        case TooMany():
            return (
                refused(429, "too_many_requests", text, retry_after=1)
                if error.passing
                else refused(403, "too_many_calls", text)
            )
        case BudgetExceeded():
            return refused(429, "budget_exceeded", text, retry_after=_wait(error.retry_at, now))
        case BadRequest():
            return refused(400, "invalid_request", text)
        case _ if not error.transient:
            return refused(502, "provider_error", text)
        case _:
            return refused(503, "provider_unavailable", text, retry_after=_wait(error.retry_at, now))
