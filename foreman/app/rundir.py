"""The private folder of one run: sockets of the gateway and of agents, scratch of child processes.

A run that was killed leaves its folder behind, and containers maybe. Both carry the owner's name: one name for each
database, so whoever holds the daemon's lease may clear away what carries it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from foreman.agent.leftovers import discard, remove_leftovers
from foreman.errors import ConfigError, ContainerError, Problem
from foreman.log import get_logger

log = get_logger(__name__)

_DISCARD_SECONDS = 0.5
"""How long the end of a run waits for its folder to be gone; the next one clears the rest."""

_MOST_BYTES = 64 * 1024 * 1024
_MOST_FILES = 65_536

_CONTAINERS = "containers"
"""Name of the file in a run's folder that says that containers may have been started."""


def owner_of(database: Path) -> str:
    """Return the name under which the daemon of a database finds again what is its own.

    Two daemons in containers of their own may see their databases under one path and share an engine, so what folder
    it really is counts as well.
    """
    path = database.resolve()
    try:
        folder = path.parent.stat().st_ino
    except OSError:
        folder = 0
    return hashlib.sha256(os.fsencode(path) + b"|%d" % folder).hexdigest()[:16]


def visitor() -> str:
    """Return a name of its own for a command that works beside the daemon."""
    return f"trial-{secrets.token_hex(5)}"


@contextmanager
def run_folder(root: Path, *, owner: str, alone: bool, containers: bool) -> Iterator[Path]:
    """Make the folder of a run, and remove it afterwards.

    Args:
        root: Folder it is made in; the path stays short, since sockets are bound below it.
        owner: Whose run it is.
        alone: Nobody else runs under that name, so what is there was left by a run that was killed: it is removed.
        containers: This run may start containers.

    Yields:
        The folder, closed to others.

    Raises:
        ConfigError: It cannot be made.
    """
    prefix = f"foreman-{owner[:8]}-"
    if alone:
        _clear(root, prefix, owner)
    try:
        folder = Path(mkdtemp(prefix=prefix, dir=root))
        if containers:
            expect_containers(folder)
    except OSError as error:
        problem = f"no folder for sockets can be made in {root}: {error.strerror}"
        raise ConfigError([Problem(path="FOREMAN_RUN_DIR", message=problem)]) from error
    try:
        yield folder
    finally:
        discard(folder, timeout_seconds=_DISCARD_SECONDS)


def expect_containers(folder: Path) -> None:
    """Note in a run's folder that it may start containers, so that those it leaves behind are looked for."""
    (folder / _CONTAINERS).touch()


def _clear(root: Path, prefix: str, owner: str) -> None:
    left = [folder for folder in root.glob(f"{prefix}*") if _is_ours(folder)]
    if any((folder / _CONTAINERS).exists() for folder in left):
        try:
            count = remove_leftovers(owner)
        except ContainerError as error:
            log.warning("leftovers_kept", reason=str(error))
            return  # with their folders: the next start looks again
        if count:
            log.info("leftovers_removed", containers=count)
    for folder in left:
        discard(folder, timeout_seconds=_DISCARD_SECONDS)


def _is_ours(folder: Path) -> bool:
    """Look whether it is a folder that we made: in a shared place others can make one with such a name."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def is_bounded(root: Path) -> bool:
    """Return whether the file system of a run's folder is so small that an agent may fill it.

    Args:
        root: Folder runs are made in.

    Returns:
        False also when it cannot be looked at.
    """
    try:
        found = os.statvfs(root)
    except OSError:
        return False
    return found.f_frsize * found.f_blocks <= _MOST_BYTES and 0 < found.f_files <= _MOST_FILES
