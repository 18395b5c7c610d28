"""HTML and SVG put together from parts: whatever is not markup already is text, and escaped. Pure."""

from __future__ import annotations

import html
from typing import TypeAlias

from foreman.printable import printable

_EMPTY = frozenset({"meta", "br", "hr"})
"""Elements of HTML that have no end."""

_WEB = ("https://", "http://")


class Markup(str):
    """Text that is HTML or SVG already. Made by this module alone."""

    __slots__ = ()


Child: TypeAlias = str | int | float | Markup | None


def text(words: object) -> Markup:
    """Escape text, also what could steer or reorder what is around it."""
    return Markup(html.escape(printable(str(words), keep_lines=False), quote=True))


def element(name: str, /, *children: Child, **attributes: object) -> Markup:
    """Return an element.

    Args:
        name: Of the element.
        *children: What is in it, in order; None is left out.
        **attributes: `class_` is written `class`, `aria_label` is written `aria-label`; None is left out.

    Returns:
        Markup.
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Markup(f"<{name}{told}>")
    return Markup(f"<{name}{told}>{join(*children)}</{name}>")


def join(*children: Child) -> Markup:
    """Return several parts, one after the other."""
    return Markup("".join(one if isinstance(one, Markup) else text(one) for one in children if one is not None))


def foreign(words: str) -> Markup:
    """Return what a stranger wrote: escaped, and what runs from right to left kept to itself."""
    return element("bdi", words)


def link(address: str, words: Child) -> Markup:
    """Return a link to a page of the web; the words alone where the address is of another kind."""
    if not address.startswith(_WEB):
        return join(words)
    return element("a", words, href=address, rel="noopener noreferrer")
