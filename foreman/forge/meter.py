"""What the heads of a forge's replies tell besides the answer: how many requests are left, and its time of day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from foreman.forge.base import Quota

LONGEST_WAIT = timedelta(hours=24)
"""Nobody gets to switch the bot off for ever with one header."""

_SAME_TIME = timedelta(seconds=2)
"""A Date header has whole seconds and is a moment old when it is read: less than this is no difference."""


class Meter:
    """The last word of one account's forge on its quota and its clock."""

    def __init__(self, prefix: str) -> None:
        """Begin with nothing told.

        Args:
            prefix: Of the quota's three headers in lower case: `x-ratelimit-` on GitHub, `ratelimit-` on GitLab.
        """
        self._prefix = prefix
        self.quota: Quota | None = None
        self.skew = timedelta(0)

    def hear(self, headers: Mapping[str, str], *, now: datetime) -> None:
        """Take in the head of any reply, of a refusal as well.

        Args:
            headers: Names in lower case, or a mapping that does not care.
            now: Our time of day, aware UTC.
        """
        self._hear_date(headers.get("date", ""), now)
        # GitHub counts searches and GraphQL apart.
        if headers.get(f"{self._prefix}resource", "core") != "core":
            return
        limit, remaining, reset = (
            number(headers.get(self._prefix + part)) for part in ("limit", "remaining", "reset")
        )
        if limit is None or remaining is None or reset is None or not 0 < reset < 1e11:
            return
        at = min(datetime.fromtimestamp(reset, UTC), now + self.skew + LONGEST_WAIT)
        self.quota = Quota(limit=int(limit), remaining=int(remaining), reset_at=at)

    def _hear_date(self, text: str, now: datetime) -> None:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return
        if at.tzinfo:
            skew = at.astimezone(UTC) - now
            self.skew = skew if abs(skew) >= _SAME_TIME else timedelta(0)


def number(text: str | None) -> float | None:
    """Read a header's number.

    Args:
        text: As it came; None when there was none.

    Returns:
        It, or None for anything but up to 15 digits.
    """
    text = (text or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
