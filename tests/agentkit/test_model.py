"""The model client against a loopback gateway, over TCP and over a Unix socket."""

from __future__ import annotations

from typing import Any

import pytest

from foreman.agentkit import BudgetSpent, Model, ModelError, ModelUnavailable
from foreman.protocol import LLMBackendInfo

ASK = [{"role": "user", "content": "?"}]


def _model(gateway: Any) -> Model:
    info = LLMBackendInfo(provider="anthropic", model="some-model", base_url=gateway.url, token="for-this-task")
    return Model(info, timeout_seconds=60)


def test_one_call_carries_token_model_and_schema_and_counts_tokens(gateway: Any) -> None:
    gateway.says("hello")
    model = _model(gateway)

    assert model.chat(ASK, schema={"type": "object"}, max_tokens=7) == "hello"

    (request,) = gateway.requests
    assert request["path"] == "/v1/chat/completions"
    assert (request["model"], request["max_tokens"], request["messages"]) == ("some-model", 7, ASK)
    assert request["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert gateway.authorisations == ["Bearer for-this-task"]
    assert model.usage is not None
    assert (model.calls, model.usage.input_tokens, model.usage.output_tokens) == (1, 100, 20)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, {"error": {"code": "budget_exceeded", "message": "spent"}}, BudgetSpent),
        (429, {"error": {"code": "rate_limited"}}, ModelUnavailable),
        (503, {"error": {"code": "down"}}, ModelUnavailable),
        (502, b"<html>bad gateway</html>", ModelUnavailable),
        (401, {"error": {"code": "token"}}, ModelError),
        (400, {"error": "model"}, ModelError),
        (302, b"", ModelError),
        (200, b"not json", ModelError),
        (200, b"[]", ModelError),
        (200, {"choices": []}, ModelError),
        (200, {"choices": [{"message": {"content": None}}]}, ModelError),
    ],
)
def test_trouble_has_a_name(gateway: Any, status: int, body: Any, error: type[ModelError]) -> None:
    gateway.fails(status, body, Retry_After="17")

    with pytest.raises(ModelError) as caught:
        _model(gateway).chat(ASK)

    assert type(caught.value) is error
    if isinstance(caught.value, ModelUnavailable):
        assert caught.value.retry_after == "17"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http+unix://%2Fnowhere%2Fllm.sock/v1"])
def test_nobody_there_is_worth_another_try(url: str) -> None:
    with pytest.raises(ModelUnavailable):
        Model(LLMBackendInfo(provider="ollama", base_url=url)).chat(ASK)


def test_an_unknown_scheme_is_an_error_of_its_own() -> None:
    with pytest.raises(ModelError, match="http"):
        Model(LLMBackendInfo(provider="x", base_url="ftp://somewhere")).chat(ASK)


@pytest.mark.parametrize(
    ("provider", "url", "available"), [("none", "http://x", False), ("a", "", False), ("a", "http://x", True)]
)
def test_a_task_may_come_without_a_model(provider: str, url: str, available: bool) -> None:
    assert Model(LLMBackendInfo(provider=provider, base_url=url)).available is available
