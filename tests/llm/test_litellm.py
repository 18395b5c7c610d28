"""What Anthropic, OpenAI and Ollama see and say on the wire, through the real LiteLLM in its real child process."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from foreman.errors import ModelError, ModelUnavailable
from foreman.llm.base import Completion, LLMBackend, LLMTarget
from foreman.llm.litellm_backend import LiteLLMBackend
from foreman.llm.litellm_child import Child
from foreman.llm.recorded import RecordedBackend, key_of
from tests.llm.fakes import NOON
from tests.llm.providers import MODELS, PROVIDERS, ProviderServer, Scenario

KEY = "sk-not-a-real-key-1234"  # pragma: allowlist secret
FIXTURES = Path(__file__).parent.parent / "fixtures" / "llm"

# The import of LiteLLM takes seconds: one child for all of them (`--dist loadgroup`).
pytestmark = pytest.mark.xdist_group("litellm")

# Runs the worker and writes down every address that anything in the process connects to or looks up.
_WATCHED = """
import json, runpy, sys
log = open({path!r}, "a", buffering=1)
def hook(event, arguments):
    if event == "socket.connect":
        print(json.dumps(str(arguments[1])), file=log)
    elif event == "socket.getaddrinfo":
        print(json.dumps(str(arguments[:2])), file=log)
sys.addaudithook(hook)
runpy.run_module("foreman.llm.litellm_worker", run_name="__main__")
"""


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reached") / "addresses"


@pytest.fixture(scope="module")
def child(reached: Path) -> Iterator[Child]:
    child = Child(command=[sys.executable, "-I", "-c", _WATCHED.format(path=str(reached))])
    yield child
    child.close()


@pytest.fixture(scope="module")
def server() -> Iterator[ProviderServer]:
    server = ProviderServer()
    yield server
    server.close()


class Bench:
    """Makes backends on the shared child, each with scenarios of its own."""

    def __init__(self, child: Child, server: ProviderServer, name: str) -> None:
        self._child, self._server, self._name = child, server, name
        self._made = 0

    def target(self, provider: str, scenario: Scenario) -> LLMTarget:
        self._made += 1
        name = f"s{abs(hash(self._name))}-{self._made}"
        self._server.scenarios[name] = scenario
        base = self._server.base(name, provider)
        return LLMTarget(provider=provider, model=MODELS[provider], api_key=lambda: KEY, api_base=base)

    def backend(self, *targets: LLMTarget) -> LiteLLMBackend:
        return LiteLLMBackend(targets, now=lambda: NOON, start=lambda: self._child)


@pytest.fixture
def bench(child: Child, server: ProviderServer, request: pytest.FixtureRequest) -> Bench:
    return Bench(child, server, request.node.name)


def triage() -> dict[str, Any]:
    """Return a request as the triage agent makes it."""
    return json.loads((FIXTURES / "triage-request.json").read_text())


def text_of(answer: Completion) -> str:
    return answer.body["choices"][0]["message"]["content"]


VERDICT = '{"labels": ["bug"], "reply": null}'


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_provider_gets_its_own_wire_format(provider: str, bench: Bench) -> None:
    scenario = Scenario(text=VERDICT)

    answer = bench.backend(bench.target(provider, scenario)).complete(triage(), timeout_seconds=240)

    (seen,) = scenario.seen
    body = seen.body
    assert body["model"] == MODELS[provider]
    system, user = triage()["messages"]
    schema = triage()["response_format"]["json_schema"]["schema"]
    if provider == "anthropic":
        assert seen.path.endswith("/v1/messages")
        assert seen.headers["x-api-key"] == KEY
        assert seen.headers["anthropic-version"]
        assert body["system"] == [
            {"type": "text", "text": system["content"], "cache_control": {"type": "ephemeral"}}
        ], "the stable part is marked, or Anthropic caches nothing"
        assert body["messages"][0]["role"] == "user"
        assert (body["max_tokens"], body["temperature"]) == (300, 0)
    elif provider == "openai":
        assert seen.path.endswith("/v1/chat/completions")
        assert seen.headers["authorization"] == f"Bearer {KEY}"
        assert body["messages"] == [system, user]
        assert body["response_format"]["json_schema"]["schema"] == schema
        assert (body["max_tokens"], body["temperature"]) == (300, 0)
    else:
        assert seen.path.endswith("/api/chat")
        assert [(message["role"], message["content"]) for message in body["messages"]] == [
            ("system", system["content"]),
            ("user", user["content"]),
        ]
        assert body["format"] == schema
        assert (body["options"]["num_predict"], body["options"]["temperature"]) == (300, 0)
    tokens = {"anthropic": (14, 5, 4), "openai": (11, 2, 5), "ollama": (7, 3, 0)}[provider]
    price = {"anthropic": Decimal("0.0001062"), "openai": Decimal("0.000002475"), "ollama": None}[provider]
    assert (answer.input_tokens, answer.output_tokens, answer.cached_tokens) == tokens
    assert answer.usd == price
    assert (answer.provider, answer.model) == (provider, MODELS[provider])
    assert answer.body["model"] == MODELS[provider]


def test_the_same_prompt_gets_the_same_verdict_from_every_backend(bench: Bench) -> None:
    backends: list[LLMBackend] = [bench.backend(bench.target(name, Scenario(text=VERDICT))) for name in PROVIDERS]
    backends.append(RecordedBackend(FIXTURES))

    verdicts = [json.loads(text_of(backend.complete(triage(), timeout_seconds=240))) for backend in backends]

    assert verdicts == [json.loads(VERDICT)] * 4
    assert (FIXTURES / f"{key_of(triage())}.json").exists()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_stream_arrives_in_pieces_and_ends_with_the_count(provider: str, bench: Bench) -> None:
    backend = bench.backend(bench.target(provider, Scenario(text="hello there")))

    *chunks, last = backend.stream(triage(), timeout_seconds=240)

    assert "".join(piece["choices"][0]["delta"].get("content", "") for piece in chunks) == "hello there"
    assert len([piece for piece in chunks if piece["choices"][0]["delta"].get("content")]) == 2
    assert isinstance(last, Completion)
    assert text_of(last) == "hello there"
    assert last.output_tokens == {"anthropic": 5, "openai": 2, "ollama": 3}[provider]
    assert all(piece["model"] == MODELS[provider] for piece in chunks)


def _says(text: str) -> bytes:
    return json.dumps({"error": {"message": f"{text} {KEY}", "type": "x"}}).encode()


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("status", "body", "transient", "requests"),
    [
        (500, _says("oops"), True, 2),
        (200, b'{"id": half an ans', True, 2),
        (401, _says("bad key"), False, 1),
        (400, _says("too long"), False, 1),
    ],
)
def test_errors_say_whether_waiting_helps_and_never_hold_the_key(
    provider: str, status: int, body: bytes, transient: bool, requests: int, bench: Bench
) -> None:
    scenario = Scenario(answers=[(status, {}, body)])

    with pytest.raises(ModelError) as caught:
        bench.backend(bench.target(provider, scenario)).complete(triage(), timeout_seconds=240)

    assert caught.value.transient is transient
    assert isinstance(caught.value, ModelUnavailable) is transient
    assert KEY not in str(caught.value)
    assert len(scenario.seen) == requests


@pytest.mark.parametrize("provider", PROVIDERS)
def test_retry_after_is_told_and_kept_by_later_calls(provider: str, bench: Bench) -> None:
    scenario = Scenario(answers=[(429, {"Retry-After": "300"}, _says("slow down"))])
    backend = bench.backend(bench.target(provider, scenario))

    for _ in range(2):
        with pytest.raises(ModelUnavailable) as caught:
            backend.complete(triage(), timeout_seconds=240)

        assert caught.value.retry_at is not None
        assert timedelta(seconds=200) < caught.value.retry_at - NOON <= timedelta(seconds=300)
    assert len(scenario.seen) == 1, "asked again before the time the provider named"


def test_a_short_retry_after_is_waited_for(bench: Bench) -> None:
    scenario = Scenario(answers=[(429, {"Retry-After": "1"}, _says("slow down")), (200, {}, None)])

    answer = bench.backend(bench.target("openai", scenario)).complete(triage(), timeout_seconds=240)

    assert text_of(answer) == "hello"
    assert len(scenario.seen) == 2


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("trouble", [(401, {}, _says("bad key")), (429, {"Retry-After": "300"}, _says("slow down"))])
def test_fallbacks_answer_in_order(trouble: tuple[int, dict[str, str], bytes], stream: bool, bench: Bench) -> None:
    first, second, third = Scenario(answers=[trouble]), Scenario(text="second"), Scenario(text="third")
    backend = bench.backend(
        bench.target("anthropic", first), bench.target("ollama", second), bench.target("openai", third)
    )

    if stream:
        *_, answer = backend.stream(triage(), timeout_seconds=240)
    else:
        answer = backend.complete(triage(), timeout_seconds=240)

    assert isinstance(answer, Completion)
    assert text_of(answer) == "second"
    assert (answer.provider, answer.model) == ("ollama", "llama3")
    assert [len(scenario.seen) for scenario in (first, second, third)] == [1, 1, 0]


def test_a_first_choice_that_hangs_leaves_time_for_the_second(bench: Bench) -> None:
    bench.backend(bench.target("openai", Scenario())).complete(triage(), timeout_seconds=240)
    slow = Scenario(hang=threading.Event())
    backend = bench.backend(bench.target("anthropic", slow), bench.target("openai", Scenario(text="second")))
    try:
        answer = backend.complete(triage(), timeout_seconds=8)
    finally:
        slow.hang.set()

    assert text_of(answer) == "second"


def test_a_slow_provider_is_unavailable_and_the_child_lives_on(bench: Bench, child: Child) -> None:
    bench.backend(bench.target("openai", Scenario())).complete(triage(), timeout_seconds=240)
    slow = Scenario(hang=threading.Event())
    try:
        with pytest.raises(ModelUnavailable):
            bench.backend(bench.target("openai", slow)).complete(triage(), timeout_seconds=1.5)
    finally:
        slow.hang.set()

    assert child.usable


def test_a_price_is_estimated_from_the_local_table(bench: Bench) -> None:
    known = bench.backend(bench.target("anthropic", Scenario()), bench.target("openai", Scenario()))
    unknown = bench.backend(bench.target("anthropic", Scenario()), bench.target("ollama", Scenario()))
    request = {"messages": [{"role": "user", "content": "x" * 20_000}], "max_tokens": 1000}

    bound = known.price_bound(request)

    assert bound is not None
    assert Decimal("0.03") < bound < Decimal("0.06"), "3 USD a million in, 15 out"
    assert unknown.price_bound(request) is None


def test_the_child_reaches_nothing_but_the_provider(bench: Bench, server: ProviderServer, reached: Path) -> None:
    for provider in PROVIDERS:
        bench.backend(bench.target(provider, Scenario())).complete(triage(), timeout_seconds=240)

    addresses = {json.loads(line) for line in reached.read_text().splitlines()}

    assert addresses, "the watch saw nothing at all"
    assert {address for address in addresses if str(server.port) not in address} == set()


def test_the_child_has_no_secret_in_environment_or_arguments(
    bench: Bench, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.backend(bench.target("openai", Scenario())).complete(triage(), timeout_seconds=240)
    process = Path(f"/proc/{child.pid}")

    environment = (process / "environ").read_bytes()
    names = {entry.split(b"=")[0].decode() for entry in environment.split(b"\0") if entry}

    assert names <= {
        "PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    }  # fmt: skip
    assert KEY.encode() not in environment + (process / "cmdline").read_bytes()
