"""The images that are run as a user runs them, built once for all tests of this folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World

DAEMON = "foreman-test-daemon"
SYSTEMD = "foreman-test-systemd"
HAPROXY = "foreman-test-haproxy"
FOLDER = Path(__file__).parent


def docker(*arguments: str, seconds: float = 120, check: bool = True) -> str:
    """Run the engine's command line and return what it printed."""
    done = subprocess.run(
        ["docker", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
    )
    if check and done.returncode:
        raise AssertionError(f"docker {' '.join(arguments)}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done.stdout + done.stderr


def build(tag: str, *arguments: str) -> str:
    """Build an image and return its name; what was built before comes from the engine's cache."""
    network = os.environ.get("FOREMAN_BUILD_NETWORK", "")
    docker("build", *(["--network", network] if network else []), "-t", tag, *arguments, seconds=900)
    return tag


@pytest.fixture(scope="session")
def daemon_image() -> str:
    """Return the name of the daemon's image, built as `docs/service.md` says."""
    if shutil.which("docker") is None:
        pytest.skip("no docker command")
    project = FOLDER.parents[1]
    base = os.environ.get("FOREMAN_BUILD_BASE", "")
    chosen = ["--build-arg", f"BASE={base}"] if base else []
    return build(DAEMON, *chosen, "-f", str(project / "deploy" / "Dockerfile"), str(project))


@pytest.fixture(scope="session")
def systemd_image(daemon_image: str) -> str:
    """Return the name of an image with Foreman in it that begins with systemd."""
    return build(SYSTEMD, "--build-arg", f"BASE={daemon_image}", str(FOLDER / "systemd"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a forge with one repository."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def haproxy_image() -> str:
    """Return the name of an image with HAProxy in it, Debian's."""
    base = os.environ.get("FOREMAN_BUILD_BASE") or "python:3.12-slim"
    return build(HAPROXY, "--build-arg", f"BASE={base}", str(FOLDER / "haproxy"))
