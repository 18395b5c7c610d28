"""What a reader's browser and the forge see of a comment: the Markdown taken apart by a renderer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from typing import TYPE_CHECKING

from foreman.gate.text_source import parser_of
from foreman.values import dataclass

if TYPE_CHECKING:
    from markdown_it.token import Token

FOOTER_PROBE = "foreman footer probe"
"""Stands for the footer while a text is judged; it must come out as a paragraph of its own."""

_TAG = re.compile(r"<[^<>]{0,5000}>")


@dataclass(slots=True)
class Rendered:
    """A comment taken apart.

    Attributes:
        runs: Text outside code, one string per run that a forge looks at by itself.
        html: Raw HTML, one string per piece.
        links: Destination and hover text of every link.
        images: Source of every picture.
        code: Content of every code block.
        infos: What stands behind the opening fence of every fenced block.
        inline_code: Content of every piece of inline code.
        definitions: Name, destination and hover text of every link definition.
        footer_stands: Whether what follows the text is a paragraph of its own.
    """

    runs: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    infos: list[str] = field(default_factory=list)
    inline_code: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    footer_stands: bool = False

    @property
    def flat(self) -> str:
        """All text outside code in one string, inline code as two backticks."""
        return "".join(self.runs)

    @property
    def everything(self) -> str:
        """All that the renderer made something of, code and destinations included."""
        links = (part for link in self.links for part in link)
        rest = (self.html, self.images, self.code, self.infos, self.inline_code, self.definitions)
        return "\n".join([*self.runs, *links, *(part for parts in rest for part in parts)])


def render(text: str) -> Rendered:
    """Take a comment apart.

    Args:
        text: Markdown without marker and footer.

    Returns:
        Its parts.
    """
    environment: dict[str, object] = {}
    tokens = parser_of(raw_html=True).parse(f"{text}\n\n{FOOTER_PROBE}", environment)
    result = Rendered()
    if len(tokens) >= 3 and tokens[-2].content == FOOTER_PROBE and tokens[-3].level == 0:
        result.footer_stands = tokens[-3].type == "paragraph_open"
        tokens = tokens[:-3]
    references = environment.get("references", {})
    if isinstance(references, dict):
        for name, one in references.items():
            result.definitions.append(f"{name} {one['href']} {one['title']}")
    _walk(tokens, result)
    return result


def _walk(tokens: Iterable[Token], result: Rendered) -> None:
    for token in tokens:
        match token.type:
            case "fence" | "code_block":
                result.code.append(token.content)
                if token.type == "fence":
                    result.infos.append(token.info)
                result.runs.append("\n")
            case "code_inline":
                result.inline_code.append(token.content)
                result.runs.append(" `` ")
            case "html_block" | "html_inline":
                result.html.append(token.content)
                result.runs.append(_TAG.sub("", token.content))
            case "image":
                result.images.append(str(token.attrs.get("src", "")))
                result.runs.append(token.content)
            case "link_open":
                result.links.append((str(token.attrs.get("href", "")), str(token.attrs.get("title") or "")))
            case "text" | "text_special":
                result.runs.append(token.content)
            case "softbreak" | "hardbreak":
                result.runs.append("\n")
            case _ if token.children:
                _walk(token.children, result)
            case _ if token.block:
                result.runs.append("\n")
