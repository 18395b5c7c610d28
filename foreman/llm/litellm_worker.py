"""The child process that holds LiteLLM: `python -I -m foreman.llm.litellm_worker`.

It imports nothing of Foreman: LiteLLM has been trojaned before, so it shares neither memory nor environment with the
forge token. One JSON object a line on stdin is a request, one a line on stdout an event about it:

    {"id": 1, "op": "complete", "provider": "anthropic", "model": "anthropic/m", "api_key": "…", "api_base": null,
     "request": {"messages": […]}, "stream": false, "timeout": 60}
    {"ready": true}   {"id": 1, "chunk": {…}}   {"id": 1, "result": {…}}   {"id": 1, "error": {…}}

Keys come over the pipe with each request and are kept nowhere. There is no retry here: `litellm_backend` decides.
When stdin ends, the process ends, whatever it is doing.
"""

from __future__ import annotations

import ctypes
import email.utils
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TextIO

_PARALLEL = 32
"""Calls at once; the gateway lets fewer through."""

_MESSAGE_CHARS = 300
"""Of a provider's error text, characters: enough to say what is wrong, too few to carry a prompt along."""

_PR_SET_PDEATHSIG = 1
"""From `linux/prctl.h`."""

_NO_CALLS_HOME = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
    "LITELLM_LOCAL_AUTOROUTER_PRESETS": "True",
    "LITELLM_MODE": "PRODUCTION",  # reads no `.env` from anywhere
    "LITELLM_TELEMETRY": "False",
    "DO_NOT_TRACK": "1",
}
"""Set before the import: with them it reads price and header tables from its own package, not from the network."""


def _import_litellm() -> Any:
    os.environ.update(_NO_CALLS_HOME)
    import litellm

    litellm.telemetry = False
    litellm.drop_params = True
    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    litellm.num_retries = 0
    return litellm


def _plain(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    return dump() if dump is not None else value


def _message(raw: dict[str, Any]) -> dict[str, Any]:
    """Keep what OpenAI defines of a message or a delta, leave out the provider's extras."""
    return {key: raw[key] for key in ("role", "content", "tool_calls", "refusal") if raw.get(key) is not None}


def _usage(raw: Any) -> dict[str, Any] | None:
    usage = _plain(raw)
    if not isinstance(usage, dict):
        return None
    details = usage.get("prompt_tokens_details") or {}
    return {
        "prompt_tokens": int(usage.get("prompt_tokens") or 0),
        "completion_tokens": int(usage.get("completion_tokens") or 0),
        "total_tokens": int(usage.get("total_tokens") or 0),
        "prompt_tokens_details": {"cached_tokens": int(details.get("cached_tokens") or 0)},
    }


def _body(response: Any) -> dict[str, Any]:
    raw = _plain(response)
    choices = [
        {
            "index": choice.get("index") or 0,
            "message": {"content": None, **_message(choice["message"]), "role": "assistant"},
            "finish_reason": choice.get("finish_reason") or "stop",
        }
        for choice in raw.get("choices") or ()
    ]
    return {
        "id": raw.get("id"),
        "object": "chat.completion",
        "created": raw.get("created"),
        "choices": choices,
        "usage": _usage(raw.get("usage")),
    }


def _chunk(response: Any) -> dict[str, Any]:
    raw = _plain(response)
    choices = [
        {
            "index": choice.get("index") or 0,
            "delta": _message(choice.get("delta") or {}),
            "finish_reason": choice.get("finish_reason"),
        }
        for choice in raw.get("choices") or ()
    ]
    return {
        "id": raw.get("id"),
        "object": "chat.completion.chunk",
        "created": raw.get("created"),
        "choices": choices,
    }


def _price_of(litellm: Any, model: str) -> dict[str, float] | None:
    """Look a model up in the local table alone; LiteLLM's own lookup would ask an Ollama server."""
    provider, _, name = model.partition("/")
    for key in (model, name):
        entry = litellm.model_cost.get(key)
        if entry is not None and str(entry.get("litellm_provider", "")).startswith(provider.removesuffix("_chat")):
            into, out = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
            if into is not None and out is not None:
                return {"input": float(into), "output": float(out)}
    return None


def _cost(litellm: Any, response: Any, model: str) -> str | None:
    if _price_of(litellm, model) is None:
        return None
    try:
        return f"{litellm.completion_cost(completion_response=response, model=model):.10f}"
    except Exception:  # LiteLLM raises bare Exception for a model it has no price for: not known
        return None


def _retry_after(error: BaseException) -> float | None:
    """Return the seconds a provider asked to wait, from a number or a date, None when it did not say."""
    response = getattr(error, "response", None)
    for headers in (getattr(error, "litellm_response_headers", None), getattr(response, "headers", None)):
        text = (headers or {}).get("retry-after") if hasattr(headers, "get") else None
        if not text:
            continue
        try:
            return max(0.0, float(text))
        except ValueError:
            pass
        try:
            return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
        except ValueError:
            continue
    return None


def _failure(error: BaseException, key: str | None) -> dict[str, Any]:
    text = str(error).strip().split("\n", 1)[0]
    if key:
        text = text.replace(key, "***")
    status = getattr(error, "status_code", None)
    return {
        "name": type(error).__name__,
        "message": text[:_MESSAGE_CHARS],
        "status": status if isinstance(status, int) else None,
        "retry_after": _retry_after(error),
    }


def _answer(litellm: Any, asked: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    if asked["op"] == "price":
        return {"price": _price_of(litellm, asked["model"])}
    arguments = {
        **asked["request"],
        "model": asked["model"],
        "api_key": asked.get("api_key"),
        "api_base": asked.get("api_base"),
        "timeout": asked["timeout"],
        "num_retries": 0,
        "max_retries": 0,
    }
    if not asked.get("stream"):
        response = litellm.completion(**arguments)
    else:
        chunks = []
        stream: Iterable[Any] = litellm.completion(**arguments, stream=True, stream_options={"include_usage": True})
        for chunk in stream:
            chunks.append(chunk)
            piece = _chunk(chunk)
            if any(choice["delta"] or choice["finish_reason"] for choice in piece["choices"]):
                say({"chunk": piece})
        response = litellm.stream_chunk_builder(chunks, messages=asked["request"]["messages"])
    return {"body": _body(response), "usd": _cost(litellm, response, asked["model"])}


def _serve(litellm: Any, asked: dict[str, Any], out: Callable[[dict[str, Any]], None]) -> None:
    number = asked["id"]

    def say(event: dict[str, Any]) -> None:
        out({"id": number, **event})

    try:
        say({"result": _answer(litellm, asked, say)})
    except Exception as error:  # the border of this process: whatever LiteLLM raises is told, never fatal
        say({"error": _failure(error, asked.get("api_key"))})


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_with_input(requests: TextIO, take: Callable[[dict[str, Any]], None]) -> None:
    for line in requests:
        take(json.loads(line))
    os._exit(0)


def main() -> None:
    """Serve requests until stdin ends."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which closes our stdin
    # Nothing LiteLLM prints may get between the events.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def out(event: dict[str, Any]) -> None:
        line = json.dumps(event, default=str)
        with lock:
            events.write(line + "\n")
            events.flush()

    pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="call")
    loaded = threading.Event()
    module: list[Any] = []

    def run(asked: dict[str, Any]) -> None:
        loaded.wait()
        _serve(module[0], asked, out)

    threading.Thread(
        target=_end_with_input, args=(sys.stdin, lambda asked: pool.submit(run, asked)), daemon=True
    ).start()
    try:
        module.append(_import_litellm())
    except Exception as error:  # told, then fatal: a broken installation must have a message
        out({"fatal": f"LiteLLM cannot be imported: {type(error).__name__}: {str(error)[:_MESSAGE_CHARS]}"})
        os._exit(1)
    out({"ready": True})
    loaded.set()
    threading.Event().wait()


if __name__ == "__main__":
    main()
