"""What GitHub's refusals mean, in Foreman's words. Nothing is retried or waited for here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from foreman.errors import (
    ForgeAuthError,
    ForgeError,
    ForgeGone,
    ForgeLocked,
    ForgeNotFound,
    ForgeRejected,
    ForgeUnavailable,
)
from foreman.forge import trouble
from foreman.forge.github_library import BadAttributeException, GithubException
from foreman.forge.trouble import Circumstances, limited, wire_error

LIMIT_HEADERS = "x-ratelimit-"
"""What the names of the three headers about the quota begin with."""

FOREIGN = (GithubException, BadAttributeException, *trouble.FOREIGN)
"""What may come out of PyGithub and all that is below it."""

_LIMIT_WORDS = ("rate limit", "abuse detection", "retry your request again later", "wait a few minutes")


def translated(about: Circumstances) -> AbstractContextManager[None]:
    """Turn foreign errors inside the block into `ForgeError`s.

    Args:
        about: What is being asked for.

    Returns:
        The block's manager.
    """
    return trouble.translated(about, FOREIGN, forge_error)


def forge_error(error: BaseException, about: Circumstances) -> ForgeError:
    """Say what a foreign error means.

    Args:
        error: One of `FOREIGN`.
        about: What was asked for.

    Returns:
        The error to raise.
    """
    if isinstance(error, GithubException):
        return _refusal(error.status, error.headers or {}, error.data, about)
    return wire_error(error, about)


def _refusal(status: int, headers: Mapping[str, str], data: object, about: Circumstances) -> ForgeError:
    text = _message(data)
    words = text.lower()
    kind: type[ForgeError]
    too_many = "retry-after" in headers or headers.get(f"{LIMIT_HEADERS}remaining") == "0"
    match status:
        case 429:
            return limited(text, status, headers, LIMIT_HEADERS, about)
        case 403 if too_many or any(hint in words for hint in _LIMIT_WORDS):
            return limited(text, status, headers, LIMIT_HEADERS, about)
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
