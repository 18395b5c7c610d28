"""A field of the sandbox's that the forge was never seen to send like that is found."""

from __future__ import annotations

from typing import Any

import pytest

from foreman.forge.github_rows import IssueRow, UserRow
from tests.contract.shapes import kinder, types_of

_USER = {"login": "ann", "id": 7, "type": "User"}
_ISSUE: dict[str, Any] = {
    "id": 1,
    "number": 2,
    "title": "t",
    "body": None,
    "user": _USER,
    "author_association": "NONE",
    "state": "open",
    "state_reason": None,
    "locked": False,
    "labels": [{"name": "bug", "description": None, "url": "u"}],
    "assignees": [],
    "comments": 0,
    "created_at": "2026-01-02T03:04:05Z",
    "updated_at": "2026-01-02T03:04:05Z",
    "html_url": "h",
    "repository_url": "r",
}


def test_the_types_of_every_field_that_is_read_are_told() -> None:
    assert types_of(UserRow, [_USER | {"bio": 5}, {"login": None, "id": 7.5}]) == {
        "login": {"text", "null"},
        "id": {"a whole number", "a number"},
        "type": {"text", "absent"},
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "1"}, "id is text, where the forge has a whole number"),
        ({"locked": None}, "locked is null"),
        ({"created_at": "2026-01-02T03:04:05.123Z"}, "created_at is a time with 3 digits of a second"),
        ({"updated_at": "2026-01-02T03:04:05+00:00"}, "updated_at is a time with an offset"),
        ({"updated_at": "today"}, "updated_at is text, where the forge has a time"),
        ({"labels": ["bug"]}, "labels[] is text, where the forge has an object"),
        ({"labels": [{"name": "bug", "description": None}]}, "labels[].url is absent"),
        ({"user": _USER | {"id": True}}, "user.id is a truth value"),
        ({"user": {"login": "ann", "id": 7}}, "user.type is absent"),
    ],
)
def test_what_the_forge_never_says_is_named(change: dict[str, Any], words: str) -> None:
    found = list(kinder(types_of(IssueRow, [_ISSUE | change]), types_of(IssueRow, [_ISSUE])))

    assert len(found) == 1
    assert found[0].startswith(words)


def test_what_was_never_recorded_is_not_known_to_be_wrong() -> None:
    real = types_of(IssueRow, [_ISSUE])

    assert list(kinder(types_of(IssueRow, [_ISSUE | {"assignees": [_USER]}]), real)) == []
    assert list(kinder(types_of(IssueRow, [_ISSUE | {"state_reason": "completed"}]), real)) == []
