"""Stand-ins for Anthropic, OpenAI and Ollama on loopback: their wire formats, their errors, their bad days.

The first part of the path is a scenario, so that one server serves every test: `/{scenario}/v1/messages`.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROVIDERS = ("anthropic", "openai", "ollama")
MODELS = {"anthropic": "claude-sonnet-4-6", "openai": "gpt-4o-mini", "ollama": "llama3"}


@dataclass(frozen=True)
class Seen:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Scenario:
    """What to answer, in order; the last one stays. An entry: status, headers, body (None: the provider's own)."""

    answers: list[tuple[int, dict[str, str], bytes | None]] = field(default_factory=lambda: [(200, {}, None)])
    text: str = "hello"
    hang: threading.Event | None = None
    seen: list[Seen] = field(default_factory=list)


def provider_of(path: str) -> str:
    if path.endswith("/messages"):
        return "anthropic"
    return "ollama" if path.endswith("/api/chat") else "openai"


def _anthropic(text: str) -> dict[str, Any]:
    usage = {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 0}
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": MODELS["anthropic"],
        "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None, "usage": usage,
    }  # fmt: skip


def _openai(text: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    details = {"cached_tokens": 5}
    usage = {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13, "prompt_tokens_details": details}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": MODELS["openai"],
        "choices": [choice],
        "usage": usage,
    }


def _ollama(text: str, *, done: bool = True) -> dict[str, Any]:
    ending = {"done_reason": "stop", "prompt_eval_count": 7, "eval_count": 3} if done else {}
    message = {"role": "assistant", "content": text}
    return {"model": "llama3", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": done, **ending}


def whole(provider: str, text: str) -> bytes:
    return json.dumps({"anthropic": _anthropic, "openai": _openai, "ollama": _ollama}[provider](text)).encode()


def _sse(event: dict[str, Any], name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(event).encode() + b"\n\n"


def pieces(provider: str, text: str) -> bytes:
    half = len(text) // 2
    parts = [text[:half], text[half:]]
    if provider == "ollama":
        lines = [*(_ollama(part, done=False) for part in parts), _ollama("")]
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    if provider == "openai":
        head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": MODELS["openai"]}
        deltas: list[tuple[dict[str, Any], str | None]] = [
            ({"role": "assistant", "content": part}, None) for part in parts
        ]
        chunks = [
            {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
            for delta, end in [*deltas, ({}, "stop")]
        ]
        chunks.append({**head, "choices": [], "usage": _openai(text)["usage"]})
        return b"".join(_sse(chunk) for chunk in chunks) + b"data: [DONE]\n\n"
    start = {**_anthropic(""), "content": [], "stop_reason": None}
    start["usage"] = {**start["usage"], "output_tokens": 1}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": part}}
            for part in parts
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]
    return b"".join(_sse(event, event["type"]) for event in events)


class ProviderServer:
    """All three on one port."""

    def __init__(self) -> None:
        self.scenarios: dict[str, Scenario] = defaultdict(Scenario)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer.serve(self)

            def log_message(self, *args: Any) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def base(self, scenario: str, provider: str) -> str:
        return f"http://127.0.0.1:{self.port}/{scenario}" + ("/v1" if provider == "openai" else "")

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        scenario = self.scenarios[handler.path.split("/")[1]]
        headers = {name.lower(): value for name, value in handler.headers.items()}
        scenario.seen.append(Seen(handler.path, headers, body))
        status, extra, data = scenario.answers.pop(0) if len(scenario.answers) > 1 else scenario.answers[0]
        if scenario.hang is not None:
            scenario.hang.wait(60)
        provider = provider_of(handler.path)
        stream = bool(body.get("stream"))
        if data is None:
            data = pieces(provider, scenario.text) if stream else whole(provider, scenario.text)
        kind = "application/json"
        if stream and status == 200:
            kind = "application/x-ndjson" if provider == "ollama" else "text/event-stream"
        try:
            handler.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **extra}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            handler.close_connection = True  # the client gave up first

    def close(self) -> None:
        for scenario in self.scenarios.values():
            if scenario.hang is not None:
                scenario.hang.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)


def eventually(claim: Callable[[], bool], *, seconds: float = 60) -> bool:
    """Wait until something is the case."""
    until = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
