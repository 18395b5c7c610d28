"""What GitLab's refusals mean, in Foreman's words. Nothing is retried or waited for here.

GitLab answers 404 for what was deleted and for what may not be seen, and a bare `403 Forbidden` for too weak a token,
a locked discussion and an archived project alike: `gitlab_writer` looks which it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from gitlab.config import ConfigError
from gitlab.exceptions import GitlabError

from foreman.errors import (
    ForgeAuthError,
    ForgeError,
    ForgeGone,
    ForgeLocked,
    ForgeMoved,
    ForgeNotFound,
    ForgeRejected,
    ForgeUnavailable,
)
from foreman.forge import trouble
from foreman.forge.trouble import Circumstances, limited, wire_error
from foreman.forge.wire import WireReply

LIMIT_HEADERS = "ratelimit-"
"""What the names of the three headers about the quota begin with."""

FOREIGN = (GitlabError, ConfigError, *trouble.FOREIGN)
"""What may come out of python-gitlab and all that is below it."""

_NOTHING = WireReply(status=0, headers={}, text="")


def translated(about: Circumstances, last: Callable[[], WireReply] = lambda: _NOTHING) -> AbstractContextManager[None]:
    """Turn foreign errors inside the block into `ForgeError`s.

    Args:
        about: What is being asked for.
        last: Returns the reply behind python-gitlab's error, for what the error leaves out.

    Returns:
        The block's manager.
    """
    return trouble.translated(about, FOREIGN, lambda error, known: forge_error(error, known, last()))


def forge_error(error: BaseException, about: Circumstances, last: WireReply = _NOTHING) -> ForgeError:
    """Say what a foreign error means.

    Args:
        error: One of `FOREIGN`.
        about: What was asked for.
        last: The reply behind it.

    Returns:
        The error to raise.
    """
    if isinstance(error, GitlabError) and error.response_code:
        headers = last.headers if last.status == error.response_code else {}
        return _refusal(error.response_code, headers, error.response_body or b"", about)
    return wire_error(error, about)


def _refusal(status: int, headers: Mapping[str, str], body: bytes | str, about: Circumstances) -> ForgeError:
    text = _message(body)
    words = text.lower()
    kind: type[ForgeError]
    match status:
        case 429 | 403 if status == 429 or "retry-after" in headers:  # what stands before a GitLab may say 403
            return limited(text, status, headers, LIMIT_HEADERS, about)
        case 403 if "locked" in words:
            kind = ForgeLocked
        case 403 if "archived" in words or "read-only" in words:
            kind = ForgeRejected
        case 401 | 403:
            kind = ForgeAuthError
        case 404:
            kind = ForgeNotFound
        case 405 if "moved project" in words:
            kind = ForgeMoved
        case 409 if "resource lock" in words:  # a row in GitLab's database was busy (its lib/api/api.rb): passes
            kind = ForgeUnavailable
        case 410:
            kind = ForgeGone
        case _ if 400 <= status < 500 and status != 408:
            kind = ForgeRejected
        case _:
            kind = ForgeUnavailable
    return kind(text or f"HTTP {status}", repo=about.repo, operation=about.operation, status=status)


def _message(body: bytes | str) -> str:
    """Return the forge's own words, short and on one line; of a page for people, none."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    try:
        data = json.loads(text)
    except ValueError:
        return "" if "<" in text else _line(text)
    if not isinstance(data, dict):
        return ""
    words = [_words(data.get(key)) for key in ("message", "error", "error_description")]
    return _line("; ".join(dict.fromkeys(word for word in words if word)))


def _words(said: object) -> str:
    """Read a sentence, a list of them, or a mapping from the field that is wrong to what is wrong with it."""
    match said:
        case dict():
            return "; ".join(f"{field} {_words(what)}" for field, what in list(said.items())[:3])
        case list():
            return ", ".join(str(item) for item in said[:3])
        case None:
            return ""
    return str(said)


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
