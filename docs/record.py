"""Record the first screen of the README: `foreman demo` run on a terminal of its own, kept as text.

python docs/record.py          write it into README.md
python docs/record.py --check  change nothing; exit 1 when README.md shows something else

The terminal is a real one of 80 columns, the home directory an empty one. Of what it showed some issues are kept, word
for word, and `...` stands for the others.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- made by docs/record.py: begin -->\n", "<!-- made by docs/record.py: end -->"
COMMAND = (".venv/bin/foreman", "demo")
COLUMNS, LINES = 80, 24
KEPT = (9, 12, 13, 23, 29)
"""Issues that are shown: a question, a report that says nothing, hidden orders, a security hole, a person's no."""

SECONDS = 300
"""How long a demo may take on a slow machine."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_=>])")
_VOLATILE = re.compile(r"\b(explain|undo) \d+")


def on_a_terminal(command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a command on a terminal.

    Args:
        command: Its words.
        folder: Where it runs.
        environment: All of its variables.

    Returns:
        What the terminal showed in the end.

    Raises:
        RuntimeError: The command failed.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=its, stdout=its, stderr=its) as process:
        os.close(its)
        shown = _everything(ours)
        code = process.wait(timeout=SECONDS)
    text = seen(shown.decode("utf-8", errors="replace"))
    if code:
        raise RuntimeError(f"{' '.join(command)} ended with {code}:\n{text}")
    return text


def seen(output: str) -> str:
    """Return what is left on a screen after this: no colours, and of a line written over its last state."""
    lines = _ESCAPES.sub("", output).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2].rstrip() for line in lines).strip("\n") + "\n"


def record(home: Path) -> str:
    """Run the demo as README's first command does, with the program of this interpreter.

    Args:
        home: An empty folder; the demo's data is in `.agent-harness/demo` of it afterwards.

    Returns:
        What was typed and what the terminal showed.
    """
    folder = home / "foreman"
    folder.mkdir()
    (folder / ".venv").symlink_to(sys.prefix)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOREMAN_", "NO_COLOR"))}
    environment = {**kept, "HOME": str(home), "TERM": "xterm-256color", "PAGER": "cat", "LC_ALL": "C.UTF-8"}
    environment.pop("COLUMNS", None)
    shown = on_a_terminal(COMMAND, folder=folder, environment=environment)
    return f"$ {' '.join(COMMAND)}\n{shown}"


def shortened(recording: str) -> str:
    """Leave out all issues but those kept, and say where."""
    lines: list[str] = []
    keeping = True
    for line in recording.splitlines():
        number = re.match(r"#(\d+) ", line)
        if number:
            keeping = int(number[1]) in KEPT
        elif not line:
            keeping = True
        if keeping:
            lines.append(line)
        elif lines[-1] != "...":
            lines.append("...")
    return "\n".join(lines) + "\n"


def shown_in(page: Path) -> str:
    """Return the recording that a page shows; empty when there is none."""
    _, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    return rest.partition(END)[0]


def fenced(recording: str) -> str:
    """Return a recording as it stands in a page."""
    return f"```text\n{shortened(recording)}```\n"


def same(one: str, other: str) -> bool:
    """Compare two recordings; which number a decision got, with several at work, is chance."""
    return _VOLATILE.sub(r"\1 N", one) == _VOLATILE.sub(r"\1 N", other)


def main(arguments: list[str]) -> int:
    """Write or check; return the exit code."""
    with tempfile.TemporaryDirectory() as home:
        wanted = fenced(record(Path(home).resolve()))
    if same(shown_in(README), wanted):
        return 0
    if "--check" in arguments:
        print("README.md shows another demo than there is: run python docs/record.py", file=sys.stderr)
        return 1
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    README.write_text(f"{before}{BEGIN}{wanted}{END}{rest.partition(END)[2]}", encoding="utf-8")
    print("wrote README.md")
    return 0


def _everything(terminal: int) -> bytes:
    shown = b""
    try:
        while chunk := os.read(terminal, 65536):
            shown += chunk
    except OSError:  # Linux tells so that nobody has the other end open any more; macOS ends with nothing
        pass
    finally:
        os.close(terminal)
    return shown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
