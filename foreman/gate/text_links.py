"""Which URLs a comment may link to: strictly parsed, https, under an allowed prefix. No guessing, no repair."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from foreman.gate.text_context import TextContext
from foreman.gate.text_source import MASK
from foreman.patterns import late

_PLAIN_URL = late(r"https://[A-Za-z0-9.-]{1,253}(?:[/?#][A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]{0,1900})?")
_DOT_SEGMENT = late(r"(?:^|/)\.{1,2}(?:/|$)")
# What strangers can upload under a repository's own address.
_UPLOADS = late(r"(?:^|/)(?:files|assets|uploads|suites|raw|archive|zipball|tarball)/", re.IGNORECASE)
_ISSUE = late(r"/(issues|pull|discussions|merge_requests|work_items)/(\d{1,12})(?!\d)", re.IGNORECASE)
_TRAILING = ".,;:!?'\"*_~)]}"

_END = r"\t-\r <>`\\\x00|"  # of a URL; only ASCII spaces are, as in the forges' renderers
URL = late(rf"[A-Za-z][A-Za-z0-9+.-]{{0,20}}://[^{_END}]{{0,2000}}")
"""Anything that looks like a URL in running text."""

WWW = late(rf"(?<![A-Za-z0-9/])www\.[^{_END}().][^{_END}()]{{0,2000}}", re.IGNORECASE)
"""What GitHub links without a scheme; one label is enough for it, and any letters."""

_MAIL = late(r"(?<=[A-Za-z0-9._+-])@(?:[A-Za-z0-9_-]{1,255}\.){1,20}[A-Za-z0-9_-]{0,255}[A-Za-z]")
_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")

_KNOWN_NAMES = frozenset(("asp.net", "ado.net", "vb.net", "ml.net", "java.net", "system.net", "socket.io", "java.io"))
_BARE = late(
    r"(?<![\w@/:\\-])(?:[\w-]{1,63}\.){1,5}"
    r"(?:(?:com|net|org|biz|edu|gov|xyz)(?![\w-]|\.\w)"
    r"|(?:io|me|co|ly|tk|ru|cn|gg|ai|to|us|uk|de|eu|app|dev|site|top|link|click|online)(?=/))"
    r"(?:[/?#][^\s<>`\\\x00|()]{0,2000})?",
    re.IGNORECASE,
)


def is_allowed(url: str, context: TextContext) -> bool:
    """Return whether a comment may link to this URL.

    Args:
        url: The destination exactly as a browser would get it.
        context: Where the comment goes.

    Returns:
        True only for a plain https URL without user, port, dot segments or escapes in its host, under an allowed
        prefix that ends at a boundary. What strangers can upload to a repository is not under its own prefix.
    """
    if not _PLAIN_URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.netloc != parts.hostname or ".." in parts.netloc or _DOT_SEGMENT.search(unquote(parts.path)):
        return False
    for position, prefix in enumerate(context.prefixes):
        if not prefix.startswith("https://") or not _under(url, prefix):
            continue
        own = position == 0
        if not (own and _UPLOADS.search(unquote(url[len(prefix) - 1 :]))):
            return True
    return False


def _under(url: str, prefix: str) -> bool:
    bare = prefix.rstrip("/")
    return url == bare or url.startswith((f"{bare}/", f"{bare}?", f"{bare}#"))


def issue_of(url: str) -> str:
    """Return the issue that an address leads to, as `#12` or with its kind; empty when it leads to none."""
    found = _ISSUE.search(unquote(url))
    if found is None:
        return ""
    return f"#{found[2]}" if found[1].casefold() == "issues" else f"{found[1].casefold()}/{found[2]}"


def mail_addresses(text: str) -> list[tuple[int, int]]:
    """Return where the forges would make a link to a mail address of something."""
    spans: list[tuple[int, int]] = []
    for found in _MAIL.finditer(text):
        start = found.start()
        least = spans[-1][1] if spans else 0
        while start > least and text[start - 1] in _LOCAL:
            start -= 1
        spans.append((start, found.end()))
    return spans


def is_plain(url: str) -> bool:
    """Return whether a destination in Markdown source means itself: no escapes that a renderer would undo."""
    return "\\" not in url and html.unescape(url) == url


def inside_url(text: str) -> Callable[[int], bool]:
    """Return a question about a text: does this place lie within a URL?"""
    spans = [found.span() for found in URL.finditer(text)] if "://" in text else []
    starts = [start for start, _ in spans]

    def inside(place: int) -> bool:
        index = bisect_right(starts, place) - 1
        return index >= 0 and place < spans[index][1]

    return inside


def runs_on(mask: str, start: int, end: int) -> bool:
    """Return whether a URL found in masked source goes on for a forge: into code, past a bar, past a bracket.

    With `|@other.example` behind it, what was a host becomes a user's name at another one.
    """
    following = mask[end : end + 1]
    angle = start > 0 and mask[start - 1] == "<"
    return following in (MASK, "`", "\\", "|", ">") and end < len(mask) and not (following == ">" and angle)


def trim(url: str) -> str:
    """Return a URL found in running text without the punctuation that belongs to the sentence."""
    end = len(url)
    while end and url[end - 1] in _TRAILING:
        if url[end - 1] == ")" and url.count("(", 0, end) >= url.count(")", 0, end):
            break
        end -= 1
    return url[:end]


def bare_hosts(text: str) -> list[tuple[int, int]]:
    """Return where the text names a host without a scheme; mail programs and some readers link those."""
    return [
        found.span() for found in _BARE.finditer(text) if found[0].rstrip(_TRAILING).casefold() not in _KNOWN_NAMES
    ]
