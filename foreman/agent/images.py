"""Build the images of the bundled agents, out of the installed package: no checkout, no build of the package.

The context holds what an agent needs and nothing else: protocol, agent kit, the agent, its pinned dependencies.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import agents
import foreman
from foreman.agent.engine import engine, until_closing
from foreman.errors import ContainerError, UsageError
from foreman.values import dataclass

if TYPE_CHECKING:
    import docker

BUNDLED = {"issue-triage": "issue_triage"}
"""Agent types that come with Foreman, and the folder below `agents/` each lives in."""

CONTEXT_LABEL = "foreman.context"
"""Label on an image: digest of what it was built from."""

_REQUEST_SECONDS = 900.0
_MODE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """What may differ from the Dockerfile on one machine.

    Attributes:
        base: Base image instead of the Dockerfile's; empty for the Dockerfile's.
        network: Network of the build: `host` where only the host reaches the package index; empty for the usual.
        ca_file: Certificates for the build only, for a proxy of one's own; None for the base image's.
    """

    base: str = ""
    network: str = ""
    ca_file: Path | None = None

    @classmethod
    def from_environment(cls) -> BuildSettings:
        """Read `FOREMAN_BUILD_BASE`, `FOREMAN_BUILD_NETWORK` and `FOREMAN_BUILD_CA`."""
        ca_file = os.environ.get("FOREMAN_BUILD_CA", "")
        return cls(
            base=os.environ.get("FOREMAN_BUILD_BASE", ""),
            network=os.environ.get("FOREMAN_BUILD_NETWORK", ""),
            ca_file=Path(ca_file) if ca_file else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """An image that is there now.

    Attributes:
        tag: Its name.
        id: The engine's id.
        size_bytes: With its base.
        built: False when it was there already.
        seconds: How long it took.
    """

    tag: str
    id: str
    size_bytes: int
    built: bool
    seconds: float


def tag_of(agent: str) -> str:
    """Return the image of a bundled agent: `foreman-agent-issue-triage:0.1.0`."""
    return f"foreman-agent-{agent}:{foreman.__version__}"


def context_of(agent: str, *, ca_file: Path | None = None) -> bytes:
    """Assemble a build context.

    Args:
        agent: Agent type.
        ca_file: Certificates for the build.

    Returns:
        A tar archive, the same bytes for the same files.

    Raises:
        UsageError: The agent is not bundled.
    """
    if agent not in BUNDLED:
        raise UsageError(f"{agent} is not bundled with Foreman; build its image yourself and set agents.{agent}.image")
    package = Path(foreman.__file__).parent
    bundled = Path(agents.__file__).parent
    home = bundled / BUNDLED[agent]
    files = {
        "Dockerfile": home / "Dockerfile",
        "build/requirements.lock": home / "requirements.lock",
        "app/foreman/__init__.py": package / "__init__.py",
        "app/foreman/protocol.py": package / "protocol.py",
        "app/agents/__init__.py": bundled / "__init__.py",
    }
    for folder, root in ((package / "agentkit", package), (home, bundled)):
        for path in sorted(folder.rglob("*.py")):
            files[f"app/{root.name}/{path.relative_to(root).as_posix()}"] = path
    if ca_file is not None:
        files["build/ca.pem"] = ca_file
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, path in sorted(files.items()):
            content = path.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), _MODE
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def build(
    agent: str,
    *,
    settings: BuildSettings | None = None,
    force: bool = False,
    tell: Callable[[str], None] | None = None,
    closing: threading.Event | None = None,
) -> BuiltImage:
    """Make sure that the image of a bundled agent is there and up to date.

    Args:
        agent: Agent type.
        settings: What differs on this machine; None to read the environment.
        force: Build even when it is there.
        tell: Gets the engine's lines as they come.
        closing: Set to give up.

    Returns:
        The image.

    Raises:
        UsageError: The agent is not bundled.
        ContainerError: There is no engine, or the build failed.
    """
    settings = settings or BuildSettings.from_environment()
    started = time.monotonic()
    context = context_of(agent, ca_file=settings.ca_file)
    digest = hashlib.sha256(context_of(agent)).hexdigest()
    tag = tag_of(agent)
    with engine(timeout_seconds=_REQUEST_SECONDS) as client:
        found = None if force else _find(client, tag, digest)
        if found is None:
            _run(client, context, tag, digest, settings, tell, closing)
        image = client.images.get(tag)
        return BuiltImage(
            tag=tag,
            id=str(image.id),
            size_bytes=int(image.attrs["Size"]),
            built=found is None,
            seconds=time.monotonic() - started,
        )


def exists(tag: str) -> bool:
    """Return whether the engine has an image of that name.

    Args:
        tag: Its name.

    Returns:
        Whether it is there; nothing is pulled or built.

    Raises:
        ContainerError: There is no engine.
    """
    import docker.errors

    with engine(timeout_seconds=5.0) as client:
        try:
            client.images.get(tag)
        except docker.errors.ImageNotFound:
            return False
        return True


def _find(client: docker.DockerClient, tag: str, digest: str) -> str | None:
    import docker.errors

    try:
        image = client.images.get(tag)
    except docker.errors.ImageNotFound:
        return None
    return str(image.id) if image.labels.get(CONTEXT_LABEL) == digest else None


def _run(
    client: docker.DockerClient,
    context: bytes,
    tag: str,
    digest: str,
    settings: BuildSettings,
    tell: Callable[[str], None] | None,
    closing: threading.Event | None,
) -> None:
    build = partial(
        client.api.build,
        fileobj=io.BytesIO(context),
        custom_context=True,
        tag=tag,
        rm=True,
        forcerm=True,
        decode=True,
        buildargs={"BASE": settings.base} if settings.base else {},
        network_mode=settings.network or None,
        labels={CONTEXT_LABEL: digest},
    )
    last = ""
    for line in until_closing(build, closing or threading.Event()):
        if said := str(line.get("stream", "")).strip():
            last = said
            if tell is not None:
                tell(said)
        if "error" in line:
            reason = " ".join(str(line["error"]).split())[:300]
            raise ContainerError(f"{tag} cannot be built: {reason}; the last line was: {last[:200]}")
