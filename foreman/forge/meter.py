"""What the heads of a forge's replies tell besides the answer: its limits, how much is left of them, its time of day.

References:
    GitHub, "Best practices for using the REST API", on rate limits: Retry-After first, then an exhausted
    x-ratelimit-remaining with x-ratelimit-reset, else at least one minute, longer each time. GitLab, "Rate limits":
    the same headers without the x-, and Retry-After may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from foreman.forge.base import Quota

SHORTEST_WAIT = timedelta(minutes=1)
LONGEST_UNDATED_WAIT = timedelta(hours=1)
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
        self.prefix = prefix
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
        if headers.get(f"{self.prefix}resource", "core") != "core":
            return
        limit, remaining, reset = (number(headers.get(self.prefix + part)) for part in ("limit", "remaining", "reset"))
        if limit is None or remaining is None or reset is None or not 0 < reset < 1e11:
            return
        at = min(datetime.fromtimestamp(reset, UTC), now + self.skew + LONGEST_WAIT)
        self.quota = Quota(limit=int(limit), remaining=int(remaining), reset_at=at)

    def _hear_date(self, text: str, now: datetime) -> None:
        at = _date(text)
        if at is not None:
            skew = at - now
            self.skew = skew if abs(skew) >= _SAME_TIME else timedelta(0)


@lru_cache(maxsize=16)
def _date(text: str) -> datetime | None:
    """Read a date, None where it is none. Many replies have the same one."""
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None


def retry_at(headers: Mapping[str, str], prefix: str, *, now: datetime, strikes: int) -> datetime:
    """Return when a limited account may ask again.

    Args:
        headers: Of the reply, names in lower case.
        prefix: As for `Meter`.
        now: Current time, aware UTC.
        strikes: Limits without a date since the last success; each doubles the wait.

    Returns:
        A time after `now`, at most `LONGEST_WAIT` away.
    """
    asked = _retry_after(headers.get("retry-after", ""), now)
    if asked > timedelta(0):
        return now + min(asked, LONGEST_WAIT)
    reset = exhausted_until(headers, prefix)
    if reset is not None and reset > now:
        return min(reset, now + LONGEST_WAIT)
    doublings: int = 2 ** min(strikes, 10)
    return now + min(SHORTEST_WAIT * doublings, LONGEST_UNDATED_WAIT)


def exhausted_until(headers: Mapping[str, str], prefix: str) -> datetime | None:
    """Return the end of the quota's window when a reply says that the quota is used up, else None.

    Args:
        headers: Of any reply, names in lower case.
        prefix: As for `Meter`.

    Returns:
        Aware UTC.
    """
    if headers.get(f"{prefix}remaining") != "0":
        return None
    reset = number(headers.get(f"{prefix}reset"))
    return datetime.fromtimestamp(reset, UTC) if reset is not None and 0 < reset < 1e11 else None


def _retry_after(text: str, now: datetime) -> timedelta:
    """Read seconds, or a date as a proxy may send it; zero when it is neither."""
    seconds = number(text)
    if seconds is not None:
        return timedelta(seconds=min(seconds, 1e6))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return timedelta(0)
    return at - now if at.tzinfo else timedelta(0)


def number(text: str | None) -> float | None:
    """Read a header's number.

    Args:
        text: As it came; None when there was none.

    Returns:
        It, or None for anything but up to 15 digits.
    """
    text = (text or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
