"""Put a file where it belongs: whole or not at all, for its owner alone, and over nothing that is there already."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from foreman.errors import ForemanError, UsageError


def refuse_taken(place: Path, *, force: bool) -> None:
    """Refuse early what `put` would refuse late.

    Args:
        place: Where the file is to be.
        force: Write over what is there.

    Raises:
        UsageError: Something is there already, or the folder is not there.
        ForemanError: The folder may not be written.
    """
    try:
        _refuse(place, force=force)
    except OSError as error:
        raise _unwritten(place, error) from error


def _refuse(place: Path, *, force: bool) -> None:
    if place.is_dir():
        raise UsageError(f"{place} is a folder: name a file with --out")
    if not force and (place.exists() or place.is_symlink()):
        raise UsageError(f"{place} is there already: --out FILE writes elsewhere, --force over it, --print nowhere")
    folder = place.parent
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}: make it, or name another place with --out")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ForemanError(f"{folder} may not be written: name another place with --out, or use --print")


def put(place: Path, text: str, *, force: bool) -> None:
    """Write a file.

    Args:
        place: Where.
        text: What.
        force: Write over what is there.

    Raises:
        UsageError: Something is there already.
        ForemanError: It could not be written.
    """
    refuse_taken(place, force=force)
    target = place.resolve() if force else place
    try:
        number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if force:
                Path(name).replace(target)
            else:
                _link(Path(name), target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
    except FileExistsError as error:
        raise UsageError(f"{place} is there already, since just now") from error
    except OSError as error:
        raise _unwritten(place, error) from error


def _unwritten(place: Path, error: OSError) -> ForemanError:
    return ForemanError(f"{place} could not be written: {error.strerror or type(error).__name__}")


def _link(made: Path, target: Path) -> None:
    """Give a finished file its name, unless the name is taken meanwhile."""
    try:
        target.hardlink_to(made)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: between looking and moving somebody may still come
        if target.exists():
            raise FileExistsError(target) from None
        made.replace(target)
