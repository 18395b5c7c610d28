"""The closed list of what reaches a provider."""

from __future__ import annotations

import json
from typing import Any

import pytest

from foreman.llm.base import BadRequest, LLMTarget
from foreman.llm.chat import read
from foreman.llm.prompt import litellm_model, provider_request

MESSAGES = [{"role": "user", "content": "hi"}]
TOOL = {"type": "function", "function": {"name": "look", "description": "d", "parameters": {"type": "object"}}}


def passed_on(**request: Any) -> dict[str, Any]:
    body = json.dumps({"model": "m", "messages": MESSAGES, **request}).encode()
    return read(body).for_backend(model="m", temperature=0.0, max_output_tokens=100)


@pytest.mark.parametrize(
    "dropped",
    [
        {"api_base": "http://evil"},
        {"api_key": "k"},
        {"base_url": "http://evil"},
        {"extra_headers": {"X": "y"}},
        {"mock_response": "x"},
        {"custom_llm_provider": "evil"},
        {"fallbacks": ["dear"]},
        {"metadata": {"a": 1}},
        {"web_search_options": {}},
        {"timeout": 9999},
        {"temperature": 2},
        {"n": 1},
        {"messages": [{"role": "user", "content": "hi", "cache_control": {"type": "ephemeral"}, "name": "x"}]},
    ],
)
def test_what_could_change_where_the_call_goes_is_dropped(dropped: dict[str, Any]) -> None:
    assert passed_on(**dropped) == passed_on()


@pytest.mark.parametrize(
    "kept",
    [
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "ö"}]}]},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}},
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}},
        {"stop": ["x"], "seed": 3, "max_tokens": 7},
    ],
)
def test_what_a_model_needs_is_passed_on(kept: dict[str, Any]) -> None:
    assert passed_on(**kept) == {**passed_on(), **kept}


@pytest.mark.parametrize(
    "refused",
    [
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://evil/x"}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "https://evil"}}]}]},
        {"messages": [{"role": "root", "content": "x"}]},
        {"messages": MESSAGES * 201},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tools": [{"type": "mcp", "server_url": "http://evil"}]},
        {"tools": [TOOL] * 33},
        {"n": 5},
        {"max_tokens": 0},
        {"max_tokens": "many"},
        {"stream": "perhaps"},
        {"response_format": {"type": "grammar"}},
    ],
)
def test_what_would_fetch_or_multiply_is_refused(refused: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        passed_on(**refused)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"\xff", b'{"messages": [{"role": "user", "content": "\\ud800"}]}']
)
def test_what_is_no_request_at_all_is_refused_in_one_line(body: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        read(body)

    assert "\n" not in str(caught.value)


def test_the_developer_role_is_the_system_role_everywhere() -> None:
    assert passed_on(messages=[{"role": "developer", "content": "x"}])["messages"][0]["role"] == "system"


@pytest.mark.parametrize(
    ("provider", "model", "marked"),
    [("anthropic", "claude-x", True), ("bedrock", "anthropic.claude-x", True), ("openai", "gpt-x", False)],
)
@pytest.mark.parametrize("content", ["rules", [{"type": "text", "text": "rules"}]])
def test_only_the_stable_part_is_marked_and_only_where_it_counts(
    provider: str, model: str, marked: bool, content: Any
) -> None:
    request = {"model": "m", "messages": [{"role": "system", "content": content}, *MESSAGES]}
    before = json.dumps(request)

    made = provider_request(request, LLMTarget(provider=provider, model=model))

    assert ("cache_control" in json.dumps(made["messages"][0])) is marked
    assert made["messages"][1:] == MESSAGES
    assert "model" not in made
    assert json.dumps(request) == before, "the request of the caller was changed"


def test_models_are_named_as_litellm_wants_them() -> None:
    assert [
        litellm_model(LLMTarget(provider=provider, model=model))
        for provider, model in [("ollama", "llama3"), ("anthropic", "claude-x"), ("openai", "openai/gpt-x")]
    ] == ["ollama_chat/llama3", "anthropic/claude-x", "openai/gpt-x"]
