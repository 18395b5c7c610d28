"""The lock file beside a database: who works on it. The kernel frees it when its holder ends, however that happens."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

from foreman.errors import StoreError, StoreTaken

_TRIES = 5
_TRY_SECONDS = 0.05  # `holder` takes the lock for an instant to look; a start must not fail for that
_NOTE_CHARS = 40


def lock_path(path: Path) -> Path:
    """Return where the lock of a database lies."""
    return path.with_name(f"{path.name}.lock")


def holder(path: Path) -> int | None:
    """Return the process that works on a database.

    Args:
        path: The database's file.

    Returns:
        Its process id, 0 when that is not known, None when there is none.
    """
    try:
        descriptor = os.open(lock_path(path), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return written(descriptor)[0]
    else:
        return None
    finally:
        os.close(descriptor)


def take(path: Path) -> int:
    """Lock a database.

    Args:
        path: The database's file.

    Returns:
        The open descriptor; closing it gives the lock back.

    Raises:
        StoreTaken: Somebody else has it.
        StoreError: The lock file cannot be made.
    """
    try:
        descriptor = os.open(lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{lock_path(path)} cannot be made ({error.strerror}); check its folder and owner") from error
    for attempt in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < _TRIES - 1:
                threading.Event().wait(_TRY_SECONDS)
        else:
            # At once, so that nobody who asks is told the holder before us.
            try:
                write(descriptor, fence=written(descriptor)[1])
            except OSError as error:
                os.close(descriptor)
                raise StoreError(f"{lock_path(path)} cannot be written ({error.strerror})") from error
            return descriptor
    pid, _ = written(descriptor)
    os.close(descriptor)
    raise StoreTaken(f"another daemon (pid {pid or 'unknown'}) works on {path}; stop it first")


def write(descriptor: int, *, fence: int) -> None:
    """Note our process id and fence in the lock file, of one length and in one write: no reader finds half of it."""
    _note(descriptor, os.getpid(), fence)


def give_back(descriptor: int) -> None:
    """Note that the holder is not known any more, and unlock."""
    try:
        _note(descriptor, 0, written(descriptor)[1])
    finally:
        os.close(descriptor)


def _note(descriptor: int, pid: int, fence: int) -> None:
    os.pwrite(descriptor, f"{pid} {fence}".ljust(_NOTE_CHARS).encode() + b"\n", 0)


def written(descriptor: int) -> tuple[int, int]:
    """Return process id and fence noted last, zeros when there are none."""
    words = os.pread(descriptor, 64, 0).split()
    pid, fence = (int(word) if word.isdigit() else 0 for word in (*words, b"", b"")[:2])
    return pid, fence
