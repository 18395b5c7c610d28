"""Secrets in text that is about to leave or to be stored: known ones in any simple disguise, others by their shape.

A known secret is looked for in windows of 12 letters and digits, without case: as it is, with anything in between,
reversed, percent-encoded, base64 and hexadecimal at any alignment, in letters of another look. All passes are linear.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import unquote

from foreman.patterns import late
from foreman.secrets import REMOVED

WINDOW = 12
"""Letters and digits in a row that give a secret away; shorter ones occur by chance."""

_HALF = WINDOW // 2

_MIN_WHOLE = 6
"""A shorter secret is not looked for at all: it would be found everywhere."""

_NOT_WORD = late(rb"[^a-z0-9]+")
_NOT_BASE64 = late(r"[^A-Za-z0-9+/]+")
_NOT_HEX = late(r"[^0-9a-fA-F]+")
_HEX_PREFIX = late(r"0x|\\x|\\u00", re.IGNORECASE)

FOREIGN: Mapping[str, re.Pattern[str]] = {
    "GitHub token": late(r"gh[pousr]_[A-Za-z0-9]{30,255}"),
    "GitHub fine-grained token": late(r"github_pat_[A-Za-z0-9_]{20,255}"),
    "GitLab token": late(r"gl(?:pat|rt|dt|cbt|ptt|soat|ft|imt|agent|oas)-[\w-]{18,255}"),
    "model provider key": late(r"(?<![A-Za-z0-9])sk-(?:ant-)?[\w-]{20,255}"),
    "AWS key": late(r"(?<![A-Za-z0-9])A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    # What follows may have lost its end, be quoted, or stand in one line.
    "private key": late(
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"
        r"(?:[^-]{0,10000}-----END [A-Z ]{0,40}PRIVATE KEY-----|(?:[\s>]+[A-Za-z0-9+/=]{16,})*)"
    ),
    "Slack token": late(r"xox[abeprs]-[\w-]{10,255}"),
    "Google key": late(r"AIza[\w-]{35}"),
    "PyPI token": late(r"pypi-AgE[\w-]{20,255}"),
    "npm token": late(r"npm_[A-Za-z0-9]{36}"),
    "Hugging Face token": late(r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,255}"),
    "Stripe key": late(r"[rs]k_live_[A-Za-z0-9]{20,255}"),
    "signed web token": late(r"eyJ[\w-]{15,2000}\.eyJ[\w-]{15,4000}\.[\w-]{16,2000}"),
    "password in a URL": late(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@`<>]{1,100}:[^\s/@`<>]{3,200}@", re.IGNORECASE),
}
"""What tokens of well-known services look like."""

_HINTS = (
    "gh",
    "github_pat_",
    "gl",
    "sk-",
    "AKIA",
    "ASIA",
    "-----BEGIN",
    "xox",
    "AIza",
    "pypi-",
    "npm_",
    "hf_",
    "_live_",
    "eyJ",
    "://",
)
"""One of these is in every text that has any of those shapes: most texts are through after looking for them."""

_REMEMBERED = 500
_REMEMBERED_CHARS = 2_000
"""Texts whose secrets are remembered: the title of an issue is asked about many times, alone and as a similar one."""


class KnownSecrets:
    """The values that must not leave, with a name each. Values never appear in what its methods return."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        """Prepare the search.

        Args:
            values: Name -> value; the name is what a refusal may show. Values too short to mean anything are left out.
        """
        self._remembered = lru_cache(_REMEMBERED)(self._found)
        self._raw: dict[str, str] = {}
        self._windows: dict[bytes, str] = {}
        self._halves: set[bytes] = set()
        self._short: dict[bytes, str] = {}
        for name, value in (values or {}).items():
            word = _word(value.encode())
            if len(word) < _MIN_WHOLE:
                continue
            self._raw[name] = value
            for form in (word, word[::-1]):
                if len(form) < WINDOW:
                    self._short[form] = name
                for start in range(len(form) - WINDOW + 1):
                    self._windows[form[start : start + WINDOW]] = name
                self._halves.update(form[start : start + _HALF] for start in range(len(form) - _HALF + 1))

    def __repr__(self) -> str:
        """Show names only."""
        return f"KnownSecrets({sorted(self._raw)})"

    def find(self, text: str) -> tuple[str, ...]:
        """Return the names of all secrets in the text, known and by shape, sorted; empty when there is none."""
        return self._remembered(text) if len(text) <= _REMEMBERED_CHARS else self._found(text)

    def _found(self, text: str) -> tuple[str, ...]:
        found: set[str] = set()
        if any(hint in text for hint in _HINTS):
            found = {name for name, shape in FOREIGN.items() if shape.search(text)}
        if self._raw:
            for view in _views(text):
                found.update(name for form, name in self._short.items() if form in view)
                found.update(self._windows_in(view))
        return tuple(sorted(found))

    def _windows_in(self, view: bytes) -> Iterator[str]:
        """Look at every 7th place for half a window; a whole one cannot slip through between two such places."""
        for place in range(0, len(view) - _HALF + 1, _HALF + 1):
            if view[place : place + _HALF] in self._halves:
                for start in range(max(0, place - _HALF), place + 1):
                    if name := self._windows.get(view[start : start + WINDOW]):
                        yield name

    def redact(self, text: str) -> str:
        """Return the text without secrets, for logs and the database.

        Args:
            text: Anything, an agent's rationale for instance.

        Returns:
            The text as it was when nothing was found; with the plain values replaced; a single notice when a secret is
            in it in a form that cannot be cut out.
        """
        if not self.find(text):
            return text
        for value in sorted(self._raw.values(), key=len, reverse=True):
            text = text.replace(value, REMOVED)
        for shape in FOREIGN.values():
            text = shape.sub(REMOVED, text)
        return REMOVED if self.find(text) else text


def _word(raw: bytes) -> bytes:
    return _NOT_WORD.sub(b"", raw.lower())


def _views(text: str) -> Iterator[bytes]:
    """Yield the letters and digits of the text under every disguise that is undone."""
    plain = html.unescape(text)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)  # letters that only look otherwise: full width, bold, in circles
    yield _word(plain.encode("utf-8", "replace"))
    if "%" in text:
        yield _word(unquote(plain, errors="replace").encode("utf-8", "replace"))
    for alphabet in (plain, plain.replace("-", "+").replace("_", "/")):
        packed = _NOT_BASE64.sub("", alphabet)
        for offset in range(4 if len(packed) >= 16 else 0):
            part = packed[offset:]
            yield _word(base64.b64decode(part + "A" * (-len(part) % 4)))
        if alphabet is plain and "-" not in plain and "_" not in plain:
            break
    digits = _NOT_HEX.sub("", _HEX_PREFIX.sub("", plain))
    for offset in range(2 if len(digits) >= 16 else 0):
        part = digits[offset:]
        yield _word(binascii.unhexlify(part[: len(part) // 2 * 2]))


NO_SECRETS = KnownSecrets()
"""Knows no values; still finds what looks like a token."""
