"""The model client: one chat completion through the gateway that the task names, over a Unix socket or loopback HTTP.

It does not retry and does not stream; the gateway honours Retry-After and knows the fallbacks.
"""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

from foreman.protocol import LLMBackendInfo, Usage

_MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""Most of a gateway's answer that is read, bytes."""


class ModelError(Exception):
    """The model gave no usable answer, and asking the same again cannot help."""


class ModelUnavailable(ModelError):
    """The model cannot be reached just now; `serve` answers 503 when a handler lets this through."""

    def __init__(self, message: str, *, retry_after: str = "") -> None:
        """Describe the trouble.

        Args:
            message: What happened.
            retry_after: The gateway's `Retry-After` header, empty when it gave none.
        """
        super().__init__(message)
        self.retry_after = retry_after


class BudgetSpent(ModelUnavailable):
    """The maintainer's budget is spent; let it through, and Foreman holds the task until there is money again."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, *, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket file."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def unix_url(path: str) -> str:
    """Write the path of a gateway's socket as a base URL."""
    return f"http+unix://{quote(path, safe='')}/v1"


def _connect(base_url: str, timeout: float) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(base_url)
    path = parts.path.rstrip("/")
    target = f"{path}/chat/completions" if path.endswith("/v1") else f"{path}/v1/chat/completions"
    if parts.scheme == "http+unix":
        return _UnixConnection(unquote(parts.netloc), timeout=timeout), target
    if parts.scheme == "http" and parts.hostname:
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout), target
    if parts.scheme == "https" and parts.hostname:
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout), target
    raise ModelError("llm_backend.base_url is neither http+unix:// nor http://")


class Model:
    """The model of one task.

    Attributes:
        calls: How many completions were asked for.
    """

    def __init__(self, backend: LLMBackendInfo, *, timeout_seconds: float = 90.0) -> None:
        """Take what the task says about its model.

        Args:
            backend: `task.context.llm_backend`.
            timeout_seconds: For each call.
        """
        self._backend = backend
        self._timeout_seconds = timeout_seconds
        self._input_tokens = 0
        self._output_tokens = 0
        self.calls = 0

    @property
    def available(self) -> bool:
        """Whether the task comes with a model at all."""
        return bool(self._backend.base_url) and self._backend.provider != "none"

    @property
    def name(self) -> str:
        """The model's name, for rationales."""
        return self._backend.model or self._backend.provider

    @property
    def usage(self) -> Usage | None:
        """Tokens so far as the gateway told them, ready for a Decision; None when no call was made."""
        return Usage(input_tokens=self._input_tokens, output_tokens=self._output_tokens) if self.calls else None

    def chat(
        self,
        messages: Sequence[dict[str, Any]],
        *,
        schema: dict[str, Any] | None = None,
        max_tokens: int | None = None,
    ) -> str:
        """Ask for one completion.

        Args:
            messages: OpenAI-shaped messages.
            schema: JSON Schema the answer must follow; ignored by providers that cannot, so check the answer.
            max_tokens: Longest answer, tokens; None for the maintainer's setting.

        Returns:
            The text of the answer.

        Raises:
            BudgetSpent: The maintainer's budget is spent.
            ModelUnavailable: No answer now.
            ModelError: Refused, or not a completion.
        """
        request: dict[str, Any] = {"messages": list(messages)}
        if self._backend.model:
            request["model"] = self._backend.model
        if max_tokens is not None:
            request["max_tokens"] = max_tokens
        if schema is not None:
            shape = {"name": "reply", "schema": schema, "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": shape}
        self.calls += 1
        return self._text_of(self._post(json.dumps(request).encode()))

    def _post(self, body: bytes) -> dict[str, Any]:
        deadline = time.monotonic() + self._timeout_seconds
        connection, target = _connect(self._backend.base_url, self._timeout_seconds)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._backend.token}"}
        try:
            connection.request("POST", target, body, headers)
            response = connection.getresponse()
            raw = bytearray()
            while piece := response.read1(65_536):
                raw += piece
                if len(raw) > _MAX_ANSWER_BYTES or time.monotonic() > deadline:
                    raise ModelUnavailable("the gateway's answer is too long or too slow")
        except (OSError, http.client.HTTPException) as error:
            raise ModelUnavailable(f"the gateway does not answer: {type(error).__name__}") from error
        finally:
            connection.close()
        return self._judge(response, bytes(raw))

    def _judge(self, response: http.client.HTTPResponse, raw: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = None
        if response.status == http.HTTPStatus.OK:
            if not isinstance(answer, dict):
                raise ModelError("the gateway answered something that is no JSON object")
            return cast("dict[str, Any]", answer)
        error = answer.get("error") if isinstance(answer, dict) else None
        code = str(error.get("code", "")) if isinstance(error, dict) else str(error or "")
        retry_after = response.getheader("Retry-After", "")
        if "budget" in code:
            raise BudgetSpent("the budget for models is spent", retry_after=retry_after)
        if response.status in (408, 429) or response.status >= 500:
            raise ModelUnavailable(f"the gateway answered {response.status}", retry_after=retry_after)
        raise ModelError(f"the gateway refused with {response.status}")

    def _text_of(self, answer: dict[str, Any]) -> str:
        usage = answer.get("usage")
        if isinstance(usage, dict):
            self._input_tokens += _count(usage.get("prompt_tokens"))
            self._output_tokens += _count(usage.get("completion_tokens"))
        try:
            text = answer["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError) as error:
            raise ModelError("the gateway's answer holds no message") from error
        if not isinstance(text, str):
            raise ModelError("the gateway's answer holds no text")
        return text


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= 10**9 else 0
