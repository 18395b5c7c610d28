"""Optional: e-mail addresses, IP addresses and phone numbers taken out before text reaches a model.

Versions, hashes, dates and issue numbers stay, because triage lives from them. Addresses that name no person
(loopback, documentation, private networks) stay as well.
"""

from __future__ import annotations

import ipaddress
import re

from foreman.patterns import late
from foreman.values import dataclass

_EMAIL = late(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])")
_IPV4 = late(r"(?<![\w.@=/+~-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_IPV6 = late(r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:){2,7}:?(?:[0-9A-Fa-f]{1,4}:?){0,7}(?![\w:])")
_PHONE = late(
    r"(?<![\w.#/-])"
    r"(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){2,4}|\(\d{3}\) ?\d{3}[ .-]\d{4})"
    r"(?![\w-])"
)
_VERSION_BEFORE = late(r"(?:version|ver|release|build|v)[ .:=]{0,3}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Redacted:
    """Text without personal data.

    Attributes:
        text: With `[e-mail]`, `[ip]`, `[phone]` in place of what was found.
        removed: How many of each kind.
    """

    text: str
    removed: dict[str, int]


def redact_personal(text: str) -> Redacted:
    """Take out what points at a person.

    Args:
        text: Cleaned text from outside.

    Returns:
        The text and what was taken out.
    """
    removed: dict[str, int] = {}

    def put(kind: str) -> str:
        removed[kind] = removed.get(kind, 0) + 1
        return f"[{kind}]"

    def address(found: re.Match[str]) -> str:
        before = text_now[max(0, found.start() - 12) : found.start()]
        return put("ip") if _is_public(found[0]) and not _VERSION_BEFORE.search(before) else found[0]

    text_now = _EMAIL.sub(lambda _: put("e-mail"), text)
    text_now = _IPV4.sub(address, text_now)
    text_now = _IPV6.sub(address, text_now)
    text_now = _PHONE.sub(lambda _: put("phone"), text_now)
    return Redacted(text_now, removed)


def _is_public(found: str) -> bool:
    try:
        return ipaddress.ip_address(found).is_global
    except ValueError:
        return False
