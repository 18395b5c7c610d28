"""Every foreign error has a meaning, and limits are reckoned in GitHub's order."""

from __future__ import annotations

import inspect
import json
import socket
import ssl
from datetime import UTC, datetime, timedelta

import github
import pytest
import requests
import urllib3

from foreman.errors import (
    ForgeAuthError,
    ForgeError,
    ForgeGone,
    ForgeLocked,
    ForgeNotFound,
    ForgeRateLimited,
    ForgeRejected,
    ForgeUnavailable,
)
from foreman.forge.github_errors import FOREIGN, LIMIT_HEADERS, forge_error, translated
from foreman.forge.meter import LONGEST_UNDATED_WAIT, LONGEST_WAIT, retry_at
from foreman.forge.trouble import Circumstances

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ABOUT = Circumstances(operation="add label", repo="acme/widget", now=NOW)


def _exceptions_of(*modules: object) -> list[type[BaseException]]:
    found = {
        item
        for module in modules
        for item in vars(module).values()
        if inspect.isclass(item) and issubclass(item, BaseException) and not item.__module__.startswith("builtins")
    }
    return sorted(found, key=lambda item: (item.__module__, item.__name__))


@pytest.mark.parametrize(
    "kind",
    [
        *_exceptions_of(github, github.GithubException, requests.exceptions, urllib3.exceptions),
        socket.gaierror,
        TimeoutError,
        ConnectionResetError,
        ssl.SSLError,
        json.JSONDecodeError,
        UnicodeDecodeError,
        RecursionError,
        OverflowError,
    ],
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_every_foreign_exception_becomes_a_forge_error(kind: type[BaseException]) -> None:
    error = kind.__new__(kind)
    if isinstance(error, github.GithubException):
        error.__init__(500, {}, {})  # type: ignore[misc]

    assert issubclass(kind, FOREIGN)
    with pytest.raises(ForgeError) as raised, translated(ABOUT):
        raise error
    assert raised.value.__cause__ is error
    assert raised.value.repo == "acme/widget"


def test_an_error_of_ours_passes_unchanged_and_a_bug_is_not_hidden() -> None:
    ours = ForgeLocked("locked")

    with pytest.raises(ForgeLocked) as raised, translated(ABOUT):
        raise ours
    assert raised.value is ours
    with pytest.raises(AttributeError), translated(ABOUT):
        raise AttributeError


@pytest.mark.parametrize(
    ("status", "message", "headers", "kind"),
    [
        (400, "Problems parsing JSON", {}, ForgeRejected),
        (401, "Bad credentials", {}, ForgeAuthError),
        (403, "Resource not accessible by personal access token", {}, ForgeAuthError),
        (403, "Must have admin rights to Repository.", {"x-ratelimit-remaining": "4999"}, ForgeAuthError),
        (403, "Unable to create comment because issue is locked.", {}, ForgeLocked),
        (403, "Repository was archived so is read-only.", {}, ForgeRejected),
        (403, "", {"retry-after": "7"}, ForgeRateLimited),
        (403, "API rate limit exceeded for user ID 1.", {"x-ratelimit-remaining": "0"}, ForgeRateLimited),
        (403, "You have exceeded a secondary rate limit.", {}, ForgeRateLimited),
        (403, "You have triggered an abuse detection mechanism.", {}, ForgeRateLimited),
        (404, "Not Found", {}, ForgeNotFound),
        (408, "", {}, ForgeUnavailable),
        (409, "Conflict", {}, ForgeRejected),
        (410, "This issue was deleted", {}, ForgeGone),
        (410, "Issues has been disabled in this repository.", {}, ForgeRejected),
        (422, "Validation Failed", {}, ForgeRejected),
        (429, "", {}, ForgeRateLimited),
        (451, "Repository access blocked", {}, ForgeRejected),
        (500, "", {}, ForgeUnavailable),
        (502, "Server Error", {}, ForgeUnavailable),
        (503, "", {"retry-after": "5"}, ForgeUnavailable),
    ],
)
def test_a_status_means_what_the_port_says(
    status: int, message: str, headers: dict[str, str], kind: type[ForgeError]
) -> None:
    error = forge_error(github.GithubException(status, {"message": message}, headers), ABOUT)

    assert type(error) is kind
    assert error.status == status
    assert error.transient is issubclass(kind, ForgeRateLimited | ForgeUnavailable)
    if isinstance(error, ForgeUnavailable):
        assert error.sent


def test_the_forges_own_words_are_kept_short_and_on_one_line() -> None:
    data = {"message": "Validation\nFailed", "errors": [{"field": "body", "code": "too_long"}, "and so on" * 99]}

    text = str(forge_error(github.GithubException(422, data, {}), ABOUT))

    assert text.startswith("add label acme/widget: Validation Failed; body too_long; and so on")
    assert len(text) < 350


_RESET = NOW + timedelta(minutes=20)
_USED_UP = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(_RESET.timestamp()))}


@pytest.mark.parametrize(
    ("headers", "strikes", "wait"),
    [
        ({"retry-after": "7"}, 0, timedelta(seconds=7)),
        ({"retry-after": "7", **_USED_UP}, 3, timedelta(seconds=7)),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"}, 0, timedelta(seconds=30)),
        ({"retry-after": "99999999999"}, 0, LONGEST_WAIT),
        (_USED_UP, 0, timedelta(minutes=20)),
        ({**_USED_UP, "x-ratelimit-remaining": "12"}, 0, timedelta(minutes=1)),
        ({**_USED_UP, "x-ratelimit-reset": "99999999999"}, 0, LONGEST_WAIT),
        # A reset in the past means that one of the clocks is wrong: asking at once would only anger the forge.
        ({**_USED_UP, "x-ratelimit-reset": "12"}, 0, timedelta(minutes=1)),
        ({"retry-after": "soon", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "later"}, 0, timedelta(minutes=1)),
        ({}, 0, timedelta(minutes=1)),
        ({}, 1, timedelta(minutes=2)),
        ({}, 3, timedelta(minutes=8)),
        ({}, 99, LONGEST_UNDATED_WAIT),
    ],
)
def test_a_limit_ends_when_github_documents_it(headers: dict[str, str], strikes: int, wait: timedelta) -> None:
    assert retry_at(headers, LIMIT_HEADERS, now=NOW, strikes=strikes) == NOW + wait
