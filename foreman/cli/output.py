"""What commands print: one JSON document, or tables and lines; text from outside is always escaped."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any

from foreman.cli import screen
from foreman.cli.streams import is_quiet
from foreman.printable import cut, printable, width_of

terminal_columns = screen.columns


def emit(document: Any, *, as_json: bool, show: Callable[[], None], page: bool = False) -> None:
    """Print the answer of a reading command.

    Args:
        document: What it found; dataclasses, enums, times and paths are written as JSON has them.
        as_json: Print the document.
        show: Prints it for people.
        page: On a terminal, what is longer than that is shown page by page.
    """
    if as_json:
        print_json(document)
        return
    with screen.paged(wanted=page):
        show()


def print_json(document: Any) -> None:
    """Print one JSON document, ASCII only, so that nothing in it can steer a terminal."""
    print(json.dumps(plain(document), indent=2, ensure_ascii=True, allow_nan=False))  # noqa: T201


def plain(value: Any) -> Any:
    """Turn a value into what JSON has; times become ISO 8601 in UTC, durations seconds, sets sorted lists.

    Args:
        value: Anything that commands print.

    Returns:
        None, a switch, a number, text, a list or a dict.

    Raises:
        TypeError: There is no agreed way to write it.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, (date, PurePath)):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if hasattr(value, "key") and type(value).__name__ == "RepoRef":
            return str(value)
        if type(value).__name__ == "IssueRef":
            return str(value)
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"))
    raise TypeError(f"cannot write a {type(value).__name__} as JSON")


def line(text: str = "", *, style: str = "", hang: int = 2, head: int = 0) -> None:
    """Print a line of the answer; on a terminal it is broken where that ends.

    Args:
        text: One line.
        style: On a terminal with colours, in Rich's words.
        hang: Columns by which what is broken off is indented.
        head: So many characters at the beginning are bold there.
    """
    screen.put(printable(text, keep_lines=False), style=style, hang=hang, head=head)


def typed(command: str, *, indent: str = "  ") -> None:
    """Print a command that somebody may copy: never broken, since the break would be copied with it."""
    print(indent + printable(command, keep_lines=False))  # noqa: T201


def block(text: str, *, indent: str = "") -> None:
    """Print text of several lines, each escaped and indented, also where a terminal breaks it."""
    for part in text.splitlines():
        if not screen.on_terminal():
            print(indent + printable(part))  # noqa: T201
            continue
        for piece in screen.wrapped(printable(part), max(20, terminal_columns() - width_of(indent))):
            print(indent + piece)  # noqa: T201


def story(text: str) -> None:
    """Tell on standard error what goes on, unless only the answer is wanted (`--quiet`)."""
    if is_quiet():
        return
    with contextlib.suppress(BrokenPipeError):  # work goes on where nobody listens
        print(printable(text), file=sys.stderr)  # noqa: T201


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
    states: Sequence[str] = (),
) -> None:
    """Print a table: fitted to a terminal, or plain columns that scripts and mails can take.

    Args:
        columns: Heads.
        rows: As many cells each; None is an empty cell.
        right: Heads of the columns whose cells are numbers; like `whole`.
        whole: Heads of the columns whose cells are not broken on a terminal.
        states: Heads of the columns whose cells are coloured by the state they name.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if screen.on_terminal():
        _rich(columns, cells, right, {*right, *whole}, states)
        return
    printed = [[head.upper() for head in columns], *cells]
    widths = [max(width_of(row[index]) for row in printed) for index in range(len(columns))]
    for row in printed:
        parts = []
        for text, width, head in zip(row, widths, columns, strict=True):
            gap = " " * (width - width_of(text))
            parts.append(gap + text if head in right else text + gap)
        print("  ".join(parts).rstrip())  # noqa: T201


def fitted(text: str, width: int) -> str:
    """Make a text exactly so many columns of a terminal wide; what is cut off ends in `…`."""
    text = cut(text, width)
    return text + " " * (width - width_of(text))


def when(moment: datetime | None) -> str:
    """Render a time for people: UTC, to the second; `-` when there is none."""
    return "-" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return when(value)
    return printable(str(value))


def _rich(
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    right: Sequence[str],
    whole: set[str],
    states: Sequence[str],
) -> None:
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for head in columns:
        justify: Any = "right" if head in right else "left"
        shown.add_column(head.upper(), justify=justify, overflow="fold", no_wrap=head in whole)
    for row in cells:
        styles = [
            screen.STYLES.get(text, "") if head in states else "" for head, text in zip(columns, row, strict=True)
        ]
        shown.add_row(*(Text(text, style=style) for text, style in zip(row, styles, strict=True)))
    screen.console().print(shown)
