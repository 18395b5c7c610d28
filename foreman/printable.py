"""Make text from outside safe to show: no control characters, no hidden reordering, one line stays one line."""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 controls and DEL, line and paragraph separators, bidirectional controls, invisible characters, surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def printable(text: str, *, keep_lines: bool = False) -> str:
    r"""Escape what a terminal or a reader of logs could take for something else.

    Args:
        text: Anything.
        keep_lines: Leave line feeds and tabs as they are.

    Returns:
        The text with each unsafe character written as `\n`, `\x1b` or `\u202e`.
    """
    if keep_lines:
        return _UNSAFE.sub(lambda match: match[0] if match[0] in "\n\t" else _escape(match), text)
    return _UNSAFE.sub(_escape, text)


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: wide characters two, combining ones none."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def cut(text: str, width: int) -> str:
    """Return a text in at most so many columns of a terminal; what is cut off ends in `…`."""
    if width_of(text) <= width:
        return text
    while width_of(text) > width - 1:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
