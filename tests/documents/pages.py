"""The pages of the documentation, and what stands in them: fenced blocks, links, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

COMMANDS = ("sh", "console")
"""Languages of blocks that a reader may type: `sh` is all typed, of `console` what stands behind `$ `."""

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\S*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)
_REMARK = re.compile(r"<!-- (?P<said>[^>]*) -->\s*\Z")
_CODE = {"fence", "code_block"}
_NOT_RUN = re.compile(r"not run: (?P<reason>.+)", re.DOTALL)
_ENDS = re.compile(r"ends with (?P<code>\d+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: The page's path.
        line: Of its first line of text.
        language: What stands behind the fence; empty when nothing does.
        text: What stands between the fences.
        remark: The HTML comment right before it; empty when there is none.
    """

    page: Path
    line: int
    language: str
    text: str
    remark: str

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def not_run(self) -> str:
        """Return why nobody runs it here; empty when somebody does."""
        found = _NOT_RUN.fullmatch(self.remark)
        return " ".join(found["reason"].split()) if found else ""

    @property
    def code(self) -> int:
        """Return the exit code that its last command is to end with."""
        found = _ENDS.match(self.remark)
        return int(found["code"]) if found else 0


def pages(project: Path) -> list[Path]:
    """Return every page that a reader may come to."""
    top = [project / name for name in ("README.md", "SECURITY.md", "CHANGELOG.md")]
    return [*(page for page in top if page.exists()), *sorted((project / "docs").glob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """Return the blocks of code of a page, in order: all that a forge shows as such, however it is written.

    Args:
        page: Its path.

    Returns:
        Also those behind other fences, in lists and quotations, and those that are only indented.
    """
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    before = [None, *tokens[:-1]]
    return [_block(page, token, last) for token, last in zip(tokens, before, strict=True) if token.type in _CODE]


def _block(page: Path, token: Token, before: Token | None) -> Block:
    remark = _REMARK.search(before.content) if before is not None and before.type == "html_block" else None
    assert token.map is not None
    return Block(
        page=page,
        line=token.map[0] + (2 if token.type == "fence" else 1),
        language=token.info.split()[0] if token.info.strip() else "",
        text=token.content,
        remark=" ".join(remark["said"].split()) if remark else "",
    )


def prose(page: Path) -> str:
    """Return a page without its fenced blocks and its comments."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Yield path and anchor of every link of a page to a place in this repository."""
    text = re.sub(r"`[^`\n]*`", "", prose(page))
    for target in re.findall(r"\]\(([^)\s]+)[^)]*\)", text) + re.findall(r"^\[[^\]]+\]:\s*(\S+)", text, re.MULTILINE):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(page: Path) -> set[str]:
    """Return what can stand behind `#` in a link to a page, as forges make it from headings."""
    names: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?)\s*$", prose(page), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = sum(1 for other in names if other == name or re.fullmatch(rf"{re.escape(name)}-\d+", other))
        names.add(f"{name}-{count}" if count else name)
    return names
