"""What a comment orders: `@bot approve HASH` and `@bot reject HASH because …`, one order a line.

Pure reading. Who wrote it, and whether it may count, is for the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, cast

from foreman.patterns import late
from foreman.values import dataclass

MAX_ORDERS = 50
"""Most orders taken from one comment."""

MAX_BECAUSE_CHARS = 500
"""Longest reason kept, characters."""

MAX_LINE_CHARS = 2_000
"""Longer lines are prose."""

_FENCE = late(r" {0,3}(`{3,}|~{3,})")
_ORDER = late(
    r"@(?P<bot>[A-Za-z0-9][A-Za-z0-9_.\-\[\]]{0,100})[:,]? (?P<verb>approve|reject) "
    r"(?P<hashes>`?[0-9a-f]{8,64}`?(?:(?:, |,| )`?[0-9a-f]{8,64}`?)*)"
    r"(?:[:,.]? because (?P<because>\S.*))?[.!]?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order for one action.

    Attributes:
        verb: What to do.
        digest: The hash as it was given, 8 to 64 hex digits in small letters.
        because: For `reject`, the person's own words; empty when there are none.
    """

    verb: Literal["approve", "reject"]
    digest: str
    because: str = ""


def orders_in(body: str, *, bot: str) -> tuple[Order, ...]:
    """Read the orders in a comment.

    A line counts as a whole or not at all; quotations and code do not count, nor does anything after a hidden part.
    Of several orders for the same hash the first counts.

    Args:
        body: Raw text of the comment.
        bot: Our login, which an order begins with.

    Returns:
        At most `MAX_ORDERS`, in the order of the text.
    """
    found: dict[str, Order] = {}
    for line in _spoken(body):
        match = _ORDER.fullmatch(line)
        if match is None or match["bot"].casefold() != bot.casefold():
            continue
        verb = cast("Literal['approve', 'reject']", match["verb"].lower())
        because = (match["because"] or "").strip()[:MAX_BECAUSE_CHARS] if verb == "reject" else ""
        for digest in re.findall(r"[0-9a-f]{8,64}", match["hashes"].lower()):
            found.setdefault(digest, Order(verb=verb, digest=digest, because=because))
    return tuple(found.values())[:MAX_ORDERS]


def _spoken(body: str) -> Iterator[str]:
    """Yield what a person says to us, line by line, with single spaces.

    No code, no quotation, nothing behind the start of a hidden part.
    """
    fence = ""
    for raw in body.replace("\r\n", "\n").split("\n"):
        opening = _FENCE.match(raw)
        if fence:
            if opening and opening[1].startswith(fence) and not raw.strip(" `~"):
                fence = ""
            continue
        if opening:
            fence = opening[1]
            continue
        if raw.startswith(("    ", "\t")) or raw.lstrip().startswith(">"):
            continue
        if "<!--" in raw:
            return
        if len(raw) <= MAX_LINE_CHARS:
            yield " ".join(raw.split())
