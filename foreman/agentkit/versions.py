"""Versions that a text names. Pure."""

from __future__ import annotations

import re

MOST = 20
"""Versions of one text that count."""

_VERSION = re.compile(r"(?<![\w.])v?(\d{1,5}(?:\.\d{1,5}){1,3})(?![\w.]*\d)", re.IGNORECASE)


def versions(text: str) -> tuple[str, ...]:
    """Return the versions a text names, of whatever: `2.4.1`, `3.12`.

    Args:
        text: Title and body of an issue.

    Returns:
        Each once, without a leading `v`, in their order; numbers without a dot are none.
    """
    return tuple(dict.fromkeys(_VERSION.findall(text)))[:MOST]
