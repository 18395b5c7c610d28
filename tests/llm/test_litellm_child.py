"""A child that dies, hangs or raves fails its calls and nothing else. Real processes that speak the worker's lines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foreman.errors import ModelUnavailable
from foreman.llm.base import LLMTarget
from foreman.llm.litellm_backend import LiteLLMBackend
from foreman.llm.litellm_child import Child, scrubbed_environment
from tests.llm.fakes import NOON
from tests.llm.providers import eventually

# Answers each request with its own text, but does what the first message says.
_WORKER = """
import json, os, sys, time
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    said = asked["request"]["messages"][0]["content"]
    if said == "die":
        os._exit(3)
    if said == "rave":
        print("Give Feedback / Get Help", flush=True)
        continue
    if said == "hang":
        continue
    choices = [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}]
    if said == "empty":
        choices = []
    body = {"id": "1", "object": "chat.completion", "created": 1, "choices": choices, "usage": None}
    print(json.dumps({"id": asked["id"], "result": {"body": body, "usd": None}}), flush=True)
"""

Make = Callable[..., LiteLLMBackend]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[LiteLLMBackend] = []

    def backend(script: str = _WORKER) -> LiteLLMBackend:
        target = LLMTarget(provider="openai", model="m")
        made.append(
            LiteLLMBackend(
                [target], now=lambda: NOON, start=lambda: Child(command=[sys.executable, "-I", "-c", script])
            )
        )
        return made[-1]

    yield backend
    for one in made:
        one.close()


def ask(backend: LiteLLMBackend, text: str, *, seconds: float = 20) -> str:
    request: dict[str, Any] = {"messages": [{"role": "user", "content": text}]}
    answer = backend.complete(request, timeout_seconds=seconds)
    return answer.body["choices"][0]["message"]["content"]


def test_nothing_is_started_before_the_first_call(make: Make) -> None:
    backend = make()
    assert backend.pid is None

    assert ask(backend, "hello") == "hello"
    assert backend.pid is not None


@pytest.mark.parametrize(("said", "told"), [("die", "ended"), ("rave", "nonsense"), ("empty", "without a choice")])
def test_a_child_that_fails_is_told_and_replaced(said: str, told: str, make: Make) -> None:
    backend = make()

    with pytest.raises(ModelUnavailable, match=told):
        ask(backend, said)

    assert ask(backend, "again") == "again"


def test_a_broken_installation_has_a_message(make: Make) -> None:
    backend = make('import json; print(json.dumps({"fatal": "LiteLLM cannot be imported: no such thing"}))')

    with pytest.raises(ModelUnavailable, match="cannot be imported"):
        ask(backend, "hello")


def test_a_program_that_cannot_be_started_is_told() -> None:
    child = Child(command=["/nonexistent/python"])

    with pytest.raises(ModelUnavailable, match="cannot be started"):
        list(child.call({}, until=time.monotonic() + 60))

    child.close()


def test_a_child_that_lets_the_time_run_out_is_killed_and_replaced(make: Make) -> None:
    backend = make()
    ask(backend, "hello")
    first = backend.pid
    assert first is not None

    with pytest.raises(ModelUnavailable, match="in time"):
        ask(backend, "hang", seconds=0.3)

    assert eventually(lambda: not Path(f"/proc/{first}").exists())
    assert ask(backend, "again") == "again"
    assert backend.pid != first


def test_a_request_larger_than_a_pipe_does_not_block_past_its_time(make: Make) -> None:
    backend = make("import time; time.sleep(3600)")

    with pytest.raises(ModelUnavailable, match="in time"):
        ask(backend, "x" * 1_000_000, seconds=0.3)


def test_closing_ends_the_child_and_refuses_calls(make: Make) -> None:
    backend = make()
    ask(backend, "hello")
    pid = backend.pid

    backend.close()

    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(ModelUnavailable, match="stopping"):
        ask(backend, "hello")


def test_the_environment_holds_no_secret() -> None:
    environment = {"PATH": "/bin", "HTTPS_PROXY": "http://proxy", "GITHUB_TOKEN": "t", "ANTHROPIC_API_KEY": "k"}

    kept = scrubbed_environment(environment, home="/tmp/h")

    assert kept == {
        "PATH": "/bin",
        "LANG": "C.UTF-8",
        "HTTPS_PROXY": "http://proxy",
        "HOME": "/tmp/h",
        "TMPDIR": "/tmp/h",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_the_worker_dies_with_a_killed_daemon() -> None:
    daemon = (
        "import subprocess, sys, time\n"
        "from foreman.llm.litellm_child import Child\n"
        "child = Child()\n"
        "while child.pid is None: time.sleep(0.01)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(3600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", daemon], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        assert _alive(worker)
        os.kill(process.pid, signal.SIGKILL)

    assert eventually(lambda: not _alive(worker))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
