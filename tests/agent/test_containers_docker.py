"""Agents in real containers: what one can reach from inside, and what is left of it afterwards.

Needs an engine; `.ci/docker-up` makes one on a machine that has none. The probes run inside the container.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foreman.agent import images
from foreman.agent.conformance import examine, sample
from foreman.agent.containers import docker_runtime
from foreman.agent.engine import engine
from foreman.agent.leftovers import remove_leftovers
from foreman.agent.managed import ManagedRuntime
from foreman.agent.sealing import OWNER_LABEL
from foreman.errors import AgentUnavailable, ContainerError
from tests.engines import needs_engine

pytestmark = [pytest.mark.docker, needs_engine]

PROBER = """
import json, os, socket, subprocess, sys, time
from foreman.agentkit import serve
from foreman.protocol import Decision
def run(task):
    out = {}
    exec(task.payload.issue.body, {"out": out, **globals()})
    return Decision(task_id=str(task.task_id), decision="skip", rationale=json.dumps(out)[:4000], actions=())
serve(run)
"""


@pytest.fixture(scope="module")
def owner() -> Iterator[str]:
    """Return an owner of this process alone; whatever it leaves is removed."""
    name = f"test{os.getpid()}"
    yield name
    remove_leftovers(name)


@pytest.fixture(scope="module")
def image() -> str:
    """Return the bundled agent's image, built from its own Dockerfile."""
    settings = images.BuildSettings(base=os.environ.get("FOREMAN_BUILD_BASE", "python:3.12-slim"), network="host")
    return images.build("issue-triage", settings=settings).tag


@pytest.fixture(scope="module")
def prober(image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return an image whose agent does what a test tells it: a hijacked agent."""
    folder = tmp_path_factory.mktemp("prober")
    (folder / "prober.py").write_text(PROBER)
    (folder / "Dockerfile").write_text(
        f'FROM {image}\nCOPY prober.py /app/prober.py\nENTRYPOINT ["python", "/app/prober.py"]\n'
    )
    with engine(timeout_seconds=120) as client:
        client.images.build(path=str(folder), tag="foreman-test-prober:latest", rm=True)
    return "foreman-test-prober:latest"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a socket at which something says hello, in a folder of its own."""
    path = tmp_path_factory.mktemp("gw") / "llm.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        path.chmod(0o666)
        path.parent.chmod(0o711)
        server.listen()

        def greet() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"hello")

        thread = threading.Thread(target=greet)
        thread.start()
        yield path
        server.shutdown(socket.SHUT_RDWR)
        thread.join(60)


@pytest.fixture(scope="module")
def make(
    owner: str, gateway: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., ManagedRuntime]]:
    """Return a function that makes runtimes; they are stopped at the end."""
    made: list[ManagedRuntime] = []

    def runtime(agent: str, image: str, **settings: Any) -> ManagedRuntime:
        work_dir = tmp_path_factory.mktemp("work")
        options = {"gateway_socket": gateway, "memory": "128m", "pids": 64, "work_dir": work_dir} | settings
        made.append(docker_runtime(agent, image=image, owner=owner, **options))
        return made[-1]

    yield runtime
    for each in made:
        each.stop(timeout_seconds=20)


@pytest.fixture(scope="module")
def hijacked(make: Callable[..., ManagedRuntime], prober: str) -> ManagedRuntime:
    """Return a running agent that executes what it is sent."""
    return make("hijacked", prober)


def _inside(runtime: ManagedRuntime, code: str, timeout_seconds: float = 60.0) -> dict[str, Any]:
    reply = json.loads(runtime.ask(json.dumps(sample(body=code)).encode(), timeout_seconds=timeout_seconds))
    out: dict[str, Any] = json.loads(reply["rationale"])
    return out


def test_the_bundled_agent_answers_everything_the_protocol_asks(
    make: Callable[..., ManagedRuntime], image: str
) -> None:
    runtime = make("issue-triage", image)

    failed = [check for check in examine(runtime) if not check.passed]

    assert failed == []
    assert runtime.sealed
    assert runtime.gateway_url == "http+unix://%2Frun%2Fforeman%2Fgateway%2Fllm.sock/v1"


def test_nothing_can_be_reached_from_inside(
    hijacked: ManagedRuntime, make: Callable[..., ManagedRuntime], prober: str
) -> None:
    neighbour = make("neighbour", prober)
    neighbour.start()
    with socket.create_server(("0.0.0.0", 0)) as daemon:
        port = daemon.getsockname()[1]
        addresses = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split()
        targets = [
            *[(address, port) for address in [*addresses, "127.0.0.1", "172.17.0.1"]],
            *[("172.17.0.1", number) for number in (22, 2375, 8642)],
            ("169.254.169.254", 80), ("140.82.112.3", 443), ("8.8.8.8", 53), ("1.1.1.1", 53), ("::1", port),
        ]  # fmt: skip
        told = _inside(
            hijacked,
            f"""
out["reached"] = []
for target in {targets!r}:
    try:
        socket.create_connection(tuple(target), timeout=2).close()
        out["reached"].append(target)
    except OSError:
        pass
for name in ("github.com", "host.docker.internal", "neighbour", "foreman-neighbour"):
    try:
        socket.getaddrinfo(name, 443)
        out["reached"].append(name)
    except OSError:
        pass
for server in ("8.8.8.8", "127.0.0.11", "172.17.0.1"):
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asked.settimeout(1)
    try:
        asked.sendto(b"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\7example\\3com\\0\\0\\1\\0\\1", (server, 53))
        asked.recv(512)
        out["reached"].append("a name server, " + server)
    except OSError:
        pass
out["interfaces"] = sorted(name for _, name in socket.if_nameindex())
out["routes"] = open("/proc/net/route").read().splitlines()[1:]
try:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
    out["reached"].append("raw")
except OSError:
    pass
""",
        )
    assert told["reached"] == []
    assert told["routes"] == []
    assert "lo" in told["interfaces"]
    assert not any(name.startswith("eth") for name in told["interfaces"])


def test_no_secret_of_ours_is_inside(hijacked: ManagedRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = "ghp_" + "canary" * 6
    monkeypatch.setenv("GITHUB_TOKEN", canary)
    hijacked.stop(timeout_seconds=20)
    hijacked.start()

    told = _inside(
        hijacked,
        """
found = []
out["env"] = sorted(os.environ)
for pid in os.listdir("/proc"):
    if pid.isdigit():
        for name in ("environ", "cmdline"):
            try:
                found.append(open(f"/proc/{pid}/{name}", "rb").read())
            except OSError:
                pass
out["processes"] = sum(pid.isdigit() for pid in os.listdir("/proc"))
for top in ("/app", "/etc", "/run", "/tmp", "/root", "/home", "/var"):
    for folder, _, files in os.walk(top):
        for name in files:
            try:
                found.append(open(os.path.join(folder, name), "rb").read(1_000_000))
            except OSError:
                pass
out["canary"] = any(b"canarycanary" in each for each in found)
out["docker"] = os.path.exists("/var/run/docker.sock")
out["host"] = [p for p in ("/work", "/host", "/var/lib/docker", "/root/.ssh") if os.path.exists(p)]
out["bytes"] = sum(map(len, found))
""",
    )

    assert told["bytes"] > 100_000
    assert not told["canary"]
    assert not told["docker"]
    assert told["host"] == []
    assert told["processes"] <= 2
    assert set(told["env"]) <= {
        "PATH", "HOSTNAME", "HOME", "LANG", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "LC_CTYPE",
        "PIP_BREAK_SYSTEM_PACKAGES", "PYTHON_VERSION", "PYTHON_SHA256", "GPG_KEY", "PYTHON_PIP_VERSION",
    }  # fmt: skip


def test_nothing_can_be_written_outside_scratch_and_no_privilege_gained(hijacked: ManagedRuntime) -> None:
    told = _inside(
        hijacked,
        """
out["wrote"] = []
for folder, _, _ in os.walk("/"):
    if folder.startswith(("/proc", "/sys")):
        continue
    try:
        with open(os.path.join(folder, "probe"), "wb") as file:
            file.write(b"x")
        out["wrote"].append(folder)
        os.unlink(os.path.join(folder, "probe"))
    except OSError:
        pass
for path in ("/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
             "/etc/resolv.conf", "/etc/hosts"):
    try:
        open(path, "w").write("x")
        out["wrote"].append(path)
    except OSError:
        pass
def room(folder):
    used = 0
    try:
        with open(folder + "/big", "wb") as file:
            while used < 64_000_000:
                used += file.write(b"x" * 65_536)
                file.flush()
    except OSError:
        pass
    os.path.exists(folder + "/big") and os.unlink(folder + "/big")
    return used
out["scratch"] = room("/tmp")
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines() if ":" in line)
out["caps"] = [int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")]
out["no_new_privs"] = status["NoNewPrivs"].strip()
out["seccomp"] = status["Seccomp"].strip()
out["ids"] = [os.getuid(), os.getgid(), os.getgroups()]
try:
    os.setuid(0); out["wrote"].append("setuid")
except OSError:
    pass
try:
    open("/tmp/run", "w").write("#!/bin/sh\\nexit 0\\n"); os.chmod("/tmp/run", 0o755)
    subprocess.run(["/tmp/run"]); out["wrote"].append("noexec")
except OSError:
    pass
""",
    )

    assert told["wrote"] == ["/run/foreman/agent", "/tmp"] or told["wrote"] == ["/tmp", "/run/foreman/agent"]
    assert told["scratch"] <= 16 * 1024 * 1024
    assert told["caps"] == [0, 0, 0, 0, 0]
    assert told["no_new_privs"] == "1"
    assert told["seccomp"] == "2"
    assert told["ids"][:2] == [65532, 65532]


def test_the_gateway_is_there_and_cannot_be_replaced(hijacked: ManagedRuntime) -> None:
    told = _inside(
        hijacked,
        """
s = socket.socket(socket.AF_UNIX); s.connect("/run/foreman/gateway/llm.sock")
out["said"] = s.recv(10).decode()
try:
    os.unlink("/run/foreman/gateway/llm.sock"); out["unlinked"] = True
except OSError as error:
    out["unlinked"] = False
""",
    )

    assert told == {"said": "hello", "unlinked": False}


def test_the_folder_of_its_socket_is_small_when_it_is_a_volume(hijacked: ManagedRuntime) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can look into the engine's volumes")
    told = _inside(
        hijacked,
        """
made = 0
try:
    for made in range(1000):
        open(f"/run/foreman/agent/f{made}", "wb").write(b"x" * 100_000)
except OSError:
    pass
out["files"] = made
out["bytes"] = sum(os.stat("/run/foreman/agent/" + name).st_size for name in os.listdir("/run/foreman/agent"))
for name in os.listdir("/run/foreman/agent"):
    name.startswith("f") and os.unlink("/run/foreman/agent/" + name)
""",
    )

    assert told["files"] < 16
    assert told["bytes"] <= 64 * 1024


def test_a_link_in_place_of_its_socket_leads_nowhere(hijacked: ManagedRuntime) -> None:
    _inside(
        hijacked,
        """
os.rename("/run/foreman/agent/agent.sock", "/run/foreman/agent/old.sock")
os.symlink("/var/run/docker.sock", "/run/foreman/agent/agent.sock")
""",
    )

    with pytest.raises(AgentUnavailable):
        _inside(hijacked, "")

    assert _inside(hijacked, "out['alive'] = True") == {"alive": True}  # by a fresh container


@pytest.mark.parametrize(
    "code",
    [
        "hoard = []\nwhile True:\n    hoard.append(bytearray(10_000_000))",
        "while True:\n    try:\n        os.fork()\n    except OSError:\n        time.sleep(0.01)",
    ],
    ids=["memory hog", "fork bomb"],
)
def test_greed_ends_the_agent_alone(make: Callable[..., ManagedRuntime], prober: str, code: str) -> None:
    runtime = make("greedy", prober)

    with pytest.raises(AgentUnavailable):
        _inside(runtime, code, timeout_seconds=8.0)

    runtime.stop(timeout_seconds=20)
    runtime.start()
    assert _inside(runtime, "out['alive'] = True") == {"alive": True}


def test_a_private_folder_serves_where_volumes_cannot_be_seen(
    make: Callable[..., ManagedRuntime], prober: str, tmp_path: Path
) -> None:
    runtime = make("folder", prober, work_dir=tmp_path / "private")
    runtime._launcher._can_see_volumes = False  # type: ignore[attr-defined]

    assert _inside(runtime, "out['alive'] = True") == {"alive": True}
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o700
    runtime.stop(timeout_seconds=20)

    assert list((tmp_path / "private").iterdir()) == []


def test_a_desktop_engine_is_reached_over_loopback_with_a_token(
    make: Callable[..., ManagedRuntime], image: str
) -> None:
    runtime = make("desktop", image, transport="tcp", gateway_url="http://127.0.0.1:4711/v1")

    reply = json.loads(runtime.ask(json.dumps(sample()).encode(), timeout_seconds=60))

    assert reply["decision"] == "label_and_respond"
    assert (runtime.sealed, runtime.gateway_url) == (False, "http://host.docker.internal:4711/v1")
    runtime.stop(timeout_seconds=20)


def test_what_a_killed_daemon_left_is_found_and_replaced(image: str, owner: str, tmp_path: Path) -> None:
    code = f"""
import os
from pathlib import Path
from foreman.agent.containers import docker_runtime
docker_runtime("left", image={image!r}, work_dir=Path({str(tmp_path)!r}), gateway_socket=None, owner={owner!r}).start()
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=90).returncode == -9

    def containers() -> list[str]:
        with engine(timeout_seconds=60) as client:
            return [
                str(c.id)
                for c in client.containers.list(
                    all=True, filters={"label": f"{OWNER_LABEL}={owner}", "name": "foreman-left"}
                )
            ]

    (left,) = containers()
    runtime = docker_runtime("left", image=image, work_dir=tmp_path, gateway_socket=None, owner=owner)
    runtime.start()
    (fresh,) = containers()
    assert fresh != left
    runtime.stop(timeout_seconds=20)
    assert containers() == []


def test_a_missing_image_and_a_bad_base_say_so(make: Callable[..., ManagedRuntime]) -> None:
    with pytest.raises(ContainerError, match="no-such-image"):
        make("nobody", "no-such-image:never").start()
    with pytest.raises(ContainerError, match=r"cannot be built|refused"):
        images.build("issue-triage", settings=images.BuildSettings(base="scratch"), force=True)


def test_the_probe_itself_reaches_out_where_there_is_a_network(
    make: Callable[..., ManagedRuntime], prober: str
) -> None:
    """The control: without it, a probe that never works would look like a seal that always holds."""
    runtime = make("control", prober, transport="tcp")
    told = _inside(
        runtime,
        """
gateway = next(line.split()[2] for line in open("/proc/net/route") if line.split()[1] == "00000000")
host = socket.inet_ntoa(bytes.fromhex(gateway)[::-1])
probe = socket.socket()
probe.settimeout(5)
out["refused"] = probe.connect_ex((host, 1)) == 111
""",
    )

    assert told == {"refused": True}  # an answer from the host, which a sealed agent never gets
