"""The connection to a container engine: Docker, or Podman's Docker-compatible socket by `DOCKER_HOST`.

The one place where the SDK's errors become ours.
"""

from __future__ import annotations

import contextlib
import math
import os
import queue
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from foreman.errors import ContainerError

if TYPE_CHECKING:
    import docker

WHAT_TO_DO = "start Docker or Podman, set DOCKER_HOST, or set `runtime: process`"
"""What a person does when no engine answers."""

_LOOK_SECONDS = 0.1
_LIMITS = {"memory": "MemoryLimit", "processes": "PidsLimit", "CPU": "CpuCfsQuota"}


@contextlib.contextmanager
def engine(*, timeout_seconds: float) -> Iterator[docker.DockerClient]:
    """Connect to the engine that the environment names, and translate what it raises.

    Args:
        timeout_seconds: For each request.

    Yields:
        A client, closed at the end.

    Raises:
        ContainerError: There is no engine, or it refused.
    """
    import docker
    import docker.errors
    import requests
    import urllib3

    try:
        client = docker.from_env(timeout=max(1, math.ceil(timeout_seconds)))
        try:
            yield client
        finally:
            client.close()
    except docker.errors.NotFound as error:
        raise ContainerError(f"the container engine does not have it: {_line(error)}") from error
    except docker.errors.APIError as error:
        raise ContainerError(f"the container engine refused: {_line(error)}") from error
    except (docker.errors.DockerException, docker.errors.ContextException) as error:
        raise ContainerError(f"no container engine answers: {_line(error)}; {WHAT_TO_DO}") from error
    except (
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        docker.errors.StreamParseError,
    ) as error:
        raise ContainerError(f"the container engine does not answer: {type(error).__name__}") from error


def engine_version(*, timeout_seconds: float = 5.0) -> str:
    """Return name and version of the engine, for `foreman check`.

    Args:
        timeout_seconds: For each request.

    Returns:
        `Docker 20.10.24, API 1.41`.

    Raises:
        ContainerError: There is no engine.
    """
    with engine(timeout_seconds=timeout_seconds) as client:
        version = client.version()
        names = {component.get("Name", "") for component in version.get("Components", ())}
        name = "Podman" if any("podman" in each.casefold() for each in names) else "Docker"
        return f"{name} {version.get('Version', '?')}, API {version.get('ApiVersion', '?')}"


def sockets_cross(*, timeout_seconds: float = 5.0) -> bool:
    """Return whether a socket file of this machine can be used inside a container.

    It can where both have the same kernel, so not into the virtual machine of a desktop engine or a machine elsewhere.

    Args:
        timeout_seconds: For each request.

    Returns:
        True also when the engine does not name its kernel.

    Raises:
        ContainerError: There is no engine.
    """
    with engine(timeout_seconds=timeout_seconds) as client:
        kernel = str(client.version().get("KernelVersion", ""))
    return kernel in ("", os.uname().release)


def ignored_limits(*, timeout_seconds: float = 5.0) -> tuple[str, ...]:
    """Return which limits of agents the engine takes and does not hold, as some do that run without root.

    Args:
        timeout_seconds: For each request.

    Returns:
        In words: `memory`, `processes`, `CPU`.

    Raises:
        ContainerError: There is no engine.
    """
    with engine(timeout_seconds=timeout_seconds) as client:
        told = client.info()
    return tuple(name for name, key in _LIMITS.items() if told.get(key, True) is False)


def until_closing(begin: Callable[[], Iterator[dict[str, Any]]], closing: threading.Event) -> Iterator[dict[str, Any]]:
    """Yield what the engine streams, but wait for its next word no longer than until `closing`.

    Args:
        begin: Begins the request and returns its lines.
        closing: Set to give up.

    Yields:
        The lines.

    Raises:
        ContainerError: It was given up. The request ends with the process.
    """
    import docker.errors
    import requests
    import urllib3

    foreign = (
        docker.errors.DockerException,
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        docker.errors.StreamParseError,
        OSError,
    )
    told: queue.SimpleQueue[dict[str, Any] | Exception | None] = queue.SimpleQueue()

    def read() -> None:
        try:
            for line in begin():
                told.put(line)
        except foreign as error:
            told.put(error)
        else:
            told.put(None)

    threading.Thread(target=read, name="engine", daemon=True).start()
    while not closing.is_set():
        try:
            line = told.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue
        if line is None:
            return
        if isinstance(line, Exception):
            raise line
        yield line
    raise ContainerError("the engine's work was interrupted")


def _line(error: Exception) -> str:
    text = str(getattr(error, "explanation", None) or error)
    return " ".join(text.split())[:300]
