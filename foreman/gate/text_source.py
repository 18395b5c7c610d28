"""Markdown source with its code masked, so that the rest can be searched and edited by position."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from foreman.values import dataclass

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MASK = "\x00"
"""Stands for a character of code in a masked text; never in a real one, control characters are gone by then."""

_RUN = re.compile(r"`+")
_CELL_END = re.compile(r"(?<!\\)\|")


def _any_link(url: str) -> bool:
    """Take every destination for a link, so that it is seen and judged."""
    return isinstance(url, str)


@cache
def parser_of(*, raw_html: bool) -> MarkdownIt:
    """Return the parser, loaded when the first text is judged: a start needs none.

    Args:
        raw_html: Whether it sees what a forge's renderer sees, raw HTML included.

    Returns:
        The same one each time.
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("gfm-like", {"linkify": False, "html": raw_html})
    parser.validateLink = _any_link  # type: ignore[method-assign]
    return parser


Edit = tuple[int, int, str]
"""Replace text[start:end] by the string."""


@dataclass(frozen=True, slots=True)
class _Structure:
    """Where the code of a text is.

    Attributes:
        fences: Fenced blocks.
        infos: What stands behind the opening of each.
        code: All code, fenced blocks included.
        open_fence: What would close the last fence, where that is missing; else empty.
    """

    fences: tuple[tuple[int, int], ...] = ()
    infos: tuple[tuple[int, int], ...] = ()
    code: tuple[tuple[int, int], ...] = ()
    open_fence: str = ""


@lru_cache(maxsize=4)  # the steps ask for the same text one after the other
def _structure(text: str) -> _Structure:
    if "`" not in text and "~~~" not in text and "    " not in text and "\t" not in text:
        return _Structure()
    starts = [0]
    starts.extend(found.end() for found in re.finditer("\n", text))
    starts.append(len(text))
    fences: list[tuple[int, int]] = []
    infos: list[tuple[int, int]] = []
    code: list[tuple[int, int]] = []
    tokens = parser_of(raw_html=False).parse(text, {})
    table_end = -1
    for token in tokens:
        if token.map is None:
            continue
        first, last = (starts[min(line, len(starts) - 1)] for line in token.map)
        if token.type == "fence":
            fences.append((first, last))
            start = text.index(token.markup, first) + len(token.markup)
            end = text.find("\n", start)
            infos.append((start, end if end >= 0 else len(text)))
        elif token.type == "table_open":
            table_end = token.map[1]
        elif token.type == "code_block" and token.map[0] != table_end:
            # Right behind a table, GitHub takes an indented line for one more row.
            code.append((first, last))
        elif token.type == "inline":
            code.extend(_inline_code(text, first, last, in_table=token.level > 2 and _in_cell(text, first, last)))
    return _Structure(
        fences=tuple(fences), infos=tuple(infos), code=(*fences, *code), open_fence=_open_fence(text, tokens)
    )


def _open_fence(text: str, tokens: list[Token]) -> str:
    if not tokens or tokens[-1].type != "fence" or tokens[-1].level != 0 or tokens[-1].map is None:
        return ""
    first, last = tokens[-1].map
    lines = text.rstrip("\n").split("\n")
    closing = lines[last - 1].strip() if first < last - 1 < len(lines) else ""
    closed = closing.startswith(tokens[-1].markup) and not closing.strip(tokens[-1].markup[0])
    return "" if closed else tokens[-1].markup


def masked(text: str, *, blocks_only: bool = False) -> str:
    """Return the text with every character of code replaced by `MASK`, line ends kept.

    Args:
        text: Markdown.
        blocks_only: Mask fenced blocks alone; inline code and indented code stay.

    Returns:
        A text of the same length.
    """
    structure = _structure(text)
    return _fill(text, structure.fences if blocks_only else structure.code)


def fence_infos(text: str) -> tuple[tuple[int, int], ...]:
    """Return where the text behind the opening of each fenced block is, whatever the block is in."""
    return _structure(text).infos


def close_last_fence(text: str) -> str:
    """Return the text with a closing fence where the last one is missing, so that nothing put behind it is code."""
    closing = _structure(text).open_fence
    return f"{text.rstrip(chr(10))}\n{closing}" if closing else text


def _in_cell(text: str, first: int, last: int) -> bool:
    return "|" in text[first:last] and "\n" not in text[first:last].rstrip("\n")


def _inline_code(text: str, first: int, last: int, *, in_table: bool) -> Iterable[tuple[int, int]]:
    """Pair runs of backticks as CommonMark does, in one pass: a run closes with the next one of its length."""
    if in_table:
        start = first
        for found in _CELL_END.finditer(text, first, last):
            yield from _inline_code(text, start, found.start(), in_table=False)
            start = found.end()
        first = start
    runs = [found.span() for found in _RUN.finditer(text, first, last)]
    waiting: dict[int, list[int]] = {}
    for index in range(len(runs) - 1, -1, -1):
        waiting.setdefault(runs[index][1] - runs[index][0], []).append(index)
    index = 0
    while index < len(runs):
        start, end = runs[index]
        escaped = _is_escaped(text, start, first)
        length = end - start - escaped
        same = waiting.get(length, [])
        while same and same[-1] <= index:
            same.pop()
        if length and same:
            closing = same.pop()
            yield start + escaped, runs[closing][1]
            index = closing + 1
        else:
            index += 1


def _escaped_run(text: str, start: int, end: int) -> str:
    first = "`" if _is_escaped(text, start) else "\\`"
    return first + "\\`" * (end - start - 1)


def _is_escaped(text: str, position: int, first: int = 0) -> bool:
    count = 0
    while position - count > first and text[position - count - 1] == "\\":
        count += 1
    return count % 2 == 1


def _fill(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts: list[str] = []
    position = 0
    for start, end in sorted(spans):
        if end <= position:
            continue
        start = max(start, position)
        parts.append(text[position:start])
        parts.append("".join(c if c == "\n" else MASK for c in text[start:end]))
        position = end
    parts.append(text[position:])
    return "".join(parts)


def apply(text: str, edits: list[Edit]) -> str:
    """Return the text with all edits made; of two that overlap the earlier one counts."""
    parts: list[str] = []
    position = 0
    for start, end, replacement in sorted(edits):
        if start < position:
            continue
        parts.append(text[position:start])
        parts.append(replacement)
        position = end
    parts.append(text[position:])
    return "".join(parts)


def as_code(text: str, mask: str, spans: Iterable[tuple[int, int]]) -> str:
    """Put parts of the text into inline code, where nothing in them works any more and everything can be read.

    Args:
        text: Markdown.
        mask: The same text with its code masked.
        spans: What to put into code.

    Returns:
        The text with delimiters that no other run of backticks pairs with.
    """
    taken = {len(run) for run in _RUN.findall(mask)}
    size = next(n for n in range(1, len(taken) + 2) if n not in taken)
    edits: list[Edit] = []
    if size > 2:  # three backticks may open a block; so the stray ones are escaped instead
        size = 1
        edits += [(f.start(), f.end(), _escaped_run(text, *f.span())) for f in _RUN.finditer(mask)]
    for start, end in spans:
        inner = " ".join(text[start:end].replace("`", "'").split())
        if not inner:
            continue
        before = " " if start and (text[start - 1] in "`\\") else ""
        after = " " if end < len(text) and text[end] == "`" else ""
        edits.append((start, end, f"{before}{'`' * size}{inner}{'`' * size}{after}"))
    return apply(text, edits)
