"""The compose file as it stands: the daemon without any right, a sealed agent, and the socket proxy between them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.conftest import docker
from tests.engines import needs_engine
from tests.world import REPO, World, identity, wait_until

pytestmark = [
    pytest.mark.docker,
    needs_engine,
    pytest.mark.xdist_group("docker"),
    pytest.mark.timeout(1200),
]

UID = 65531
"""The daemon's user in its container."""

RUN = Path("/run/foreman")

INTRUDER = (Path(__file__).parent / "intruder.py").read_text()
"""Run by the daemon's own interpreter, as by whoever had taken it over."""

ALLOWED = {"as Foreman does": 404, "the same by hand": 404}
"""There is no such image: the engine itself says so."""


class Place:
    """What a person prepares, and the compose command on it."""

    def __init__(self, folder: Path, project: Path, images: dict[str, str]) -> None:
        self.project = f"foreman-test-{secrets.token_hex(4)}"
        self.etc = folder / "etc"
        secret = folder / "credentials"
        self.etc.mkdir(mode=0o755)
        secret.mkdir(mode=0o755)
        self.token = secret / "GITHUB_TOKEN"
        over = folder / "test.yaml"
        # The test's forge is on loopback, and the proxy tells of what it lets through, too.
        more = {
            "daemon": {"network_mode": "host", "environment": {"FOREMAN_HEALTH_PORT": str(_free_port())}},
            "engine": {"environment": {"ENGINE_PROXY_LOG": "all"}},
        }
        self.port = int(more["daemon"]["environment"]["FOREMAN_HEALTH_PORT"])
        over.write_text(yaml.safe_dump({"services": more}))
        has_plugin = not subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode
        program = ["docker", "compose"] if has_plugin else ["docker-compose"]
        files = ["-f", str(project / "deploy" / "compose.yaml"), "-f", str(over)]
        self._program = [*program, "-p", self.project, *files]
        self._environment = {
            **os.environ,
            **images,
            "FOREMAN_ETC": str(self.etc),
            "FOREMAN_CREDENTIALS": str(secret),
        }

    def compose(self, *arguments: str, seconds: float = 300) -> str:
        done = subprocess.run(
            [*self._program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env=self._environment,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def container(self, service: str) -> str:
        return self.compose("ps", "-q", service).strip()

    def python(self, program: str) -> str:
        return docker("exec", self.container("daemon"), "python", "-c", program)

    def log(self, service: str) -> str:
        return docker("logs", self.container(service), check=False)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def place(tmp_path: Path, project: Path, world: World, daemon_image: str, haproxy_image: str) -> Iterator[Place]:
    if os.geteuid() != 0:
        pytest.skip("needs root: files are given to the daemon's user")
    if shutil.which("docker-compose") is None and "compose" not in docker("--help"):
        pytest.skip("no docker-compose")
    if RUN.exists():
        pytest.skip(f"{RUN} is somebody's")
    RUN.mkdir(mode=0o700)
    os.chown(RUN, UID, UID)
    place = Place(tmp_path, project, {"FOREMAN_IMAGE": daemon_image, "HAPROXY_IMAGE": haproxy_image})
    place.token.write_text(f"{world.token}\n")
    place.token.chmod(0o400)
    os.chown(place.token, UID, UID)
    world.config["identity"] = identity(world.forge, "acme-foreman", "GITHUB_TOKEN")
    world.config["agents"]["issue-triage"] = {"runtime": "docker", "timeout_seconds": 120}
    world.config["server"] = {"enabled": True, "port": place.port}
    del world.config["storage"]
    (place.etc / "config.yaml").write_text(yaml.safe_dump(world.config))
    try:
        yield place
    finally:
        with contextlib.suppress(AssertionError):
            print(place.log("daemon")[-3000:], place.log("engine")[-3000:])
        place.compose("down", "-v", "-t", "10")
        shutil.rmtree(RUN)


def state_of(container: str) -> dict[str, Any]:
    return dict(json.loads(docker("inspect", container))[0])


def agents() -> list[str]:
    """Return the agents' containers whose sockets lie in the shared folder."""
    every = docker("ps", "-aq", "--filter", "label=foreman.agent").split()
    return [each for each in every if f'"{RUN}/' in docker("inspect", each, check=False)]


def test_the_compose_file_runs_foreman_without_rights_and_an_agent_through_the_proxy(
    place: Place, world: World
) -> None:
    place.compose("run", "--rm", "agent-image", seconds=900)
    place.compose("up", "-d")
    crash = world.forge.open_issue(REPO, title="It crashes at start", author="kim")
    wait_until(lambda: world.forge.issue(REPO, crash).labels == ("bug",), "the sealed agent triages", 180)

    assert len(agents()) == 1

    # What it was given is what was promised.
    foreman = place.container("daemon")
    status = dict(re.findall(r"(\w+):\s+(\S+)", place.python("print(open('/proc/self/status').read())")))
    assert (status["Uid"], status["CapEff"], status["CapBnd"], status["NoNewPrivs"]) == (
        str(UID),
        "0" * 16,
        "0" * 16,
        "1",
    )
    no_write = (
        "import pathlib, sys\ntry: pathlib.Path(sys.argv[1]).touch()\nexcept OSError as error: print(error.errno)"
    )
    for where in ("/x", "/opt/foreman/x", "/usr/x", "/etc/foreman/x", "/run/x"):
        assert docker("exec", foreman, "python", "-c", no_write, where).strip() in ("13", "30"), where
    assert not re.search(
        r"pip|gcc|make\b", docker("exec", foreman, "ls", "/usr/bin", "/usr/local/bin", "/opt/foreman/.venv/bin")
    )
    check = state_of(foreman)["Config"]["Healthcheck"]["Test"]
    assert check[0] == "CMD"
    docker("exec", foreman, *check[1:])

    # Foreman asked for nothing that is refused, and nothing is let through that it does not ask for.
    asked = re.findall(r'^"(\w+)" \d+ (\w+) (\S+)', place.log("engine"), re.MULTILINE)
    assert {verdict for verdict, _, _ in asked} == {"allowed"}
    assert {(method, shape(path)) for _, method, path in asked} >= USED

    # Nor does whoever takes it over get more.
    told = json.loads(place.python(INTRUDER).strip().splitlines()[-1])
    assert {name: code for name, code in told.items() if code != 403} == ALLOWED
    assert len(told) > 30

    began = time.monotonic()
    docker("kill", "-s", "TERM", foreman)
    wait_until(lambda: not state_of(foreman)["State"]["Running"], "it ends")
    took = time.monotonic() - began
    print(f"SIGTERM to the end of process 1: {took:.1f} s")
    assert state_of(foreman)["State"]["ExitCode"] == 0
    assert "daemon_stopped" in place.log("daemon")
    assert agents() == []

    # A new container, the old memory: what was done is not done again.
    place.compose("rm", "-f", "daemon")
    place.compose("up", "-d")
    second = world.forge.open_issue(REPO, title="It crashes again", author="kim")
    wait_until(lambda: world.forge.issue(REPO, second).labels == ("bug",), "the next one triages", 180)
    entries = json.loads(docker("exec", place.container("daemon"), "foreman", "log", "--json"))
    assert {f"{REPO}#{crash}", f"{REPO}#{second}"} <= set(re.findall(r"acme/widget#\d+", json.dumps(entries)))
    assert [entry.effect for entry in world.forge.writes()].count(f"label+ bug {REPO}#{crash}") == 1


USED = {
    ("GET", "/version"),
    ("GET", "/containers/json"),
    ("GET", "/containers/ID/json"),
    ("GET", "/images/NAME/json"),
    ("GET", "/volumes"),
    ("POST", "/containers/create"),
    ("POST", "/containers/ID/start"),
}
"""What one task in a fresh container takes; to end it is `DELETE /containers/ID`, to ask why it failed `logs`."""


def shape(path: str) -> str:
    """Return a path without version, query and names."""
    plain = re.sub(r"^/v1\.\d\d", "", path.partition("?")[0])
    return re.sub(r"images/.+/json", "images/NAME/json", re.sub(r"[0-9a-f]{64}", "ID", plain))
