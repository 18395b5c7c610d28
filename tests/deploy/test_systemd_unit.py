"""`foreman.service` under a real systemd: ready, sandboxed, reloaded, ended by its watchdog when it hangs, stopped."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.deploy.conftest import docker
from tests.engines import needs_engine
from tests.world import REPO, World, identity, wait_until

MOST_EXPOSED = 1.2
"""What docs/service.md promises of `systemd-analyze security`; 0 would be a service that can reach nothing."""

# Beside the unit, so that a hanging daemon is found out within the time of a test, and to look at what the sandbox
# lets through: the engine's socket by its group, and the library that the model process imports.
DROP_IN = """[Service]
WatchdogSec=30s
RestartSec=1
TimeoutAbortSec=2
ExecStartPre=/opt/foreman/.venv/bin/python -c 'import docker; docker.from_env().version()'
ExecStartPre=/opt/foreman/.venv/bin/python -c 'import litellm'
Environment=LITELLM_LOCAL_MODEL_COST_MAP=True
"""


def test_the_unit_is_as_closed_as_the_documents_say(project: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        reason = "no systemd-analyze"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    unit = str(project / "foreman.service")
    asked = ["systemd-analyze", "security", "--offline=true", "--no-pager", unit]
    told = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60).stdout
    found = re.search(r"exposure level for foreman.service: ([\d.]+)", told)
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False, timeout=60
    )
    wrong = [line for line in verified.stderr.splitlines() if "/opt/foreman/.venv/bin/foreman is not exec" not in line]

    assert found
    print(f"exposure: {found[1]}")
    assert float(found[1]) <= MOST_EXPOSED, "\n".join(line for line in told.splitlines() if line.startswith("✗"))
    assert f"**{found[1]}**" in (project / "docs" / "service.md").read_text()
    assert wrong == []


class Machine:
    """A container that is a machine with systemd."""

    def __init__(self, image: str) -> None:
        self.name = f"foreman-test-{secrets.token_hex(4)}"
        # No capability more than systemd and the sandbox it makes need, for not every engine can give all of them.
        capabilities = [f"--cap-add={name}" for name in ("SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN", "DAC_READ_SEARCH")]
        unconfined = ["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"]
        scratch = ["--tmpfs", "/run:exec,mode=755", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"]
        own = ["--cgroupns", "private", "--network", "host", "-e", "container=docker"]
        engine = ["-v", "/var/run/docker.sock:/engine.sock"]
        docker("run", "-d", "--name", self.name, *capabilities, *unconfined, *scratch, *own, *engine, image)

    def run(self, *command: str, check: bool = True, seconds: float = 120) -> str:
        return docker("exec", self.name, *command, check=check, seconds=seconds)

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        program = 'install -D -m "$1" /dev/null "$2" && printf %s "$3" > "$2"'
        self.run("sh", "-c", program, "-", f"{mode:o}", path, text)

    def show(self, name: str) -> str:
        return self.run("systemctl", "show", "foreman", "--property", name, "--value").strip()

    def journal(self) -> str:
        return self.run("journalctl", "--unit=foreman", "--no-pager", "--output=cat")

    def remove(self) -> None:
        docker("rm", "-f", "-v", self.name, check=False)


@pytest.fixture
def machine(systemd_image: str) -> Iterator[Machine]:
    machine = Machine(systemd_image)
    try:
        wait_until(
            lambda: machine.run("systemctl", "is-system-running", check=False).strip() in ("running", "degraded"),
            "systemd has started",
        )
        yield machine
    finally:
        machine.remove()


@pytest.mark.docker
@needs_engine
@pytest.mark.xdist_group("docker")
@pytest.mark.timeout(900)
def test_the_unit_runs_under_systemd(world: World, machine: Machine, project: Path) -> None:
    world.config["identity"] = identity(world.forge, "acme-foreman", "GITHUB_TOKEN")
    world.config["agents"]["issue-triage"] = {"runtime": "process"}
    del world.config["storage"]
    machine.put("/etc/foreman/config.yaml", yaml.safe_dump(world.config))
    machine.put("/etc/foreman/credentials/GITHUB_TOKEN", f"{world.token}\n", 0o600)
    machine.put("/etc/systemd/system/foreman.service", (project / "foreman.service").read_text())
    machine.put("/etc/systemd/system/foreman.service.d/test.conf", DROP_IN)
    group = Path("/var/run/docker.sock").stat().st_gid
    machine.run("sh", "-c", f"groupmod -o -g {group} docker && ln -s /engine.sock /run/docker.sock")
    machine.run("systemctl", "daemon-reload")
    try:
        machine.run("systemctl", "start", "foreman", seconds=300)
    except AssertionError as error:
        pytest.fail(f"{error}\n{machine.journal()[-3000:]}")
    first = machine.show("MainPID")
    assert machine.show("StatusText") == "watching 1 repository"
    assert machine.show("ActiveState") == "active"

    crash = world.forge.open_issue(REPO, title="It crashes at start", author="kim")
    wait_until(lambda: world.forge.issue(REPO, crash).labels == ("bug",), "an agent's process triages", 150)

    world.forge.add_repo("acme/other", labels=["bug"])
    world.config["repos"].append(world.repo("acme/other"))
    machine.put("/etc/foreman/config.yaml", yaml.safe_dump(world.config))
    machine.run("systemctl", "reload", "foreman")
    wait_until(lambda: machine.show("StatusText") == "watching 2 repositories", "the configuration is read again")
    assert machine.show("MainPID") == first

    # Nothing of it runs any more, and nothing says so but its silence.
    machine.run("sh", "-c", f"kill -STOP {first}")
    wait_until(lambda: machine.show("MainPID") not in ("0", first), "the watchdog ends it, and it starts anew", 180)
    wait_until(lambda: machine.show("ActiveState") == "active", "it is ready again")
    assert "Watchdog timeout" in machine.journal()
    again = world.forge.open_issue(REPO, title="It crashes again", author="kim")
    wait_until(lambda: world.forge.issue(REPO, again).labels == ("bug",), "the new one triages", 150)

    began = time.monotonic()
    machine.run("systemctl", "stop", "foreman")
    print(f"systemctl stop: {time.monotonic() - began:.1f} s")
    assert (machine.show("Result"), machine.show("ExecMainStatus")) == ("success", "0")
    assert machine.run("ls", "-A", "/run/foreman").split() == []
    assert "memory.db" in machine.run("ls", "/var/lib/foreman").split()
