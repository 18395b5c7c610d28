"""Record model answers, and answer from the records: no call leaves the machine, and a miss is an error.

A record is one JSON file named by the hash of its request:
`{"made": "by hand" | "recorded 2026-…", "request": {…}, "response": {…}, "provider", "model", "usd"}`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import structlog

from foreman.errors import ModelError
from foreman.llm.base import Completion, LLMBackend

_PASSING = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"  # UUID
    r"|[0-9a-f]{16,}"  # random fence round untrusted text
    r"|(?<=127\.0\.0\.1:)\d{1,5}\b"  # port of a test server
)
"""What differs from run to run and means nothing."""

_KEYED = ("messages", "max_tokens", "model", "response_format", "stop", "temperature", "tools", "tool_choice", "seed")
"""The parts of a request that the hash covers; streaming or not is the same question."""


def canonical(request: dict[str, Any]) -> str:
    """Write a request as one text that is the same for the same question.

    Args:
        request: OpenAI-shaped.

    Returns:
        JSON, keys sorted, each random value replaced by the order in which it first appears.
    """
    kept = {key: request[key] for key in _KEYED if request.get(key) is not None}
    text = json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    seen: dict[str, str] = {}
    return _PASSING.sub(lambda found: seen.setdefault(found[0], f"<{len(seen) + 1}>"), text)


def key_of(request: dict[str, Any]) -> str:
    """Return the hash that names the record of a request."""
    return hashlib.sha256(canonical(request).encode("utf-8", "replace")).hexdigest()[:32]


class RecordedBackend:
    """The `LLMBackend` that only repeats."""

    def __init__(self, directory: Path) -> None:
        """Answer from a directory.

        Args:
            directory: With one file per record; read at each call.
        """
        self._directory = directory

    def complete(self, request: dict[str, Any], *, timeout_seconds: float) -> Completion:  # noqa: ARG002 - the port's
        """Return the recorded answer; see `LLMBackend.complete`.

        Args:
            request: What is asked.
            timeout_seconds: Not needed.

        Returns:
            The answer.

        Raises:
            ModelError: There is none; names the hash.
        """
        key = key_of(request)
        path = self._directory / f"{key}.json"
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ModelError(f"no recorded answer {key}.json in {self._directory}") from None
        except ValueError as error:
            raise ModelError(f"recorded answer {path} is not JSON: {error}") from error
        usage = record["response"].get("usage") or {}
        return Completion(
            body=record["response"],
            provider=record["provider"],
            model=record["model"],
            input_tokens=usage.get("prompt_tokens", 0),
            output_tokens=usage.get("completion_tokens", 0),
            cached_tokens=(usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
            usd=Decimal(record["usd"]) if record.get("usd") is not None else None,
        )

    def stream(self, request: dict[str, Any], *, timeout_seconds: float) -> Iterator[dict[str, Any] | Completion]:
        """Return the recorded answer in one piece; see `LLMBackend.stream`."""
        answer = self.complete(request, timeout_seconds=timeout_seconds)
        yield {
            **{key: answer.body.get(key) for key in ("id", "created", "model")},
            "object": "chat.completion.chunk",
            "choices": [
                {"index": choice["index"], "delta": choice["message"], "finish_reason": choice["finish_reason"]}
                for choice in answer.body["choices"]
            ],
        }
        yield answer

    def price_bound(self, request: dict[str, Any]) -> Decimal | None:  # noqa: ARG002 - the port's
        """Return nothing: what is repeated costs what it did cost, and that is not known before."""
        return None

    def close(self) -> None:
        """Do nothing; nothing was started."""


class RecordingBackend:
    """Hands everything on to another backend and writes down what it answered."""

    def __init__(self, inner: LLMBackend, directory: Path, *, now: Callable[[], datetime]) -> None:
        """Record into a directory.

        Args:
            inner: Who answers.
            directory: Made when missing.
            now: Time of day, for `made`.
        """
        self._inner = inner
        self._directory = directory
        self._now = now

    def complete(self, request: dict[str, Any], *, timeout_seconds: float) -> Completion:
        """Ask the inner one; see `LLMBackend.complete`."""
        answer = self._inner.complete(request, timeout_seconds=timeout_seconds)
        self._write(request, answer)
        return answer

    def stream(self, request: dict[str, Any], *, timeout_seconds: float) -> Iterator[dict[str, Any] | Completion]:
        """Ask the inner one; see `LLMBackend.stream`."""
        for item in self._inner.stream(request, timeout_seconds=timeout_seconds):
            if isinstance(item, Completion):
                self._write(request, item)
            yield item

    def price_bound(self, request: dict[str, Any]) -> Decimal | None:
        """Ask the inner one; see `LLMBackend.price_bound`."""
        return self._inner.price_bound(request)

    def close(self) -> None:
        """Close the inner one."""
        self._inner.close()

    def _write(self, request: dict[str, Any], answer: Completion) -> None:
        record = {
            "made": f"recorded {self._now():%Y-%m-%d}",
            "provider": answer.provider,
            "model": answer.model,
            "usd": str(answer.usd) if answer.usd is not None else None,
            "request": {key: request[key] for key in _KEYED if request.get(key) is not None},
            "response": answer.body,
        }
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            # Whole or not at all: two calls may write the same record at once.
            handle, name = tempfile.mkstemp(dir=self._directory, suffix=".part")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(record, file, indent=2, sort_keys=True)
                file.write("\n")
            Path(name).replace(self._directory / f"{key_of(request)}.json")
        except OSError as error:
            # The answer is paid for: it goes on, and is counted, without its record.
            structlog.get_logger().warning("answer_not_recorded", directory=str(self._directory), reason=str(error))
