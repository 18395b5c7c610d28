"""What of other people's words, or a model's, may be said in a comment of ours: plain words. Pure.

The rules outside the agent hold all the same; what they would refuse is not asked for in the first place.
"""

from __future__ import annotations

import re
import unicodedata

_READ_CHARS = 20_000
_ADDRESS = re.compile(r"\S{0,200}(?:://|\bwww\.)\S{0,2000}|\S{0,100}[#!&@]\S{1,100}|\b[\w-]+(?:\.[\w-]+){1,5}/\S*")
_MARKUP = re.compile(r"[\[\]<>|\\*_~`{}$^=#@&]+")
_RULER = re.compile(r"-{3,}")
FETCHING = "curl|wget|iwr|irm|iex"
"""Programs that fetch something, some of them to run it."""

INTO_A_SHELL = r"\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b"
"""Whatever it is, it is run."""

_COMMAND = re.compile(
    rf"\b(?:{FETCHING}|sudo|doas|eval|chmod|powershell|downloadstring)\b|{INTO_A_SHELL}"
    r"|\b(?:pip3?|pipx|npm|npx|pnpm|yarn|brew|cargo|go|gem)\s+(?:i|x|get|add|global)",
    re.IGNORECASE,
)
_NOT_ASKED_FOR = re.compile(rf"://|\bwww\.|@|#\d|&#?\w+;|<!|{_COMMAND.pattern}", re.IGNORECASE)
_UNSEEN = re.compile(
    r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]|[^\u0000-\uffff]"
)


def plain_words(text: str, limit: int) -> str:
    """Leave the words of a line: no addresses, no names to call, no other issues, no markup, nothing invisible.

    Args:
        text: One line, or what is to be one.
        limit: Most characters.

    Returns:
        The words; empty where nothing is left, or a command to run is among them.
    """
    shown = unicodedata.normalize("NFKC", text[:_READ_CHARS])
    shown = _RULER.sub(" ", _UNSEEN.sub(" ", shown))
    if _COMMAND.search(shown):
        return ""
    return " ".join(_MARKUP.sub(" ", _ADDRESS.sub(" ", shown)).split())[:limit].strip()


def comment_of(text: str, limit: int) -> str:
    """Return a model's comment; empty if it holds what it was told not to hold: an address, a name, a command.

    Args:
        text: As the model wrote it.
        limit: Most characters.

    Returns:
        The comment.
    """
    shown = unicodedata.normalize("NFKC", text[:_READ_CHARS])
    return "" if _NOT_ASKED_FOR.search(shown) or _UNSEEN.search(shown) else text.strip()[:limit]
