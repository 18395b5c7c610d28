"""A backend that says what a test wants, and a ledger in memory; both implement our own ports."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from foreman.errors import StoreFull
from foreman.llm.base import Completion, ModelCall

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def completion(text: str = "hello", *, usd: str | None = "0.01", tokens: tuple[int, int] = (10, 5)) -> Completion:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    body = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return Completion(
        body=body,
        provider="anthropic", model="m", input_tokens=tokens[0], output_tokens=tokens[1], cached_tokens=0,
        usd=None if usd is None else Decimal(usd),
    )  # fmt: skip


def chunk(text: str) -> dict[str, Any]:
    return {"id": "c1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]}


class ScriptedBackend:
    """Answers with whatever `say` returns or raises."""

    def __init__(self, say: Callable[[dict[str, Any]], Completion] = lambda request: completion()) -> None:
        self.say = say
        self.bound: Decimal | None = Decimal("0.01")
        self.requests: list[dict[str, Any]] = []
        self.timeouts: list[float] = []
        self.closed = False

    def complete(self, request: dict[str, Any], *, timeout_seconds: float) -> Completion:
        self.requests.append(request)
        self.timeouts.append(timeout_seconds)
        return self.say(request)

    def stream(self, request: dict[str, Any], *, timeout_seconds: float) -> Iterator[dict[str, Any] | Completion]:
        answer = self.complete(request, timeout_seconds=timeout_seconds)
        for word in answer.body["choices"][0]["message"]["content"].split():
            yield chunk(word)
        yield answer

    def price_bound(self, request: dict[str, Any]) -> Decimal | None:
        return self.bound

    def close(self) -> None:
        self.closed = True


class MemoryLedger:
    """Keeps calls in a list that outlives the gateway, as a database would."""

    def __init__(self, calls: list[ModelCall] | None = None) -> None:
        self.calls = [] if calls is None else calls
        self.full = False
        self._lock = threading.Lock()

    def record(self, call: ModelCall) -> None:
        if self.full:
            raise StoreFull("no space left")
        with self._lock:
            self.calls.append(call)

    def _usd(self, claim: Callable[[ModelCall], bool]) -> Decimal:
        with self._lock:
            return sum((call.usd for call in self.calls if call.usd is not None and claim(call)), Decimal(0))

    def usd_of_task(self, task_id: str) -> Decimal:
        return self._usd(lambda call: call.task_id == task_id)

    def usd_of_day(self, now: datetime) -> Decimal:
        return self._usd(lambda call: call.started_at.date() == now.date())

    def calls_of_day(self, repo: str, now: datetime) -> int:
        with self._lock:
            return sum(call.repo == repo and call.started_at.date() == now.date() for call in self.calls)
