"""Documentation cut into passages that can be quoted, each with the line it begins at. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foreman.guidance import headings
from foreman.values import dataclass

MAX_CHARS = 600
"""Of one passage."""

MAX_HEADING_CHARS = 200
MOST_PASSAGES = 4_000
"""Of one repository."""

_RULE = re.compile(r" {0,3}(?:={3,}|-{3,})[ \t]*")
_PLAIN_PAGES = (".md", ".markdown", ".rst", ".txt", ".adoc", ".mdx")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Some lines of a file.

    Attributes:
        path: Of the file.
        line: Where it begins, from 1.
        heading: What stands above, with the heading over that; empty at the beginning of a file.
        text: Raw text.
        url: A page that opens there.
    """

    path: str
    line: int
    heading: str
    text: str
    url: str


def cut(path: str, text: str, url: str) -> Iterator[Passage]:
    """Cut a file into passages: paragraphs under one heading, as many as fit, and a longer one by its lines.

    Args:
        path: Of the file.
        text: Raw text.
        url: Its page.

    Yields:
        Passages in their order; what is longer than a passage within one line loses its end.
    """
    above: list[tuple[int, str]] = []
    for level, heading, begins, lines in _sections(text):
        if level:
            above = [*(one for one in above if one[0] < level), (level, heading)]
        shown = " > ".join(words for _, words in above[-2:])[:MAX_HEADING_CHARS]
        for line, said in _packed(lines, begins):
            yield Passage(path=path, line=line, heading=shown, text=said, url=_at(url, path, line))


def _sections(text: str) -> Iterator[tuple[int, str, int, list[str]]]:
    """Yield each heading's level and words, the number of the first line below it, and the lines."""
    level, heading, begins = 0, "", 1
    held: list[str] = []
    for number, (line, is_prose) in enumerate(headings.lines(text), start=1):
        found = headings.heading(line) if is_prose else None
        if found is None:
            held.append(line)
            continue
        yield level, heading, begins, held
        (level, heading), begins, held = found, number + 1, []
    yield level, heading, begins, held


def _packed(lines: list[str], begins: int) -> Iterator[tuple[int, str]]:
    """Yield pieces of a section with the line each begins at; a paragraph is not torn where it fits into a piece."""
    held: list[str] = []
    first = begins
    for number, block in _paragraphs(lines, begins):
        if held and len("\n".join([*held, "", *block])) > MAX_CHARS:
            yield first, "\n".join(held)
            held = []
        if len("\n".join(block)) > MAX_CHARS:
            yield from _by_lines(number, block)
            continue
        if not held:
            first = number
        # The empty lines between two paragraphs are kept, so that a line further down can be counted.
        held += [""] * (number - first - len(held)) + block
    if held:
        yield first, "\n".join(held)


def _paragraphs(lines: list[str], begins: int) -> Iterator[tuple[int, list[str]]]:
    block: list[str] = []
    fence = False
    for number, line in enumerate(lines, start=begins):
        fence ^= headings.is_fence(line)
        if fence or (line.strip() and not _RULE.fullmatch(line)):
            block.append(line.rstrip())
        elif block:
            yield number - len(block), block
            block = []
    if block:
        yield begins + len(lines) - len(block), block


def _by_lines(number: int, block: list[str]) -> Iterator[tuple[int, str]]:
    held: list[str] = []
    first = number
    for line in (each[:MAX_CHARS] for each in block):
        if held and len("\n".join([*held, line])) > MAX_CHARS:
            yield first, "\n".join(held)
            first, held = first + len(held), []
        held.append(line)
    if held:
        yield first, "\n".join(held)


def _at(url: str, path: str, line: int) -> str:
    """Return an address that opens at a line: forges show a page of prose without line numbers unless told."""
    if not url:
        return ""
    plain = "?plain=1" if path.casefold().endswith(_PLAIN_PAGES) else ""
    return f"{url}{plain}#L{line}"
