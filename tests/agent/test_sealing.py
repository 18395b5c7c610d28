"""What a container may do, and what goes into an image; no engine needed."""

from __future__ import annotations

import inspect
import io
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import docker.errors
import pytest
import requests

from foreman.agent import images
from foreman.agent.containers import docker_runtime
from foreman.agent.dialing import Address
from foreman.agent.engine import engine, engine_version, until_closing
from foreman.agent.managed import ManagedRuntime
from foreman.agent.resources import Resources
from foreman.agent.sealing import SOCKET_TMPFS, Place, common_options, desktop_options, sealed_options
from foreman.errors import AgentUnavailable, ContainerError, UsageError
from tests.fake_engine import fake_engine


def test_a_sealed_container_has_two_doors_and_nothing_else() -> None:
    common = common_options(agent="a", owner="o" * 64, image="i", resources=Resources(memory="1g", cpus=0.5, pids=7))
    sealed = sealed_options(Place(agent_source="vol", is_volume=True, gateway_dir="/gw"))

    assert common["read_only"] and common["cap_drop"] == ["ALL"] and not common["privileged"]
    assert common["security_opt"] == ["no-new-privileges:true"]
    assert (common["mem_limit"], common["memswap_limit"]) == (2**30, 2**30)
    assert (common["nano_cpus"], common["pids_limit"], common["ipc_mode"]) == (500_000_000, 7, "none")
    assert common["ulimits"] == [{"name": "nofile", "soft": 1024, "hard": 1024}]
    assert "size=" not in SOCKET_TMPFS  # Podman takes it for a quota and refuses the volume
    assert not {"volumes", "devices", "pid_mode", "cap_add", "userns_mode"} & (common.keys() | sealed.keys())
    assert (sealed["network_mode"], sealed["environment"]) == ("none", {})
    assert [(m["Type"], m["Target"], m["ReadOnly"]) for m in sealed["mounts"]] == [
        ("volume", "/run/foreman/agent", False),
        ("bind", "/run/foreman/gateway", True),
    ]
    assert len(sealed_options(Place(agent_source="/x"))["mounts"]) == 1


def test_a_desktop_container_is_published_on_loopback_alone() -> None:
    assert desktop_options(token="t")["ports"] == {"8080/tcp": ("127.0.0.1", None)}


@pytest.mark.parametrize(
    ("text", "size"), [("512m", 2**29), ("1G", 2**30), ("64k", 2**16), ("100", 100), ("2gb", 2**31)]
)
def test_memory_is_read_as_engines_read_it(text: str, size: int) -> None:
    assert Resources(memory=text).memory_bytes == size


def test_a_context_holds_what_the_agent_needs_and_is_the_same_each_time(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("certificate")
    context = io.BytesIO(images.context_of("issue-triage", ca_file=tmp_path / "ca.pem"))
    with tarfile.open(fileobj=context) as archive:
        names = set(archive.getnames())

    assert {"Dockerfile", "build/requirements.lock", "build/ca.pem", "app/foreman/protocol.py"} <= names
    assert {"app/foreman/agentkit/server.py", "app/agents/issue_triage/prompts/triage.py"} <= names
    inside = {name for name in names if name.startswith("app/foreman/")}
    assert all(
        name.startswith("app/foreman/agentkit/")
        for name in inside - {"app/foreman/__init__.py", "app/foreman/protocol.py"}
    )
    assert images.context_of("issue-triage") == images.context_of("issue-triage")
    assert images.tag_of("issue-triage").startswith("foreman-agent-issue-triage:")


def test_an_agent_that_is_not_bundled_needs_an_image(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"agents\.mine\.image"):
        docker_runtime("mine", image=None, work_dir=tmp_path, gateway_socket=None, owner="o")
    with pytest.raises(UsageError):
        images.context_of("mine")


def test_no_engine_is_said_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")

    with pytest.raises(ContainerError, match="runtime: process"):
        engine_version()
    runtime = docker_runtime("issue-triage", image="x", work_dir=tmp_path, gateway_socket=None, owner="o")
    with pytest.raises(ContainerError):
        runtime.start()
    assert not runtime.healthy()
    runtime.stop(timeout_seconds=5)


@pytest.mark.parametrize(
    ("kernel", "sealed", "gateway"),
    [
        (os.uname().release, True, "http+unix://%2Frun%2Fforeman%2Fgateway%2Fllm.sock/v1"),
        ("6.6.12-linuxkit", False, "http://host.docker.internal:4711/v1"),
    ],
)
def test_into_another_machine_an_agent_is_reached_over_tcp_and_is_not_sealed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kernel: str, sealed: bool, gateway: str
) -> None:
    runtime = docker_runtime(
        "issue-triage",
        image="x",
        work_dir=tmp_path,
        gateway_socket=tmp_path / "llm.sock",
        gateway_url="http://127.0.0.1:4711/v1",
        owner="o",
    )
    with fake_engine(kernel) as address:
        monkeypatch.setenv("DOCKER_HOST", address)

        assert (runtime.sealed, runtime.gateway_url) == (sealed, gateway)


def test_the_engines_word_is_waited_for_only_until_closing() -> None:
    let_go, closing = threading.Event(), threading.Event()

    def build() -> Iterator[dict[str, str]]:
        yield {"stream": "first"}
        let_go.wait(30)

    lines = until_closing(build, closing)
    assert next(lines) == {"stream": "first"}
    closing.set()
    with pytest.raises(ContainerError, match="interrupted"):
        next(lines)
    let_go.set()
    assert list(until_closing(lambda: iter([{"a": 1}]), threading.Event())) == [{"a": 1}]


def test_what_the_engine_breaks_with_while_it_streams_is_raised_to_the_caller() -> None:
    def break_off() -> Iterator[dict[str, str]]:
        raise docker.errors.APIError("no")
        yield {}

    with pytest.raises(docker.errors.APIError):
        list(until_closing(break_off, threading.Event()))


def test_a_task_that_waits_for_a_start_lets_go_when_the_agent_is_stopped(tmp_path: Path) -> None:
    inside, let_go = threading.Event(), threading.Event()

    class Slow:
        sealed, gateway_url = True, ""

        def launch(self, *, timeout_seconds: float, closing: threading.Event) -> Address:
            inside.set()
            let_go.wait(30)
            return Address(path=tmp_path / "none.sock")

        def is_running(self) -> bool:
            return False

        def last_words(self) -> str:
            return ""

        def end(self, *, timeout_seconds: float) -> None:
            return

    runtime = ManagedRuntime("slow", Slow())
    told: list[str] = []

    def work(call: Callable[[], object]) -> None:
        try:
            call()
        except AgentUnavailable as error:
            told.append(str(error))

    starting = threading.Thread(target=work, args=(runtime.start,))
    asking = threading.Thread(target=work, args=(lambda: runtime.ask(b"{}", timeout_seconds=300),))
    starting.start()
    assert inside.wait(60)
    asking.start()
    runtime.stop(timeout_seconds=0.2)
    asking.join(60)

    assert told == ["slow is being stopped"]
    assert starting.is_alive()
    let_go.set()
    starting.join(60)


def test_build_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("BASE", "b"), ("NETWORK", "host"), ("CA", "/ca")):
        monkeypatch.setenv(f"FOREMAN_BUILD_{name}", value)

    assert images.BuildSettings.from_environment() == images.BuildSettings(
        base="b", network="host", ca_file=Path("/ca")
    )


def _sdk_errors() -> list[type[Exception]]:
    found = [each for _, each in inspect.getmembers(docker.errors, inspect.isclass) if issubclass(each, Exception)]
    return [*found, *requests.exceptions.RequestException.__subclasses__()]


@pytest.mark.parametrize("error", _sdk_errors(), ids=lambda each: each.__name__)
def test_every_error_of_the_sdk_becomes_ours(error: type[Exception]) -> None:
    if error.__module__ == "builtins" or issubclass(error, Warning):
        pytest.skip("not an error of the SDK's own")
    raised = error.__new__(error)
    raised.args = ("x",)
    for name in ("explanation", "response", "msg", "image", "command", "exit_status", "stderr"):
        raised.__dict__[name] = None
    raised.__dict__.update(msg="x", param="x", name="x", reason="x")

    with pytest.raises(ContainerError), engine(timeout_seconds=60):
        raise raised
