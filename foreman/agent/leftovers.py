"""What runs leave behind: containers and volumes, found again by their labels, and folders agents could write to."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from foreman.agent.engine import engine
from foreman.agent.sealing import OWNER_LABEL

if TYPE_CHECKING:
    import docker

_REQUEST_SECONDS = 20.0


def remove_leftovers(owner: str) -> int:
    """Remove every container and volume of ours; for the start of a daemon, when none of them can be in use.

    Args:
        owner: Which Foreman this is.

    Returns:
        How many containers there were.

    Raises:
        ContainerError: The engine does not answer.
    """
    with engine(timeout_seconds=_REQUEST_SECONDS) as client:
        return remove(client, {OWNER_LABEL: owner})


def remove(client: docker.DockerClient, labels: dict[str, str]) -> int:
    """Remove what carries all of some labels, running or not.

    Args:
        client: Of the engine.
        labels: Name and value.

    Returns:
        How many containers there were.
    """
    import docker.errors

    wanted: dict[str, str | list[str] | bool] = {"label": [f"{name}={value}" for name, value in labels.items()]}
    found = client.containers.list(all=True, filters=wanted, ignore_removed=True)
    for container in found:
        with contextlib.suppress(docker.errors.NotFound):  # somebody was quicker
            container.remove(force=True, v=True)
    for volume in client.volumes.list(filters=wanted):
        with contextlib.suppress(docker.errors.NotFound):
            volume.remove(force=True)
    return len(found)


def discard(folder: Path, *, timeout_seconds: float) -> None:
    """Remove a folder that an agent may have filled: returns when the time is up even if it is not done. Never raises.

    Args:
        folder: Of ours; links in it are not followed.
        timeout_seconds: To wait. The removal goes on behind that for as long as the process lives.
    """
    thread = threading.Thread(target=rmtree, args=(folder,), kwargs={"ignore_errors": True}, daemon=True)
    thread.start()
    thread.join(timeout_seconds)
