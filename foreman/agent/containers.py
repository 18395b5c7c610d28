"""Run an agent in a sealed container: the default, and the only runtime that a hijacked agent cannot get out of.

The agent's socket lies on a small tmpfs volume where Foreman may look into the engine's volumes (as root). Elsewhere
it lies in a private folder that is mounted in; what the agent can write there is bounded by the file system alone, so
`FOREMAN_RUN_DIR` belongs on a small one of its own. `docs/agents.md` says more.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foreman.agent import images
from foreman.agent.dialing import Address
from foreman.agent.engine import engine, sockets_cross
from foreman.agent.leftovers import discard, remove
from foreman.agent.managed import START_SECONDS, ManagedRuntime
from foreman.agent.resources import Resources
from foreman.agent.sealing import (
    AGENT_LABEL,
    GATEWAY_DIR,
    OWNER_LABEL,
    SOCKET_NAME,
    SOCKET_TMPFS,
    TCP_PORT,
    Place,
    common_options,
    desktop_options,
    sealed_options,
)
from foreman.agentkit import unix_url
from foreman.errors import ContainerError, UsageError

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

_REQUEST_SECONDS = 20.0
_DISCARD_SECONDS = 0.5
_LOOK_AGAIN_SECONDS = 1.0
"""How long "it is running" is believed without asking the engine again."""


def docker_runtime(
    agent: str,
    *,
    image: str | None,
    work_dir: Path,
    gateway_socket: Path | None,
    owner: str,
    memory: str = "512m",
    cpus: float = 1.0,
    pids: int = 128,
    gateway_url: str = "",
    transport: str = "",
    start_seconds: float = START_SECONDS,
) -> ManagedRuntime:
    """Make a runtime that runs an agent in a container.

    Args:
        agent: Agent type.
        image: What to run; None for a bundled agent's own, which is built when missing.
        work_dir: Folder for private folders; made when missing.
        gateway_socket: Where the model gateway listens; its folder is mounted read-only. None without a model.
        owner: Which Foreman this is: a name for the database, the same at every start.
        memory: Bytes, with k, m or g.
        cpus: Processor cores.
        pids: Processes and threads.
        gateway_url: The gateway over loopback TCP, for transport `tcp`.
        transport: `unix`, or `tcp` for engines in a desktop VM; empty to see what the engine needs.
        start_seconds: Until the first good health check.

    Returns:
        A runtime that has started nothing yet.

    Raises:
        UsageError: There is neither an image nor a bundled agent of that type.
    """
    if image is None and agent not in images.BUNDLED:
        raise UsageError(f"{agent} is not bundled with Foreman; set agents.{agent}.image")
    launcher = ContainerLauncher(
        agent,
        image=image,
        work_dir=work_dir,
        gateway_socket=gateway_socket,
        gateway_tcp_url=gateway_url,
        owner=owner,
        resources=Resources(memory=memory, cpus=cpus, pids=pids),
        over_tcp=transport == "tcp" if transport else None,
    )
    return ManagedRuntime(agent, launcher, start_seconds=start_seconds)


class ContainerLauncher:
    """Starts an agent in a container of its own and removes it again."""

    def __init__(
        self,
        agent: str,
        *,
        image: str | None,
        work_dir: Path,
        gateway_socket: Path | None,
        gateway_tcp_url: str,
        owner: str,
        resources: Resources,
        over_tcp: bool | None,
    ) -> None:
        """Take what is needed; start nothing."""
        self._agent = agent
        self._image = image
        self._work_dir = work_dir
        self._gateway_socket = gateway_socket
        self._gateway_tcp_url = gateway_tcp_url
        self._owner = owner
        self._resources = resources
        self._over_tcp = over_tcp
        self._can_see_volumes = os.geteuid() == 0
        self._container_id = ""
        self._running_until = 0.0
        self._folder: Path | None = None

    @property
    def sealed(self) -> bool:
        """Whether it can reach nothing but its gateway: where sockets cross into the engine's machine."""
        return not self._is_over_tcp()

    @property
    def gateway_url(self) -> str:
        """Where it finds the model gateway."""
        if self._is_over_tcp():
            return self._gateway_tcp_url.replace("127.0.0.1", "host.docker.internal")
        return unix_url(f"{GATEWAY_DIR}/{self._gateway_socket.name}") if self._gateway_socket is not None else ""

    def launch(self, *, timeout_seconds: float, closing: threading.Event) -> Address:
        """Start it; see `Launcher.launch`."""
        image = self._image
        if image is None:
            image = images.build(self._agent, closing=closing).tag
        with engine(timeout_seconds=max(timeout_seconds, _REQUEST_SECONDS)) as client:
            remove(client, {OWNER_LABEL: self._owner, AGENT_LABEL: self._agent})
            options = common_options(agent=self._agent, owner=self._owner, image=image, resources=self._resources)
            if self._is_over_tcp():
                return self._launch_for_tcp(client, options)
            if self._can_see_volumes:
                address = self._launch_on_volume(client, options)
                if address is not None:
                    return address
                self._can_see_volumes = False  # a rootless engine, or one whose files are elsewhere
            return self._launch_on_folder(client, options)

    def is_running(self) -> bool:
        """Return whether the container runs; asks the engine once a second at the most."""
        if not self._container_id:
            return False
        if time.monotonic() < self._running_until:
            return True
        try:
            with engine(timeout_seconds=5.0) as client:
                running = bool(client.containers.get(self._container_id).status == "running")
        except ContainerError:
            return False
        if running:
            self._running_until = time.monotonic() + _LOOK_AGAIN_SECONDS
        return running

    def last_words(self) -> str:
        """Return the last lines it printed."""
        if not self._container_id:
            return ""
        try:
            with engine(timeout_seconds=5.0) as client:
                said: bytes = client.containers.get(self._container_id).logs(tail=3)
        except ContainerError:
            return ""
        return " / ".join(said.decode("utf-8", "replace").split("\n"))[-500:].strip(" /")

    def end(self, *, timeout_seconds: float) -> None:
        """Kill and remove it: it holds nothing that would have to be put in order. Never raises."""
        known, self._container_id, self._running_until = self._container_id, "", 0.0
        if known:
            with contextlib.suppress(ContainerError), engine(timeout_seconds=timeout_seconds) as client:
                remove(client, {OWNER_LABEL: self._owner, AGENT_LABEL: self._agent})
        if self._folder is not None:
            discard(self._folder, timeout_seconds=min(timeout_seconds, _DISCARD_SECONDS))
            self._folder = None

    def _launch_on_volume(self, client: docker.DockerClient, options: dict[str, Any]) -> Address | None:
        """Start it with its socket on a tmpfs; None when we cannot look into the engine's volumes."""
        volume = client.volumes.create(
            name=options["name"],
            driver="local",
            driver_opts={"type": "tmpfs", "device": "tmpfs", "o": SOCKET_TMPFS},
            labels=options["labels"],
        )
        place = Place(agent_source=options["name"], is_volume=True, gateway_dir=self._gateway_dir())
        container = self._start(client, options | sealed_options(place))
        where = Path(str(volume.attrs.get("Mountpoint", "")))
        if where.is_absolute() and where.is_mount():
            return Address(path=where / SOCKET_NAME)
        container.remove(force=True, v=True)
        volume.remove(force=True)
        return None

    def _launch_on_folder(self, client: docker.DockerClient, options: dict[str, Any]) -> Address:
        """Start it with its socket in a private folder of ours."""
        try:
            self._work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Nobody else gets past this one, so the folder in it may be open to the container's user.
            self._work_dir.chmod(0o700)
            folder = Path(tempfile.mkdtemp(prefix="c-", dir=self._work_dir.resolve()))
            folder.chmod(0o777)
        except OSError as error:
            raise ContainerError(f"{self._agent} gets no folder for its socket: {error.strerror}") from error
        self._folder = folder
        place = Place(agent_source=str(folder), gateway_dir=self._gateway_dir())
        self._start(client, options | sealed_options(place))
        return Address(path=folder / SOCKET_NAME)

    def _launch_for_tcp(self, client: docker.DockerClient, options: dict[str, Any]) -> Address:
        token = secrets.token_urlsafe(32)
        container = self._start(client, options | desktop_options(token=token))
        container.reload()
        bound = container.ports.get(f"{TCP_PORT}/tcp") or [{}]
        port = bound[0].get("HostPort", "")
        if not port:
            raise ContainerError(f"the container engine published no port for {self._agent}")
        return Address(host="127.0.0.1", port=int(port), token=token)

    def _start(self, client: docker.DockerClient, options: dict[str, Any]) -> Container:
        container = client.containers.create(**options)
        self._container_id = str(container.id)
        container.start()
        self._running_until = 0.0
        return container

    def _is_over_tcp(self) -> bool:
        if self._over_tcp is None:
            if sys.platform != "linux":
                self._over_tcp = True
            else:
                try:
                    self._over_tcp = not sockets_cross(timeout_seconds=5.0)
                except ContainerError:
                    return False  # nothing is launched now; asked again when it is
        return self._over_tcp

    def _gateway_dir(self) -> str:
        return str(self._gateway_socket.parent.resolve()) if self._gateway_socket is not None else ""
