"""Make the request for one provider out of the one an agent sent. Pure."""

from __future__ import annotations

from typing import Any

from foreman.llm.base import LLMTarget

_LITELLM_NAMES = {"ollama": "ollama_chat"}
"""Where LiteLLM has a better way than the one of the plain name: Ollama's chat endpoint, not its completion one."""


def litellm_model(target: LLMTarget) -> str:
    """Return LiteLLM's name for a model: `anthropic/claude-sonnet-4-6`."""
    provider = _LITELLM_NAMES.get(target.provider, target.provider)
    return f"{provider}/{target.model.removeprefix(f'{target.provider}/')}"


def marks_cache(target: LLMTarget) -> bool:
    """Return whether the provider caches only what is marked; the others cache unasked or not at all."""
    return target.provider == "anthropic" or "claude" in target.model


def provider_request(request: dict[str, Any], target: LLMTarget) -> dict[str, Any]:
    """Take out what is the backend's to say, and mark the first system message as worth caching where that counts.

    The mark covers everything up to it, so it pays when the system part is the same for every issue.

    Args:
        request: OpenAI-shaped; left as it is.
        target: Who will answer.

    Returns:
        A new request.
    """
    made = {key: value for key, value in request.items() if key not in ("model", "stream", "stream_options")}
    if not marks_cache(target):
        return made
    messages = [dict(message) for message in request["messages"]]
    for message in messages:
        if message["role"] == "system":
            content = message["content"]
            parts = [{"type": "text", "text": content}] if isinstance(content, str) else [*content]
            if parts:
                parts[-1] = {**parts[-1], "cache_control": {"type": "ephemeral"}}
            message["content"] = parts
            break
    return {**made, "messages": messages}
