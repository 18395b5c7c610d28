"""The files that a person named for a report: looked at before the work begins, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from foreman.errors import ForemanError, UsageError


def writable(*places: Path | None) -> None:
    """Refuse, before anything is paid for, a place that cannot be written to.

    Args:
        *places: Where reports will go; None for nowhere.

    Raises:
        UsageError: Something is wrong with one of them, and what.
    """
    named = [place for place in places if place is not None]
    if len({place.resolve() for place in named}) < len(named):
        raise UsageError(f"{named[0]} is named twice: name a file for each")
    for place in named:
        _one(place)


def _one(place: Path) -> None:
    if place.is_dir():
        raise UsageError(f"{place} is a folder: name a file in it")
    folder = place.parent
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}: make it first")
    special = place.exists() and not place.is_file()
    if not os.access(place if special else place.resolve().parent, os.W_OK):
        raise UsageError(f"you may not write to {place}: name another file")


def write(place: Path, content: str) -> None:
    """Write a report; a regular file is replaced at once, so that no half of one is ever seen.

    Args:
        place: Where.
        content: Of the file, written as UTF-8 with the ends of lines that it has.

    Raises:
        ForemanError: It could not be written.
    """
    raw = content.encode("utf-8", "replace")
    try:
        if place.exists() and not place.is_file():
            place.write_bytes(raw)  # a pipe or a terminal
            return
        real = place.resolve()
        mode = real.stat().st_mode & 0o777 if real.exists() else 0o666 & ~_umask()
        made, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name[:50]}.")
        try:
            with os.fdopen(made, "wb") as file:
                file.write(raw)
            Path(name).chmod(mode)
            Path(name).replace(real)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ForemanError(f"{place} could not be written: {error.strerror or error}") from error


def _umask() -> int:
    """Return which permissions the person takes from new files."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
