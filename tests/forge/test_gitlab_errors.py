"""What GitLab's refusals mean, its many ways to say why, and limits that may come without a date."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from gitlab.exceptions import GitlabAuthenticationError, GitlabHttpError, GitlabParsingError

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
from foreman.forge.gitlab_errors import forge_error, translated
from foreman.forge.trouble import Circumstances
from foreman.forge.wire import WireReply

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ABOUT = Circumstances(operation="add label", repo="gitlab:acme/widget", now=NOW)


def _error(status: int, body: Any, headers: dict[str, str] | None = None) -> ForgeError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = GitlabAuthenticationError if status == 401 else GitlabHttpError
    last = WireReply(status=status, headers=headers or {}, text=raw.decode(errors="replace"))
    return forge_error(kind("", status, raw), ABOUT, last)


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (400, {"message": {"title": ["can't be blank"]}}, ForgeRejected, "title can't be blank"),
        (400, {"error": "state_event does not have a valid value"}, ForgeRejected, "state_event does not"),
        (400, {"message": {"error": "Spam detected"}}, ForgeRejected, "error Spam detected"),
        (401, {"message": "401 Unauthorized"}, ForgeAuthError, "401 Unauthorized"),
        (401, {"error": "invalid_token", "error_description": "Token was revoked."}, ForgeAuthError, "was revoked"),
        (403, {"message": "403 Forbidden"}, ForgeAuthError, "403 Forbidden"),
        (403, {"error": "insufficient_scope", "scope": "api"}, ForgeAuthError, "insufficient_scope"),
        (403, {"message": "403 Forbidden - The discussion is locked"}, ForgeLocked, "locked"),
        (403, {"message": "403 Forbidden - Project is archived"}, ForgeRejected, "archived"),
        (403, b"<html>challenge</html>", ForgeAuthError, "HTTP 403"),
        (404, {"message": "404 Project Not Found"}, ForgeNotFound, "404 Project Not Found"),
        (405, {"message": "Non GET methods are not allowed for moved projects"}, ForgeMoved, "moved projects"),
        (405, {"message": "405 Method Not Allowed"}, ForgeRejected, "405"),
        (408, b"", ForgeUnavailable, "HTTP 408"),
        (409, {"message": "409 Conflict: Resource lock"}, ForgeUnavailable, "409 Conflict: Resource lock"),
        (409, {"message": ["one", "two"]}, ForgeRejected, "one, two"),
        (410, {"message": "410 Gone"}, ForgeGone, "410"),
        (412, {"message": "412 Precondition Failed"}, ForgeRejected, "412"),
        (422, [1], ForgeRejected, "HTTP 422"),
        (429, b"Retry later\n", ForgeRateLimited, "Retry later"),
        (
            429,
            {"message": {"error": "This endpoint has been requested too many times."}},
            ForgeRateLimited,
            "too many",
        ),
        (500, {"message": "500 Internal Server Error"}, ForgeUnavailable, "500"),
        (502, b"<html>GitLab is not responding</html>", ForgeUnavailable, "HTTP 502"),
        (520, b"\xff", ForgeUnavailable, ""),
    ],
)
def test_a_status_means_what_the_port_says(status: int, body: Any, kind: type[ForgeError], text: str) -> None:
    error = _error(status, body)

    assert type(error) is kind
    assert error.status == status
    assert text in str(error)
    assert error.transient is issubclass(kind, ForgeRateLimited | ForgeUnavailable)


def test_the_forges_own_words_are_kept_short_and_on_one_line() -> None:
    text = str(_error(400, {"message": {"body": ["is\ntoo long"] * 9, "title": "x" * 999}}))

    assert text.startswith("add label gitlab:acme/widget: body is too long, is too long, is too long; title xxx")
    assert len(text) < 360


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, timedelta(seconds=7)),
        ({"ratelimit-remaining": "0", "ratelimit-reset": f"{NOW.timestamp() + 42:.0f}"}, timedelta(seconds=42)),
        # Limits of single endpoints say neither; what the general one has left does not matter then.
        ({"ratelimit-remaining": "595", "ratelimit-reset": "1772366460"}, timedelta(minutes=1)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1772366490"}, timedelta(minutes=1)),
        ({}, timedelta(minutes=1)),
    ],
)  # fmt: skip
def test_a_limit_ends_when_gitlab_says_or_after_a_while(headers: dict[str, str], wait: timedelta) -> None:
    assert _error(429, b"Retry later\n", headers).retry_at == NOW + wait


def test_headers_of_another_reply_are_not_believed() -> None:
    with (
        pytest.raises(ForgeRateLimited) as raised,
        translated(ABOUT, lambda: WireReply(status=200, headers={"retry-after": "9"}, text="")),
    ):
        raise GitlabHttpError("", 429, b"")

    assert raised.value.retry_at == NOW + timedelta(minutes=1)


def test_what_the_library_cannot_read_is_no_answer() -> None:
    error = forge_error(GitlabParsingError("Failed to parse the server message"), ABOUT)

    assert isinstance(error, ForgeUnavailable)
    assert error.sent
