"""When a decision is no longer about the issue as it is: who may read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from foreman.executor.freshness import NEWEST_NAMED, Own, interference, obstacle, seen_of
from foreman.model import Account, Comment, Issue, IssueRef, RepoRef, Role

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
PUBLIC = Issue(
    ref=IssueRef(RepoRef.parse("gitlab:acme/widget"), 7),
    id=700,
    title="It crashes",
    body="On start",
    author=Account(login="kim", id=11),
    role=Role.NONE,
    state="open",
    created_at=NOW,
    updated_at=NOW,
)
SECRET = replace(PUBLIC, confidential=True)
OF_OLD = {key: value for key, value in seen_of(PUBLIC, (), reruns=0).items() if key != "confidential"}
"""As the versions wrote it that knew of no confidential issue."""

OF_FIRST = {key: value for key, value in OF_OLD.items() if key != "is_pull_request"}


def _met(seen: dict[str, Any], issue: Issue, approved_at: datetime | None = None) -> tuple[str, bool] | None:
    found = obstacle(seen, issue, Own(), approved_at=approved_at)
    return None if found is None else (found.reason, found.rerun)


@pytest.mark.parametrize("approved_at", [None, NOW + timedelta(hours=1)], ids=["planned", "approved"])
def test_what_was_decided_in_public_is_not_done_in_confidence(approved_at: datetime | None) -> None:
    rerun = approved_at is None

    assert _met(seen_of(PUBLIC, (), reruns=0), SECRET, approved_at) == ("not_for_us", rerun)
    assert _met(OF_OLD, SECRET, approved_at) == ("not_for_us", rerun)
    assert _met(seen_of(SECRET, (), reruns=0), SECRET, approved_at) is None


def test_what_was_decided_in_confidence_is_not_done_in_public_but_by_a_person_who_knows() -> None:
    seen = seen_of(SECRET, (), reruns=0)

    assert _met(seen, PUBLIC) == ("stale", True)
    assert _met(seen, PUBLIC, NOW - timedelta(hours=1)) == ("stale", True)
    assert _met(seen, PUBLIC, NOW + timedelta(hours=1)) is None


def test_taking_back_works_on_an_issue_that_became_confidential() -> None:
    assert _met({"issue_id": PUBLIC.id, "by": "kim"}, SECRET) is None


def test_an_issue_that_turned_into_a_pull_request_is_left_alone() -> None:
    assert _met(seen_of(PUBLIC, (), reruns=0), replace(PUBLIC, is_pull_request=True)) == ("not_for_us", False)
    assert _met(OF_FIRST, replace(PUBLIC, is_pull_request=True)) == ("not_for_us", False)
    assert _met(seen_of(replace(PUBLIC, is_pull_request=True), (), reruns=0), PUBLIC) is None
    assert _met({"issue_id": PUBLIC.id, "by": "kim"}, replace(PUBLIC, is_pull_request=True)) is None


def _said(number: int, at: datetime = NOW) -> Comment:
    author = Account(login="kim", id=11)
    return Comment(id=number, author=author, role=Role.NONE, body="hm", created_at=at, updated_at=at)


@pytest.mark.parametrize(
    ("number", "at", "new"),
    [
        (99, NOW, True),
        (101, NOW, True),
        (100, NOW, False),
        (300, NOW + timedelta(seconds=1), True),
        (10, NOW - timedelta(days=1), False),
        (9, NOW - timedelta(days=2), False),
    ],
)
def test_a_comment_after_the_decision_stops_it_whatever_its_id(number: int, at: datetime, new: bool) -> None:
    before = [_said(10 + n, NOW - timedelta(days=1, minutes=-n)) for n in range(NEWEST_NAMED + 5)] + [_said(100)]
    seen = seen_of(PUBLIC, before, reruns=0)
    found = interference(seen, labels=(), comments=[*before, _said(number, at)], history=(), bot_id=1)

    assert (found is not None and found.detail == "kim commented") is new


def test_a_decision_of_the_first_release_goes_by_the_highest_id() -> None:
    seen = {"last_comment_id": 100}

    assert interference(seen, labels=(), comments=[_said(99)], history=(), bot_id=1) is None
    assert interference(seen, labels=(), comments=[_said(101)], history=(), bot_id=1) is not None
