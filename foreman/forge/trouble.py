"""What can go wrong between here and any forge, in Foreman's words. Nothing is retried or waited for here.

What a forge's own library raises, and what a refusal means, each adapter adds.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

import requests
import urllib3

from foreman.errors import ForgeError, ForgeMoved, ForgeRateLimited, ForgeUnavailable
from foreman.forge.http_door import NoProxy
from foreman.forge.http_exchange import UnusableReply
from foreman.forge.meter import retry_at
from foreman.forge.wire import Redirected
from foreman.values import dataclass

FOREIGN: tuple[type[BaseException], ...] = (
    Redirected,
    UnusableReply,
    requests.RequestException,
    requests.exceptions.RequestsWarning,
    urllib3.exceptions.HTTPError,
    urllib3.exceptions.HTTPWarning,
    http.client.HTTPException,
    OSError,
    # json, pydantic and the libraries' reading of numbers in headers and of nesting in bodies
    ValueError,
    OverflowError,
    RuntimeError,
)
"""What may come out of requests, urllib3, the sockets and the parsers."""

_NEVER_CONNECTED = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
    NoProxy,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What an error is told with.

    Attributes:
        operation: What was asked for: `add label`.
        repo: Repository key; empty where none is concerned.
        now: When, by our clock, aware UTC.
        skew: How far the forge's clock, by which it dates its limits, is ahead of ours.
        strikes: Rate limits without a date since the last success.
    """

    operation: str
    repo: str
    now: datetime
    skew: timedelta = timedelta(0)
    strikes: int = 0


@contextmanager
def translated(
    about: Circumstances,
    foreign: tuple[type[BaseException], ...],
    meaning: Callable[[BaseException, Circumstances], ForgeError],
) -> Iterator[None]:
    """Turn foreign errors inside the block into `ForgeError`s.

    Args:
        about: What is being asked for.
        foreign: What can come out of the block.
        meaning: Says what one of them means.

    Yields:
        Nothing.

    Raises:
        ForgeError: What the foreign error means.
    """
    try:
        yield
    except ForgeError:
        raise
    except foreign as error:
        raise meaning(error, about) from error


def wire_error(error: BaseException, about: Circumstances) -> ForgeError:
    """Say what an error means that is no refusal by the forge.

    Args:
        error: One of `FOREIGN`.
        about: What was asked for.

    Returns:
        The error to raise.
    """
    match error:
        case Redirected():
            message = f"moved to {error.location or 'an unknown place'}"
            return ForgeMoved(message, status=error.status, repo=about.repo, operation=about.operation)
        case UnusableReply():
            return ForgeUnavailable(str(error), status=error.status, repo=about.repo, operation=about.operation)
    # Only the kind of the error: its text may quote a header with the token.
    sent = _unconnected(error) is None
    return ForgeUnavailable(_kind(error), sent=sent, repo=about.repo, operation=about.operation)


def limited(text: str, status: int, headers: Mapping[str, str], prefix: str, about: Circumstances) -> ForgeRateLimited:
    """Say that the account asked too much.

    Args:
        text: The forge's own words.
        status: HTTP status.
        headers: Of the reply, names in lower case.
        prefix: Of its rate limit headers, as for `Meter`.
        about: What was asked for.

    Returns:
        The error to raise.
    """
    until = retry_at(headers, prefix, now=about.now + about.skew, strikes=about.strikes) - about.skew
    return ForgeRateLimited(
        text or "rate limit", retry_at=until, repo=about.repo, operation=about.operation, status=status
    )


@contextmanager
def readable(operation: str, repo: str) -> Iterator[None]:
    """Turn a reply that is not what it should be into `ForgeUnavailable`: another shape, or about something else.

    Args:
        operation: What was asked for.
        repo: Repository key.

    Yields:
        Nothing.

    Raises:
        ForgeUnavailable: A ValueError came out of the block, or an OverflowError: a time that no calendar has.
    """
    try:
        yield
    except (ValueError, OverflowError) as error:
        message = "the reply is not about what was asked for"
        raise ForgeUnavailable(message, repo=repo, operation=operation, status=200) from error


def _kind(error: BaseException) -> str:
    inner = _unconnected(error)
    if inner is not None:
        return f"cannot connect: {_why_not(inner)}"
    if isinstance(error, requests.Timeout | TimeoutError | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError | urllib3.exceptions.HTTPError | OSError):
        return f"the connection failed ({type(error).__name__})"
    return f"the reply makes no sense ({type(error).__name__})"


def _unconnected(error: BaseException) -> BaseException | None:
    """Return why no byte of the request can have left, None when one may have."""
    inner: object = error
    for _ in range(6):
        if isinstance(inner, _NEVER_CONNECTED):
            return inner
        if not isinstance(inner, BaseException):
            return None
        inner = getattr(inner, "reason", None) or next(iter(inner.args), None)
    return None


def _why_not(inner: BaseException | None) -> str:
    if isinstance(inner, NoProxy):
        return f"the proxy of the environment (HTTPS_PROXY): {str(inner) or _why_not(inner.__cause__)}"
    if isinstance(inner, ssl.SSLCertVerificationError):
        return "its certificate is not trusted (`SSL_CERT_FILE` names a CA of your own)"
    if isinstance(inner, urllib3.exceptions.NameResolutionError):
        return "its name cannot be looked up"
    if isinstance(inner, urllib3.exceptions.NewConnectionError):  # counts as a ConnectTimeoutError, too
        return "nobody listens there, or no way leads there"
    return "no answer in time"
