"""What a container may do, as options for the engine. Pure.

Sealed: no network, nothing writable but a small scratch and the folder of its own socket, no capability, no privilege
to gain, no user of ours, no variable of ours. The two sockets are its only doors: the task comes in by one, models are
asked by the other.
"""

from __future__ import annotations

from typing import Any

from foreman.agent.resources import Resources
from foreman.values import dataclass

AGENT_LABEL = "foreman.agent"
"""Label on containers and volumes: which agent type it is."""

OWNER_LABEL = "foreman.owner"
"""Label on containers and volumes: which Foreman made it. What a crash left is found by it."""

AGENT_DIR = "/run/foreman/agent"
GATEWAY_DIR = "/run/foreman/gateway"
SOCKET_NAME = "agent.sock"

USER = "65532:65532"
"""Nobody on the host; the number the distroless images use for their user."""

SCRATCH = "size=16m,mode=1777,noexec,nosuid,nodev"
"""Mount options of `/tmp`, the only scratch."""

SOCKET_TMPFS = "nr_blocks=16,nr_inodes=16,mode=0700,uid=65532,gid=65532,noexec,nosuid,nodev"
"""Mount options of the folder with the agent's socket, where it can be a tmpfs of its own: 16 blocks are 64 KB.

Not `size=`: Podman takes that for a quota, which its file system may not have, and refuses the volume."""

OPEN_FILES = 1024
"""Files and sockets an agent may hold open at once, each process."""

TCP_PORT = 8080
"""Where an agent listens inside its container when sockets cannot cross."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a container's two doors are on this machine.

    Attributes:
        agent_source: Folder or volume for the agent's socket.
        is_volume: It is a volume, not a folder.
        gateway_dir: Folder with the gateway's socket; empty where there is no model.
    """

    agent_source: str
    is_volume: bool = False
    gateway_dir: str = ""


def common_options(*, agent: str, owner: str, image: str, resources: Resources) -> dict[str, Any]:
    """Return what holds for every container of ours, sealed or not.

    Args:
        agent: Agent type.
        owner: Which Foreman makes it.
        image: What to run.
        resources: Limits.

    Returns:
        Arguments for `containers.create` of Docker's SDK.
    """
    return {
        "image": image,
        "name": f"foreman-{agent}-{owner[:12]}",
        "labels": {AGENT_LABEL: agent, OWNER_LABEL: owner},
        "hostname": "agent",
        "user": USER,
        "read_only": True,
        "cap_drop": ["ALL"],
        "privileged": False,
        "security_opt": ["no-new-privileges:true"],
        "ipc_mode": "none",  # otherwise /dev/shm is 64 MB of writable room
        "tmpfs": {"/tmp": SCRATCH},  # noqa: S108 - inside the container
        "mem_limit": resources.memory_bytes,
        "memswap_limit": resources.memory_bytes,  # the same number: no swap
        "nano_cpus": int(resources.cpus * 1_000_000_000),
        "pids_limit": resources.pids,
        "ulimits": [{"name": "nofile", "soft": OPEN_FILES, "hard": OPEN_FILES}],
        "oom_score_adj": 1000,  # when the host runs short, agents go first
        "log_config": {"type": "json-file", "config": {"max-size": "1m", "max-file": "1"}},
        "restart_policy": {"Name": "no"},
        "detach": True,
    }


def sealed_options(place: Place) -> dict[str, Any]:
    """Return what seals a container on top of the common options.

    Args:
        place: Its two doors.

    Returns:
        Arguments for `containers.create` of Docker's SDK.
    """
    mounts = [_mount(place.agent_source, AGENT_DIR, volume=place.is_volume, read_only=False)]
    if place.gateway_dir:
        mounts.append(_mount(place.gateway_dir, GATEWAY_DIR, volume=False, read_only=True))
    return {"network_mode": "none", "environment": {}, "mounts": mounts}


def desktop_options(*, token: str) -> dict[str, Any]:
    """Return what lets a container in a desktop VM be reached over loopback; it is not sealed then.

    Args:
        token: What we present to it, made for this start.

    Returns:
        Arguments for `containers.create` of Docker's SDK.
    """
    return {
        "network_mode": "bridge",
        "ports": {f"{TCP_PORT}/tcp": ("127.0.0.1", None)},
        "extra_hosts": {"host.docker.internal": "host-gateway"},
        "environment": {
            "FOREMAN_AGENT_HOST": "0.0.0.0",  # noqa: S104 - inside the container; published on loopback alone
            "FOREMAN_AGENT_PORT": str(TCP_PORT),
            "FOREMAN_AGENT_TOKEN": token,
        },
    }


def _mount(source: str, target: str, *, volume: bool, read_only: bool) -> dict[str, Any]:
    kind = "volume" if volume else "bind"
    return {"Type": kind, "Source": source, "Target": target, "ReadOnly": read_only}
