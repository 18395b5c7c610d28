"""One call of a model under way: settled once whatever happens, told, and a span of its task's trace."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Self

import structlog

from foreman import tracing
from foreman.llm.base import Completion, ModelCall
from foreman.llm.budget import Purse, Reservation
from foreman.llm.grants import Grant, Grants


class News:
    """Tells when a model begins to fail and when it answers again; one call among many is no news."""

    def __init__(self) -> None:
        """Begin with models that are well."""
        self._failing: set[str] = set()

    def tell(self, model: str, failed: str) -> None:
        """Hear how a call went; `failed` says why, empty when it did not."""
        if failed and model not in self._failing:
            self._failing.add(model)
            structlog.get_logger().warning("model_failed", model=model, reason=failed)
        elif not failed and model in self._failing:
            self._failing.discard(model)
            structlog.get_logger().info("model_recovered", model=model)


class Call:
    """A call under way: whatever happens, it is settled once."""

    def __init__(
        self,
        *,
        purse: Purse,
        grants: Grants,
        grant: Grant,
        reservation: Reservation,
        news: News,
        now: Callable[[], datetime],
    ) -> None:
        """Begin.

        Args:
            purse: Who let it pass.
            grants: Who keeps what it cost its task.
            grant: Of the task.
            reservation: What the purse set aside.
            news: Told how it went.
            now: Time of day, aware UTC.
        """
        self._purse = purse
        self._news = news
        self._grants = grants
        self._grant = grant
        self._reservation = reservation
        self._started_at = now()
        self._began = time.monotonic()
        self._answer: Completion | None = None
        self._open = False
        self._span = tracing.begin("model", grant.trace, repo=grant.repo, agent=grant.agent, model=grant.model)

    def __enter__(self) -> Self:
        """Begin to ask."""
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Settle it, unless its answer still comes in pieces."""
        if error is not None or not self._open:
            self.settle(error)

    def done(self, answer: Completion) -> None:
        """Take the answer, with what it cost."""
        self._answer = answer

    def keep_open(self) -> None:
        """Leave settling to whoever hands the pieces on."""
        self._open = True

    def settle(self, error: BaseException | None) -> None:
        """Write down what came of it; `error` is why there is no answer."""
        answer, grant = self._answer, self._grant
        failed = "" if answer is not None else (str(error).split("\n", 1)[0] if error else "no answer")
        call = ModelCall(
            task_id=grant.task_id,
            repo=grant.repo,
            agent=grant.agent,
            provider=answer.provider if answer else "",
            model=answer.model if answer else grant.model,
            input_tokens=answer.input_tokens if answer else 0,
            output_tokens=answer.output_tokens if answer else 0,
            cached_tokens=answer.cached_tokens if answer else 0,
            usd=answer.usd if answer else None,
            started_at=self._started_at,
            duration_ms=int((time.monotonic() - self._began) * 1000),
            error=failed,
        )
        self._grants.note(grant, call)
        self._purse.settle(self._reservation, call)
        with tracing.within(self._span):
            self._news.tell(grant.model, failed)
            structlog.get_logger().debug(
                "model_call",
                task_id=grant.task_id,
                repo=grant.repo,
                model=call.model,
                input_tokens=call.input_tokens,
                output_tokens=call.output_tokens,
                usd=str(call.usd) if call.usd is not None else None,
                duration_ms=call.duration_ms,
                error=failed,
            )
        self._span.note(
            provider=call.provider,
            answered_by=call.model,
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
        )
        if call.error:
            self._span.fail(type(error).__name__ if error else "no_answer")
        self._span.end()
