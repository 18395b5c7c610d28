"""Answer chat completions with LiteLLM: which model, how often, and what a failure means.

LiteLLM itself is in the child process (`litellm_child`), started by the first call. Each target gets at most two tries
in its share of the time, then the next one; a target that said Retry-After is left alone until then, by later calls
as well.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from foreman.errors import ModelError, ModelUnavailable
from foreman.llm.base import Completion, LLMTarget
from foreman.llm.litellm_child import Child
from foreman.llm.prompt import litellm_model, provider_request

TRIES = 2
"""Of one target in one call."""

_PAUSE_SECONDS = 0.5
"""Before the second try when the provider did not say how long."""

_PATIENCE_SECONDS = 2.0
"""Longest wait for a target while another one is left to ask."""

_GRACE_SECONDS = 2.0
"""What the child gets beyond the time it was told, so that its own time-out comes first."""

_BYTES_PER_TOKEN = 2
"""For the estimate of a price: English has about 4, random text about 2."""

_NO_KEY = "none"
"""For servers that want no key where their client insists on one."""

_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses after which the same request may succeed."""

_STOPPING = "Foreman is stopping"


class _NotNow(ModelUnavailable):
    """A target was not asked: there is no time for it."""


class LiteLLMBackend:
    """The `LLMBackend` for every provider LiteLLM knows."""

    def __init__(
        self,
        targets: Sequence[LLMTarget],
        *,
        now: Callable[[], datetime],
        start: Callable[[], Child] = Child,
    ) -> None:
        """Keep the settings; nothing is started.

        Args:
            targets: First choice first.
            now: Time of day, aware UTC; for `retry_at`.
            start: Makes a child process.
        """
        self._targets = tuple(targets)
        self._now = now
        self._start = start
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._children: list[Child] = []
        self._closed = threading.Event()
        self._not_before: dict[int, float] = {}
        self._prices: dict[str, tuple[Decimal, Decimal] | None] = {}

    def warm(self) -> None:
        """Start the child now, without waiting for it; its import takes some seconds."""
        self._ready_child()

    @property
    def pid(self) -> int | None:
        """Process id of the child; None when there is none."""
        child = self._child
        return child.pid if child is not None and child.usable else None

    def complete(self, request: dict[str, Any], *, timeout_seconds: float) -> Completion:
        """Answer one request; see `LLMBackend.complete`."""
        for item in self._run(request, stream=False, timeout_seconds=timeout_seconds):
            if isinstance(item, Completion):
                return item
        raise ModelError("the model gave no answer")

    def stream(self, request: dict[str, Any], *, timeout_seconds: float) -> Iterator[dict[str, Any] | Completion]:
        """Answer in pieces; see `LLMBackend.stream`. After the first piece there is no second try."""
        return self._run(request, stream=True, timeout_seconds=timeout_seconds)

    def price_bound(self, request: dict[str, Any]) -> Decimal | None:
        """Return what the dearest target may take for a request; None when one of the prices is not known."""
        size = len(json.dumps(request, ensure_ascii=False).encode(errors="replace"))
        bounds: list[Decimal] = []
        for target in self._targets:
            price = self._price(target)
            if price is None:
                return None
            output = int(request.get("max_tokens") or 0)
            bounds.append(price[0] * (size // _BYTES_PER_TOKEN + 1) + price[1] * output)
        return max(bounds, default=None)

    def close(self) -> None:
        """End the child and whatever waits for it."""
        self._closed.set()
        with self._lock:
            children, self._children, self._child = self._children, [], None
        for child in children:
            child.close()

    def _run(
        self, request: dict[str, Any], *, stream: bool, timeout_seconds: float
    ) -> Iterator[dict[str, Any] | Completion]:
        until = time.monotonic() + timeout_seconds
        errors: list[ModelError] = []
        for index, target in enumerate(self._targets):
            # A share each, so that a first choice that hangs leaves time for the second.
            others = len(self._targets) - index - 1
            share_ends = time.monotonic() + (until - time.monotonic()) / (others + 1)
            for attempt in range(TRIES):
                try:
                    self._wait_for(index, target, retrying=attempt > 0, patient=not others, until=share_ends)
                    begun = False
                    for item in self._once(index, target, request, stream=stream, until=share_ends):
                        yield item
                        begun = True
                except _NotNow as error:
                    errors.append(error)
                    break
                except ModelError as error:
                    if begun:
                        raise
                    errors.append(error)
                    if not error.transient:
                        break
                else:
                    return
        raise _worst(errors)

    def _wait_for(self, index: int, target: LLMTarget, *, retrying: bool, patient: bool, until: float) -> None:
        asked = self._not_before.get(index, 0.0) - time.monotonic()
        wait = max(asked, _PAUSE_SECONDS if retrying else 0.0)
        if time.monotonic() + wait >= until or (wait > _PATIENCE_SECONDS and not patient):
            error = _NotNow(f"{target.provider} is to be left alone for {wait:.1f} s more")
            error.retry_at = self._now() + timedelta(seconds=asked) if asked > 0 else None
            raise error
        if wait > 0 and self._closed.wait(wait):
            raise _NotNow(_STOPPING)

    def _once(
        self, index: int, target: LLMTarget, request: dict[str, Any], *, stream: bool, until: float
    ) -> Iterator[dict[str, Any] | Completion]:
        left = until - time.monotonic()
        key = target.api_key() if target.api_key is not None else None
        asked = {
            "op": "complete",
            "model": litellm_model(target),
            "api_key": key or (_NO_KEY if target.api_base else None),
            "api_base": target.api_base or None,
            "request": provider_request(request, target),
            "stream": stream,
            "timeout": left,
        }
        for event in self._ready_child().call(asked, until=until + _GRACE_SECONDS):
            if "chunk" in event:
                yield {**event["chunk"], "model": target.model}
            elif "error" in event:
                raise self._error(index, target, event["error"])
            else:
                yield _completion(event["result"], target)

    def _ready_child(self) -> Child:
        with self._lock:
            if self._closed.is_set():
                raise ModelUnavailable(_STOPPING)
            if self._child is None or not self._child.usable:
                self._child = self._start()
                self._children = [child for child in self._children if child.usable or child.busy]
                self._children.append(self._child)
            return self._child

    def _error(self, index: int, target: LLMTarget, told: dict[str, Any]) -> ModelError:
        status, text = told["status"], f"{target.provider}: {told['message']}"
        if status is not None and status not in _TRANSIENT:
            return ModelError(text)
        wait = told["retry_after"]
        if wait is not None:
            self._not_before[index] = time.monotonic() + wait
        return self._unavailable(text, wait)

    def _unavailable(self, text: str, wait: float | None) -> ModelUnavailable:
        error = ModelUnavailable(text)
        if wait is not None:
            error.retry_at = self._now() + timedelta(seconds=wait)
        return error

    def _price(self, target: LLMTarget) -> tuple[Decimal, Decimal] | None:
        model = litellm_model(target)
        if model not in self._prices:
            asked = {"op": "price", "model": model}
            for event in self._ready_child().call(asked, until=time.monotonic() + 60):
                if "error" in event:
                    raise ModelUnavailable(f"no price of {model}: {event['error']['message']}")
                price = event["result"]["price"]
                self._prices[model] = price and (Decimal(str(price["input"])), Decimal(str(price["output"])))
        return self._prices[model]


def _completion(result: dict[str, Any], target: LLMTarget) -> Completion:
    body = {**result["body"], "model": target.model}
    if not body["choices"]:
        raise ModelUnavailable(f"{target.provider}: an answer without a choice")
    usage = body.get("usage") or {}
    return Completion(
        body=body,
        provider=target.provider,
        model=target.model,
        input_tokens=usage.get("prompt_tokens", 0),
        output_tokens=usage.get("completion_tokens", 0),
        cached_tokens=usage.get("prompt_tokens_details", {}).get("cached_tokens", 0),
        usd=Decimal(result["usd"]) if result["usd"] is not None else None,
    )


def _worst(errors: Sequence[ModelError]) -> ModelError:
    """Choose what to tell: something that may pass by waiting before something that will not."""
    transient = [error for error in errors if error.transient]
    told = [error for error in transient if not isinstance(error, _NotNow)] or transient or errors
    if not told:
        return ModelError("no model is configured")
    times = [error.retry_at for error in transient if error.retry_at is not None]
    first = told[0]
    if times and len(times) == len(transient):
        first.retry_at = min(times)
    return first
