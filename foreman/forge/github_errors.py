"""Everything that can go wrong between here and GitHub, in Foreman's words. Nothing is retried or waited for here.

References:
    GitHub, "Best practices for using the REST API", on rate limits: Retry-After first, then an exhausted
    x-ratelimit-remaining with x-ratelimit-reset, else at least one minute, longer each time.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3
from github import BadAttributeException, GithubException

from foreman.errors import (
    ForgeAuthError,
    ForgeError,
    ForgeGone,
    ForgeLocked,
    ForgeMoved,
    ForgeNotFound,
    ForgeRateLimited,
    ForgeRejected,
    ForgeUnavailable,
)
from foreman.forge.github_wire import Redirected, UnusableReply
from foreman.forge.meter import LONGEST_WAIT, number

SHORTEST_SECONDARY_WAIT = timedelta(minutes=1)
LONGEST_SECONDARY_WAIT = timedelta(hours=1)

FOREIGN = (
    GithubException,
    BadAttributeException,
    Redirected,
    UnusableReply,
    requests.RequestException,
    requests.exceptions.RequestsWarning,
    urllib3.exceptions.HTTPError,
    urllib3.exceptions.HTTPWarning,
    http.client.HTTPException,
    OSError,
    # json, pydantic and PyGithub's reading of numbers in headers and of nesting in bodies
    ValueError,
    OverflowError,
    RuntimeError,
)
"""What may come out of PyGithub, requests, urllib3, the sockets and the parsers."""

_NEVER_CONNECTED = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
)
_LIMIT_WORDS = ("rate limit", "abuse detection", "retry your request again later", "wait a few minutes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What an error is told with.

    Attributes:
        operation: What was asked for: `add label`.
        repo: Repository key; empty where none is concerned.
        now: When, aware UTC.
        strikes: Rate limits without a date since the last success.
    """

    operation: str
    repo: str
    now: datetime
    strikes: int = 0


@contextmanager
def translated(about: Circumstances) -> Iterator[None]:
    """Turn foreign errors inside the block into `ForgeError`s.

    Args:
        about: What is being asked for.

    Yields:
        Nothing.

    Raises:
        ForgeError: What the foreign error means.
    """
    try:
        yield
    except ForgeError:
        raise
    except FOREIGN as error:
        raise forge_error(error, about) from error


def forge_error(error: BaseException, about: Circumstances) -> ForgeError:
    """Say what a foreign error means.

    Args:
        error: One of `FOREIGN`.
        about: What was asked for.

    Returns:
        The error to raise.
    """
    where: dict[str, Any] = {"repo": about.repo, "operation": about.operation}
    match error:
        case GithubException():
            return _refusal(error.status, error.headers or {}, error.data, about)
        case Redirected():
            return ForgeMoved(f"moved to {error.location or 'an unknown place'}", status=error.status, **where)
        case UnusableReply():
            return ForgeUnavailable(str(error), status=error.status, **where)
    # Only the kind of the error: its text may quote a header with the token.
    return ForgeUnavailable(_kind(error), sent=not _never_connected(error), **where)


def retry_at(headers: Mapping[str, str], *, now: datetime, strikes: int) -> datetime:
    """Return when a limited account may ask again.

    Args:
        headers: Of the reply, names in lower case.
        now: Current time, aware UTC.
        strikes: Limits without a date since the last success; each doubles the wait.

    Returns:
        A time after `now`, at most `LONGEST_WAIT` away.
    """
    asked = _retry_after(headers.get("retry-after", ""), now)
    if asked > timedelta(0):
        return now + min(asked, LONGEST_WAIT)
    reset = exhausted_until(headers)
    if reset is not None and reset > now:
        return min(reset, now + LONGEST_WAIT)
    doublings: int = 2 ** min(strikes, 10)
    return now + min(SHORTEST_SECONDARY_WAIT * doublings, LONGEST_SECONDARY_WAIT)


def exhausted_until(headers: Mapping[str, str]) -> datetime | None:
    """Return the end of the quota's window when a reply says that the quota is used up, else None.

    Args:
        headers: Of any reply, names in lower case.

    Returns:
        Aware UTC.
    """
    if headers.get("x-ratelimit-remaining") != "0":
        return None
    reset = number(headers.get("x-ratelimit-reset"))
    return datetime.fromtimestamp(reset, UTC) if reset is not None and 0 < reset < 1e11 else None


def _refusal(status: int, headers: Mapping[str, str], data: object, about: Circumstances) -> ForgeError:
    text = _message(data)
    words = text.lower()
    kind: type[ForgeError]
    limited = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    match status:
        case 429:
            return _limited(text, status, headers, about)
        case 403 if limited or any(hint in words for hint in _LIMIT_WORDS):
            return _limited(text, status, headers, about)
        case 403 if "locked" in words:
            kind = ForgeLocked
        case 403 if "archived" in words:
            kind = ForgeRejected
        case 401 | 403:
            kind = ForgeAuthError
        case 404:
            kind = ForgeNotFound
        case 410:
            # "Issues has been disabled in this repository": they can be switched on again.
            kind = ForgeRejected if "disabled" in words else ForgeGone
        case _ if 400 <= status < 500 and status != 408:
            kind = ForgeLocked if status == 422 and "locked" in words else ForgeRejected
        case _:
            kind = ForgeUnavailable
    return kind(text or f"HTTP {status}", repo=about.repo, operation=about.operation, status=status)


def _limited(text: str, status: int, headers: Mapping[str, str], about: Circumstances) -> ForgeRateLimited:
    until = retry_at(headers, now=about.now, strikes=about.strikes)
    return ForgeRateLimited(
        text or "rate limit", retry_at=until, repo=about.repo, operation=about.operation, status=status
    )


def _message(data: object) -> str:
    """Return the forge's own words, short and on one line."""
    if not isinstance(data, Mapping):
        return ""
    words = [str(data.get("message") or "")]
    errors = data.get("errors")
    for item in errors[:3] if isinstance(errors, list) else ():
        parts = (
            [str(item[key]) for key in ("field", "code", "message") if item.get(key)]
            if isinstance(item, dict)
            else [str(item)]
        )
        words.append(" ".join(parts))
    return " ".join("; ".join(word for word in words if word).split())[:300]


def _kind(error: BaseException) -> str:
    if _never_connected(error):
        return "cannot connect"
    if isinstance(error, requests.Timeout | TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError | urllib3.exceptions.HTTPError | OSError):
        return f"the connection failed ({type(error).__name__})"
    return f"the reply makes no sense ({type(error).__name__})"


def _never_connected(error: BaseException) -> bool:
    """Tell whether no byte of the request can have left: refused, no such host, or a certificate nobody trusts."""
    inner: object = error
    for _ in range(6):
        if isinstance(inner, _NEVER_CONNECTED):
            return True
        if not isinstance(inner, BaseException):
            return False
        inner = getattr(inner, "reason", None) or next(iter(inner.args), None)
    return False


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


@contextmanager
def readable(operation: str, repo: str) -> Iterator[None]:
    """Turn a reply that is not what it should be into `ForgeUnavailable`: another shape, or about something else.

    Args:
        operation: What was asked for.
        repo: Repository key.

    Yields:
        Nothing.

    Raises:
        ForgeUnavailable: A ValueError came out of the block.
    """
    try:
        yield
    except ValueError as error:
        message = "the reply is not about what was asked for"
        raise ForgeUnavailable(message, repo=repo, operation=operation, status=200) from error
