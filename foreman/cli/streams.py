"""The three streams of this process, made fit for whatever a shell gives it.

A terminal of another alphabet, a reader that goes away, a full disk, a stream that is closed: none of them is a bug,
and none of them may lose what was done.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar

UNWRITTEN = "standard output"
"""What a message names that is about it."""

_WRITERS = ("foreman.cli.", "rich.", "typer.")
"""Modules that print; none of them reads or writes a file without its name being in the error."""

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


def prepare() -> None:
    """Make every text printable and every stream present.

    A character that the terminal's alphabet lacks is written as its number. What was closed leads nowhere: else the
    next file that is opened, such as the database, would stand where output goes.
    """
    _fill()
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def finish(code: int, tell: Callable[[str], None]) -> int:
    """Write out what is still held back.

    Args:
        code: How the command ended.
        tell: Told what is wrong with standard output, in a line.

    Returns:
        The exit code: 1 where the answer could not be written, else as given. A reader that has seen enough
        (`| head`) is no failure.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop(sys.stdout)
    except OSError as error:
        _drop(sys.stdout)
        tell(f"{UNWRITTEN}: {error.strerror}")
        return code or 1
    try:
        sys.stderr.flush()
    except OSError:
        _drop(sys.stderr)
    return code


def is_of_output(error: OSError) -> bool:
    """Tell whether an error came from writing the answer, and not from a file or a network."""
    if error.filename is not None or error.__traceback__ is None:
        return False
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__", "")).startswith(_WRITERS)


def be_quiet(wanted: bool) -> None:
    """Say whether what goes on is told at all; errors always are."""
    _quiet.set(wanted)


def is_quiet() -> bool:
    """Tell whether only the answer and errors are wanted."""
    return _quiet.get()


def _fill() -> None:
    """Open what is closed of the first three handles; the lowest free number is what `open` returns."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _nowhere() -> io.TextIOWrapper:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123


def _drop(stream: object) -> None:
    """Lead a stream nowhere, so that the interpreter's own last flush has nothing to complain of."""
    if not isinstance(stream, io.TextIOWrapper):
        return
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), stream.fileno())
