"""How much room is left on disk, and how little is too little to go on."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from foreman.values import dataclass

LEAST_BYTES = 100 * 1024**2
"""Free space below which the database's log file may soon not be written any more, and with it nothing done."""

LEAST_TEMPORARY_BYTES = 10 * 1024**2
"""The same for temporary files: sockets, and what an agent writes at work. A container often has 64 MB for them."""

LEAST_SHARE = 0.01
"""A disk that has less than this share of itself free is full soon …"""

AMPLE_BYTES = 1024**3
"""… but not while so much is free, however large it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somewhere Foreman writes.

    Attributes:
        name: `database` or `temporary`.
        folder: Where; None where there is none.
        least: Bytes that must be free there.
    """

    name: str
    folder: Path | None
    least: int


def places(database: Path) -> tuple[Place, ...]:
    """Return where room is needed.

    Args:
        database: The database's file.

    Returns:
        Its folder, and where temporary files go.
    """
    try:
        temporary: Path | None = Path(tempfile.gettempdir())
    except FileNotFoundError:
        temporary = None
    return (
        Place(name="database", folder=database.absolute().parent, least=LEAST_BYTES),
        Place(name="temporary", folder=temporary, least=LEAST_TEMPORARY_BYTES),
    )


def free_bytes(place: Place) -> int | None:
    """Return the free space of a place, None where it cannot be found out."""
    try:
        return None if place.folder is None else shutil.disk_usage(place.folder).free
    except OSError:
        return None


def is_short(free: int, total: int, *, least: int) -> bool:
    """Return whether a disk has too little room.

    Args:
        free: Bytes.
        total: Its size, bytes.
        least: Bytes that must be free there.

    Returns:
        Whether it is less than that, or than `LEAST_SHARE` of the disk and not ample.
    """
    return free < least or free < min(AMPLE_BYTES, LEAST_SHARE * total)


def shortage(place: Place) -> str:
    """Return what is wrong with a place and what to do, one line; empty when there is room.

    Args:
        place: Which.

    Returns:
        The place, and how little is free there.
    """
    if place.folder is None:
        return "there is no folder for temporary files that can be written: set TMPDIR"
    try:
        disk = shutil.disk_usage(place.folder)
    except OSError as error:
        return f"{place.folder} cannot be looked at ({error.strerror})"
    if is_short(disk.free, disk.total, least=place.least):
        return f"{disk.free // 1024**2} MiB are free at {place.folder}: free some"
    return ""
