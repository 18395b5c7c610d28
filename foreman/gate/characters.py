"""Which characters a reader cannot see, and taking them out without harming scripts and emoji that need some.

Joiners stay between letters of scripts that join (Persian, Hindi, ...) and inside emoji sequences; variation
selectors stay after a character that has two looks. Everything else without a shape of its own goes: zero-width and
bidirectional controls, tag characters, fillers, terminal escapes. One pass, and a second pass changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from foreman.values import dataclass

ZWSP = "\u200b"
"""Zero-width space; the gate itself puts one behind an at sign so that nobody is called."""

_PLAIN = re.compile(r"[\x20-\x7e\n\t]*(?:\r\n[\x20-\x7e\n\t]*)*")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200c\u200d")
_FILLERS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2065\u2800\u3164\uffa0\ufffc\U00016fe4\U0001d159"
)
# Format characters that do have a shape: Arabic, Syriac and Kaithi number signs.
_SHOWN_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_TWO_LOOKS = frozenset("0123456789#*\u203c\u2049\u3030\ufe0f")
_BLACK_FLAG = "\U0001f3f4"
# England, Scotland and Wales: the only tag sequences Unicode recommends for interchange (emoji-sequences.txt, 15.1).
_FLAG_TAGS = tuple("".join(chr(0xE0000 + ord(c)) for c in name) + "\U000e007f" for name in ("gbeng", "gbsct", "gbwls"))
# Blocks whose scripts use joiners: Hebrew to Mongolian, Indic and South-East Asian extensions, Arabic forms.
_JOINING = (
    (0x0590, 0x1CFF),
    (0xA800, 0xAAFF),
    (0xABC0, 0xABFF),
    (0xFB1D, 0xFDFF),
    (0xFE70, 0xFEFC),
    (0x10A00, 0x11FFF),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """Text of which a reader sees everything.

    Attributes:
        text: What is left.
        removed: How many characters of each kind were taken out: `control`, `bidi`, `tag`, `variation`, `invisible`.
    """

    text: str
    removed: dict[str, int]


def make_visible(text: str, *, keep_ours: bool = False) -> Seen:
    """Take out what cannot be seen; every line end but LF and CR LF becomes LF.

    Args:
        text: Any text.
        keep_ours: Leave the zero-width space that the gate puts behind an at sign.

    Returns:
        The rest, with counts.
    """
    if _PLAIN.fullmatch(text):
        return Seen(text, {})
    kept: list[str] = []
    removed: Counter[str] = Counter()
    position, size = 0, len(text)
    while position < size:
        character = text[position]
        position += 1
        following = text[position] if position < size else ""
        if " " <= character <= "~" or character in "\n\t":
            kept.append(character)
        elif character in "\u2028\u2029\x85\x0b\x0c" or character == "\r":
            kept.append(character if character == "\r" and following == "\n" else "\n")
        elif character == _BLACK_FLAG and (tags := _flag_tags(text, position)):
            kept.append(character + tags)
            position += len(tags)
        elif kind := _hidden(kept[-1][-1] if kept else "", character, following, keep_ours):
            removed[kind] += 1
        else:
            kept.append(character)
    return Seen("".join(kept), dict(removed))


def _flag_tags(text: str, position: int) -> str:
    return next((tags for tags in _FLAG_TAGS if text.startswith(tags, position)), "")


def _hidden(previous: str, character: str, following: str, keep_ours: bool) -> str:
    """Return the kind of a character that is to go, "" for one that stays."""
    code = ord(character)
    if character in _JOINERS:
        return "" if _joins(previous, following) else "invisible"
    if character == ZWSP:
        return "" if keep_ours and previous in ("@", "\uff20") else "invisible"
    if character in _BIDI:
        return "bidi"
    if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return "" if code in (0xFE0E, 0xFE0F) and _has_two_looks(previous) else "variation"
    if 0xE0000 <= code <= 0xE0FFF:
        return "tag"
    if character in _FILLERS or 0xFFF0 <= code <= 0xFFFB or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return "invisible"
    category = unicodedata.category(character)
    if category == "Cc":
        return "control"
    hidden = category == "Cs" or (category == "Cf" and character not in _SHOWN_FORMATS)
    return "invisible" if hidden else ""


def _joins(previous: str, following: str) -> bool:
    if not previous or not following or following in _FILLERS:
        return False
    before, after = unicodedata.category(previous), unicodedata.category(following)
    if before in ("So", "Sk") or previous == "\ufe0f":
        return after == "So"
    letters = (previous.isalnum() or before in ("Mn", "Mc")) and following.isalpha()
    return letters and (_in_joining_script(previous) or _in_joining_script(following))


def _in_joining_script(character: str) -> bool:
    code = ord(character)
    return any(first <= code <= last for first, last in _JOINING)


def _has_two_looks(previous: str) -> bool:
    if not previous or previous == "\ufe0f":
        return False
    symbol = unicodedata.category(previous) in ("So", "Sm", "Sk", "Po") and ord(previous) > 0x2000
    return previous in _TWO_LOOKS or symbol or previous in "\u00a9\u00ae"
