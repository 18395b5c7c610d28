"""Who may call the model: one token per task, for that task's model, until its deadline."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from foreman import tracing
from foreman.errors import ModelError
from foreman.llm.base import ModelCall
from foreman.values import dataclass

MAX_CALLS = 32
"""Of one task. The bundled agent needs two at the most."""

MAX_PARALLEL = 4
"""Requests of one task at once."""


class NotGranted(ModelError):
    """No such token, or its task is over."""


class TooMany(ModelError):
    """The task has too many requests under way, or made too many altogether.

    Attributes:
        passing: Waiting for one's own requests to end helps.
    """

    def __init__(self, message: str, *, passing: bool) -> None:
        """Describe the bound that was met."""
        super().__init__(message)
        self.passing = passing


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one task took from the gateway.

    Attributes:
        input_tokens: As the provider counts, cached ones included.
        output_tokens: As the provider counts.
        usd: None when the price of some answer is not known.
        calls: Made to a provider, failed ones included.
        retry_at: When the budget that stopped it is filled again; None when none did.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    usd: Decimal | None = Decimal(0)
    calls: int = 0
    retry_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Grant:
    """One task's permission; what changes is changed by `Grants` alone.

    Attributes:
        task_id: Of this task and attempt.
        repo: Repository key.
        agent: Agent type.
        model: The only one it may name.
        deadline: Aware UTC.
        digest: Of the token; the token itself is not kept.
        open: Requests under way.
        calls: Requests that reached a provider.
        done: Calls with an outcome.
        retry_at: When the budget that refused it is filled again.
        trace: `traceparent` of what it calls the model for; empty while traces are off.
    """

    task_id: str
    repo: str
    agent: str
    model: str
    deadline: datetime
    digest: bytes
    open: int = 0
    calls: int = 0
    done: list[ModelCall] = field(default_factory=list)
    retry_at: datetime | None = None
    trace: str = ""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


class Grants:
    """All permissions there are now; safe for threads."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._of_task: dict[str, Grant] = {}

    def give(self, *, task_id: str, repo: str, agent: str, model: str, deadline: datetime) -> str:
        """Let a task call its model; an earlier token of the same task ends.

        Args:
            task_id: Of this task and attempt.
            repo: Repository key.
            agent: Agent type.
            model: The only one it may name.
            deadline: Aware UTC.

        Returns:
            The token.
        """
        token = secrets.token_urlsafe(32)
        grant = Grant(
            task_id=task_id,
            repo=repo,
            agent=agent,
            model=model,
            deadline=deadline,
            digest=_digest(token),
            trace=tracing.header(),
        )
        with self._lock:
            self._of_task[task_id] = grant
        return token

    def enter(self, token: str, *, now: datetime) -> Grant:
        """Begin a request.

        Args:
            token: As the agent sent it.
            now: Current time, aware UTC.

        Returns:
            The grant, for `leave`.

        Raises:
            NotGranted: No such token, or it is over.
            TooMany: Too many requests at once.
        """
        digest = _digest(token)
        with self._lock:
            found = None
            for grant in self._of_task.values():
                if hmac.compare_digest(grant.digest, digest):
                    found = grant
            if found is None:
                raise NotGranted("no such token")
            if now >= found.deadline:
                raise NotGranted("the task's deadline has passed")
            if found.open >= MAX_PARALLEL:
                raise TooMany(f"{MAX_PARALLEL} requests of this task are under way", passing=True)
            found.open += 1
            return found

    def leave(self, grant: Grant) -> None:
        """End a request."""
        with self._lock:
            grant.open -= 1

    def count(self, grant: Grant) -> None:
        """Count a call before it is made.

        Args:
            grant: Of the task.

        Raises:
            TooMany: It made too many already.
        """
        with self._lock:
            if grant.calls >= MAX_CALLS:
                raise TooMany(f"a task may make {MAX_CALLS} model calls", passing=False)
            grant.calls += 1

    def note(self, grant: Grant, call: ModelCall) -> None:
        """Keep what came of a call."""
        with self._lock:
            grant.done.append(call)

    def stopped(self, grant: Grant, retry_at: datetime | None) -> None:
        """Keep that a budget refused the task."""
        with self._lock:
            grant.retry_at = retry_at

    def take(self, task_id: str) -> Spent:
        """End a task's permission.

        Args:
            task_id: Of the task; one without a grant is fine.

        Returns:
            What it spent so far. A call still under way is in the ledger later, not here.
        """
        with self._lock:
            grant = self._of_task.pop(task_id, None)
            if grant is None:
                return Spent()
            prices = [call.usd for call in grant.done if not call.error]
            known = [price for price in prices if price is not None]
            return Spent(
                input_tokens=sum(call.input_tokens for call in grant.done),
                output_tokens=sum(call.output_tokens for call in grant.done),
                usd=sum(known, Decimal(0)) if len(known) == len(prices) else None,
                calls=len(grant.done),
                retry_at=grant.retry_at,
            )
