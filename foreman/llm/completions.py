"""One chat completion of one task: checked, paid for, asked, written down.

Knows nothing of sockets and HTTP framing; `gateway` does.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import structlog

from foreman.errors import BudgetExceeded, ForemanError, ModelError
from foreman.llm.answers import Answer, explained, refused
from foreman.llm.base import Completion, LLMBackend
from foreman.llm.budget import Purse
from foreman.llm.call import Call, News
from foreman.llm.grants import Grant, Grants, TooMany
from foreman.values import dataclass

LARGE_BYTES = 32 * 1024
"""A request above must fit whole into the budget; below, the budget may be overdrawn by one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The maintainer's settings for every call.

    Attributes:
        temperature: Whatever an agent asks for.
        max_output_tokens: Of one answer.
        timeout_seconds: For one call, retries and fallbacks included.
    """

    temperature: float = 0.0
    max_output_tokens: int = 1024
    timeout_seconds: float = 60.0


class Completions:
    """Answers requests of tasks; safe for threads."""

    def __init__(
        self,
        *,
        backend: LLMBackend | None,
        purse: Purse,
        grants: Grants,
        limits: Limits,
        now: Callable[[], datetime],
    ) -> None:
        """Keep the collaborators.

        Args:
            backend: Who answers; None for no model.
            purse: Who lets calls pass.
            grants: Who may call.
            limits: Of each call.
            now: Time of day, aware UTC.
        """
        self.backend = backend
        self.limits = limits
        self._purse = purse
        self._grants = grants
        self._now = now
        self._log = structlog.get_logger()
        self._news = News()

    def answer(self, grant: Grant, body: bytes) -> Answer:
        """Answer one request.

        Args:
            grant: Entered by the caller.
            body: As it came.

        Returns:
            The answer or why there is none.
        """
        try:
            return self._answer(grant, body)
        except ForemanError as error:
            if isinstance(error, BudgetExceeded):
                self._grants.stopped(grant, error.retry_at)
                self._log.info("model_budget_spent", task_id=grant.task_id, repo=grant.repo, reason=str(error))
            return explained(error, self._now())

    def _answer(self, grant: Grant, body: bytes) -> Answer:
        backend, limits = self.backend, self.limits
        if backend is None:
            return refused(404, "no_model", "no model is configured (llm.provider: none)")
        from foreman.llm import chat  # its models take 20 ms, and many a daemon is never asked

        asked = chat.read(body)
        if asked.model not in ("", grant.model):
            return refused(400, "model_not_granted", f"this task's model is {grant.model}")
        request = asked.for_backend(
            model=grant.model, temperature=limits.temperature, max_output_tokens=limits.max_output_tokens
        )
        started_at = self._now()
        reservation = self._purse.reserve(
            task_id=grant.task_id,
            repo=grant.repo,
            usd=backend.price_bound(request),
            large=len(body) > LARGE_BYTES,
            now=started_at,
            timeout_seconds=self._left(grant),
        )
        call = Call(
            purse=self._purse,
            grants=self._grants,
            grant=grant,
            reservation=reservation,
            news=self._news,
            now=self._now,
        )
        try:
            self._grants.count(grant)
        except TooMany:
            self._purse.settle(reservation, None)
            raise
        with call:
            source = backend.stream(request, timeout_seconds=self._left(grant)) if asked.stream else None
            if source is None:
                done = backend.complete(request, timeout_seconds=self._left(grant))
                call.done(done)
                return Answer(status=200, body=done.body)
            # The first piece decides between a stream and an error with a proper status.
            first = next(source, None)
            if first is None:
                raise ModelError("the model gave no answer")
            call.keep_open()
        return Answer(status=200, events=_events(call, first, source, with_usage=asked.stream_options.include_usage))

    def _left(self, grant: Grant) -> float:
        return max(0.0, min(self.limits.timeout_seconds, (grant.deadline - self._now()).total_seconds()))


def _sse(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def _usage_chunk(done: Completion) -> dict[str, Any]:
    head = {key: done.body.get(key) for key in ("id", "created", "model")}
    return {**head, "object": "chat.completion.chunk", "choices": [], "usage": done.body.get("usage")}


def _events(
    call: Call, first: dict[str, Any] | Completion, source: Iterator[dict[str, Any] | Completion], *, with_usage: bool
) -> Iterator[bytes]:
    failure: ModelError | None = None
    try:
        for item in itertools.chain((first,), source):
            if not isinstance(item, Completion):
                yield _sse(item)
                continue
            call.done(item)
            if with_usage:
                yield _sse(_usage_chunk(item))
        yield b"data: [DONE]\n\n"
    except ModelError as error:
        failure = error
        yield _sse({"error": {"message": str(error), "type": "api_error", "param": None, "code": "provider_error"}})
    finally:
        # An agent that hangs up early has spent the money all the same: read on for the count.
        try:
            for item in source:
                if isinstance(item, Completion):
                    call.done(item)
        except ModelError as error:
            failure = failure or error
        call.settle(failure)
