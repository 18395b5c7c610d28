"""Headings of Markdown, told apart from what only looks like one within a block of code. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.{1,400}?)[ \t]*#*[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each line, and whether it is neither in a block of code nor the sign that begins or ends one."""
    fence = ""
    for line in text.replace("\r\n", "\n").split("\n"):
        mark = _FENCE.match(line)
        if mark is not None and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        yield line, not fence and mark is None


def is_fence(line: str) -> bool:
    """Return whether a line may begin or end a block of code."""
    return _FENCE.match(line) is not None


def heading(line: str) -> tuple[int, str] | None:
    """Return the level of a heading, from 1, and its words; None for any other line."""
    found = _HEADING.fullmatch(line)
    return None if found is None else (len(found[1]), words(found[2]))


def words(text: str) -> str:
    """Return the words of a heading with one space between two."""
    return " ".join(text.split())
