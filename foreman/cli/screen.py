"""How text comes onto a terminal: broken at its edge, in colour, page by page. Elsewhere it is plain and unbroken.

`NO_COLOR` and `TERM=dumb` mean no escape sequence at all; `FORCE_COLOR` treats whatever is written to as a terminal.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING

from foreman.printable import width_of

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {
    "done": "green",
    "kept": "green",
    "held": "yellow",
    "planned": "cyan",
    "sent": "cyan",
    "unknown": "bold red",
    "failed": "red",
    "denied": "red",
    "undone": "magenta",
    "shadow": "dim",
}
"""Of the states of actions."""

_LESS = "FRX"
"""As git has it: ends by itself where all fits, shows colours, and leaves the text on the screen."""

_LEAST_COLUMNS = 40


class _Page(io.StringIO):
    """Takes what would go onto the terminal, and says that it is one."""

    def isatty(self) -> bool:
        """Return that it is."""
        return True


def on_terminal() -> bool:
    """Tell whether somebody looks at what is printed, on a screen of so many columns."""
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))


def coloured() -> bool:
    """Tell whether colours are wanted and can be shown."""
    return on_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns() -> int:
    """Return how many columns there are to write in: those of the terminal or of `COLUMNS`, else 80."""
    return max(_LEAST_COLUMNS, shutil.get_terminal_size((80, 24)).columns)


def console() -> Console:
    """Return what draws on the terminal."""
    from rich.console import Console

    return Console(
        file=sys.stdout,
        width=columns(),
        force_terminal=True,
        color_system="standard" if coloured() else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def wrapped(text: str, width: int, *, hang: int = 0) -> list[str]:
    """Break a line at spaces, and within a word only where the word alone is wider than a line.

    Args:
        text: One line.
        width: Columns of a terminal; wide characters take two.
        hang: Columns by which all but the first line are indented.

    Returns:
        The lines, one at least.
    """
    hang = min(hang, width // 2)
    if width_of(text) <= width:
        return [text]
    lead = text[: len(text) - len(text.lstrip(" "))]
    lines, line, empty = [], lead, True
    for word in text.split(" ")[len(lead) :]:
        room = width - width_of(line) - (not empty)
        if width_of(word) > room and not empty and width_of(word) <= width - hang:
            lines.append(line.rstrip(" "))
            line, empty, room = " " * hang, True, width - hang
        piece, rest = _split(word, room) if width_of(word) > room else (word, "")
        line += ("" if empty else " ") + piece
        empty = False
        while rest:
            lines.append(line.rstrip(" "))
            piece, rest = _split(rest, width - hang)
            line = " " * hang + piece
    return [*lines, line]


def _split(word: str, room: int) -> tuple[str, str]:
    """Return as much of a word as fits, at least a character, and what is left."""
    taken, end = 0, 0
    for character in word:
        taken += width_of(character)
        if taken > room and end > 0:
            break
        end += 1
    return word[:end], word[end:]


def put(text: str, *, style: str = "", hang: int = 0, head: int = 0) -> None:
    """Print one line as far as the stream takes it: on a terminal broken and coloured.

    Args:
        text: Printable already.
        style: Of the whole line, in Rich's words.
        hang: Columns by which what is broken off is indented.
        head: So many characters at the beginning are bold.
    """
    if not on_terminal():
        print(text)  # noqa: T201
        return
    lines = wrapped(text, columns(), hang=hang)
    if not coloured() or not (style or head):
        print("\n".join(lines))  # noqa: T201
        return
    from rich.text import Text

    shown = Text("\n".join(lines), style=style)
    if head:
        shown.stylize("bold", 0, min(head, len(lines[0])))
    console().print(shown, soft_wrap=True)


@contextmanager
def paged(*, wanted: bool = True) -> Iterator[None]:
    """Show what is printed meanwhile page by page, where it is more than the terminal has lines.

    Args:
        wanted: Else it is printed as ever.

    Yields:
        Nothing.
    """
    command = pager() if wanted and sys.stdout.isatty() else []
    if not command:
        yield
        return
    page = _Page()
    try:
        with redirect_stdout(page):
            yield
    finally:
        text = page.getvalue()
        if text.count("\n") < shutil.get_terminal_size((80, 24)).lines or not _show(text, command):
            sys.stdout.write(text)


def pager() -> list[str]:
    """Return the command of `PAGER`, `less` where none is named; nothing where paging is switched off."""
    named = os.environ.get("PAGER", "less")
    try:
        command = shlex.split(named)
    except ValueError:
        return []
    if not command or command == ["cat"] or os.environ.get("TERM") == "dumb":
        return []
    found = shutil.which(command[0])
    return [found, *command[1:]] if found else []


def _show(text: str, command: list[str]) -> bool:
    """Hand text to a pager and wait for its end; Ctrl-C is for the pager meanwhile. Returns whether it could start."""
    sys.stdout.flush()
    environment = {**os.environ, "LESS": os.environ.get("LESS", _LESS), "LV": os.environ.get("LV", "-c")}
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread
        return False
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process, suppress(BrokenPipeError):
            process.communicate(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
        return True
    except OSError:
        return False
    finally:
        signal.signal(signal.SIGINT, before)
