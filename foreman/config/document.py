"""What was read of a configuration, and where each value stands: in which file, in which line."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Any, NamedTuple

from foreman.errors import Problem
from foreman.values import dataclass

Path_ = tuple[str | int, ...]
"""Where a value is: keys and indexes from the top."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Word(str):
    """An unquoted word that older YAML readers take for a switch: `no`, `on`, `yes`."""

    __slots__ = ()


class Place(NamedTuple):
    """Where a value stands.

    Attributes:
        file: Name of the file; empty for the one that the person named.
        line: From 1; None where it is not known.
        path: From the top of that file.
    """

    file: str
    line: int | None
    path: Path_


@dataclass(slots=True)
class Document:
    """A file that was read, or several laid over each other.

    Attributes:
        data: Text, numbers, switches, None, lists and dicts with text keys.
        lines: Line of each value, from 1, by its path.
        problems: What is wrong with the files themselves.
        file: Name for messages; empty for the file that the person named.
        parts: Of several files: which document a value is from and where it is there; what is below comes with it.
    """

    data: Any = None
    lines: dict[Path_, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    file: str = ""
    parts: dict[Path_, tuple[Document, Path_]] = field(default_factory=dict)

    def place(self, path: Path_) -> Place:
        """Say where a value stands, or the nearest thing around it that is written down."""
        for end in range(len(path), 0, -1):
            if (part := self.parts.get(path[:end])) is not None:
                document, own = part
                return document.place((*own, *path[end:]))
            if (line := self.lines.get(path[:end])) is not None:
                return Place(self.file, line, path)
        return Place(self.file, None, path)

    def problem(self, path: Path_, message: str) -> Problem:
        """Make a problem that names its line, and its file where that is another one."""
        place = self.place(path)
        return Problem(path=render(place.path), message=f"{message}{at(place)}")

    def name(self, path: Path_) -> str:
        """Name a place in a message about another one: `repos[0]`, `repos[0] of base.yaml`."""
        place = self.place(path)
        return f"{render(place.path)} of {place.file}" if place.file else render(place.path)


def at(place: Place) -> str:
    """Render ` (line 7)` or ` (line 7 of base.yaml)`; empty where neither is known."""
    if place.line is None:
        return f" (in {place.file})" if place.file else ""
    return f" (line {place.line} of {place.file})" if place.file else f" (line {place.line})"


def render(path: Path_) -> str:
    """Render a path as `repos[0].agents[1].type`; odd keys are quoted and cut."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{part[:60]!a}]"
    return text
