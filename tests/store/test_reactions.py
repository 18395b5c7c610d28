"""What people think of our comments: kept once, and told as a correction where it is against us."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from foreman.model import Account, ActionState, IssueRef, Outcome, Reaction, ReactionKind, RepoRef
from foreman.store import actions, corrections, memory, reactions
from tests.store.conftest import NOW

ISSUE = IssueRef.parse("o/r#1")
BOT = Account(login="foreman-bot", id=1)
KIM = Account(login="kim", id=2)
DAY = timedelta(days=1)


def thumb(number: int, author: Account = KIM, kind: ReactionKind = ReactionKind.THUMBS_DOWN) -> Reaction:
    return Reaction(id=number, author=author, kind=kind, at=NOW)


@pytest.fixture
def said(connection: Connection, fill, now) -> int:
    """A comment of ours; returns its action."""
    (action,) = fill.decide(connection, ("comment", {"body": "hi"}))
    actions.mark_sent(connection, action.id, now=now)
    actions.settle(connection, action.id, Outcome(state=ActionState.DONE, undo={"comment_id": 77}), now=now)
    return action.id


def told(connection: Connection) -> list[tuple[str, str, str]]:
    return [(one.kind, one.by, one.value) for one in corrections.of_issue(connection, ISSUE)]


def test_a_thumbs_down_and_its_withdrawal_are_corrections_once_each(connection: Connection, said: int, now) -> None:
    def see(*found: Reaction, later: timedelta = DAY) -> int:
        return reactions.note(connection, ISSUE, 77, found, bot=BOT, now=now + later)

    assert [see(thumb(5)), see(thumb(5)), see(), see(), see(thumb(5)), see(thumb(6))] == [1, 0, 1, 0, 0, 2]
    assert told(connection) == [
        ("thumbs_down", "kim", "2026-11-01"),
        ("thumbs_down_withdrawn", "kim", "2026-11-01"),
        ("thumbs_down", "kim", "2026-11-01"),
        ("thumbs_down_withdrawn", "kim", "2026-11-01"),
    ]
    assert {one.action_id for one in corrections.of_issue(connection, ISSUE)} == {said}
    assert "kim gave a thumbs-down to our comment of 2026-11-01." in memory.refresh(connection, ISSUE, now=now)
    assert "kim took back a thumbs-down to our comment of 2026-11-01." in memory.summary(connection, ISSUE)


@pytest.mark.parametrize(
    "reaction",
    [
        thumb(5, Account(login="ci", id=3, is_bot=True)),
        thumb(5, BOT),
        thumb(5, Account(login="ghost", id=0)),
        thumb(5, kind=ReactionKind.THUMBS_UP),
        thumb(5, kind=ReactionKind.OTHER),
    ],
)
def test_what_is_no_persons_thumbs_down_corrects_nothing(connection: Connection, reaction: Reaction, now) -> None:
    assert reactions.note(connection, ISSUE, 77, [reaction], bot=BOT, now=now) == 0
    assert reactions.note(connection, ISSUE, 77, [], bot=BOT, now=now + DAY) == 0
    (kept,) = reactions.of_issue(connection, ISSUE)
    assert (kept.reaction, kept.comment_id, kept.seen_at, kept.gone_at) == (reaction, 77, now, now + DAY)
    assert told(connection) == []


def test_thumbs_are_counted_per_comment_while_they_stand(connection: Connection, now) -> None:
    up, other = ReactionKind.THUMBS_UP, ReactionKind.OTHER
    reactions.note(connection, ISSUE, 77, [thumb(1), thumb(2, kind=up), thumb(3, kind=other)], bot=BOT, now=now)
    reactions.note(connection, ISSUE, 78, [thumb(4, kind=up), thumb(5, kind=up)], bot=BOT, now=now)
    reactions.note(connection, ISSUE, 79, [thumb(6, kind=up)], bot=BOT, now=now)
    reactions.note(connection, ISSUE, 79, [], bot=BOT, now=now)

    assert reactions.thumbs(connection, ISSUE) == {77: (1, 1), 78: (2, 0)}
    assert [one.reaction.id for one in reactions.of_comment(connection, ISSUE, 77)] == [1, 2, 3]


def test_the_last_comment_of_each_issue_is_asked_about_while_it_is_young(connection: Connection, fill, now) -> None:
    def comment(issue: str, comment_id: int, age: int) -> None:
        (action,) = fill.decide(connection, ("comment", {"body": "hi"}), issue=issue, at=now - age * DAY)
        actions.mark_sent(connection, action.id, now=now - age * DAY)
        done = Outcome(state=ActionState.DONE, undo={"comment_id": comment_id})
        actions.settle(connection, action.id, done, now=now - age * DAY)

    for issue, comment_id, age in (("o/r#1", 10, 5), ("o/r#1", 11, 3), ("o/r#2", 12, 4), ("o/r#3", 13, 20)):
        comment(issue, comment_id, age)
    comment("o/x#1", 14, 1)
    fill.decide(connection, ("comment", {"body": "not yet"}), issue="o/r#4")

    def ours(limit: int) -> list[tuple[str, int]]:
        found = reactions.comments_of_ours(connection, RepoRef.parse("o/r"), since=now - 14 * DAY, limit=limit)
        return [(str(issue), comment_id) for issue, comment_id in found]

    assert ours(9) == [("o/r#1", 11), ("o/r#2", 12)]
    assert ours(1) == [("o/r#1", 11)]
