"""Which of the comments that a poll has read order something."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from foreman.changes import Horizon, snapshot
from foreman.model import Account, Comment, Issue, IssueRef, Role
from foreman.poller.ordered import news, ordered

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
BOT = Account(login="acme-bot", id=7)
KIM = Account(login="kim", id=8)
LOOSE = Horizon(opened_from=None, since=None)


def issue(key: str = "a/b#1", **fields: Any) -> Issue:
    known = {
        "id": 1,
        "title": "",
        "body": "",
        "author": Account(login="ann", id=9),
        "role": Role.NONE,
        "state": "open",
    }
    return Issue(ref=IssueRef.parse(key), **known | {"created_at": AT, "updated_at": AT} | fields)


def said(body: str = "@acme-bot undo", *, after: float = 60, **fields: Any) -> Comment:
    at = AT + timedelta(seconds=after)
    known = {"id": 100 + int(after), "author": KIM, "role": Role.MEMBER, "created_at": at, "updated_at": at}
    return Comment(body=body, **known | fields)


@pytest.mark.parametrize(
    ("comment", "here", "heard"),
    [
        (said(), issue(), True),
        (said("nothing for us"), issue(), False),
        (said(internal=True), issue(), False),
        (said(author=BOT), issue(), False),
        (said(author=Account(login="helper", id=5, is_bot=True)), issue(), False),
        (said(author=Account(login="ghost", id=0)), issue(), False),
        (said(), issue(author=BOT), False),
        (said(), issue(is_pull_request=True), False),
    ],
)
def test_people_order_something_on_issues(comment: Comment, here: Issue, heard: bool) -> None:
    assert bool(ordered(None, here, [comment], horizon=LOOSE, bot=BOT, redact=str)) is heard


@pytest.mark.parametrize(
    ("key", "after", "heard"),
    [("a/b#1", 0, False), ("a/b#1", 1, True), ("gitlab:a/b#1", 60, False), ("gitlab:a/b#1", 70, True)],
)
def test_the_newest_thing_at_a_look_that_read_no_comments_is_old(key: str, after: float, heard: bool) -> None:
    first = Horizon(opened_from=AT, since=AT - timedelta(minutes=15))
    seen = snapshot(issue(key, comment_count=1), None)
    comment = said(after=after)

    assert bool(ordered(None, issue(key), [comment], horizon=first, bot=BOT, redact=str)) is heard
    assert bool(ordered(seen, issue(key), [comment], horizon=first, bot=BOT, redact=str)) is heard


def test_what_nobody_listened_to_for_long_orders_nothing_later() -> None:
    seen = replace(snapshot(issue(), None), updated_at=AT + timedelta(days=30))

    assert ordered(seen, issue(), [said()], horizon=LOOSE, bot=BOT, redact=str) == ()


def test_a_reason_is_kept_without_secrets_and_orders_come_in_their_order() -> None:
    late, early = said("@acme-bot reject 12345678 because hunter2", after=90), said("@acme-bot why\nwell", after=30)
    found = ordered(
        None, issue(), [late, early], horizon=LOOSE, bot=BOT, redact=lambda text: text.replace("hunter2", "***")
    )

    assert [(one.lines[0]["verb"], one.lines[0]["because"], one.quiet) for one in found] == [
        ("why", "", False),
        ("reject", "***", True),
    ]
    assert news([late, early], bot=BOT) == [early]
