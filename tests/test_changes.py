from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreman.changes import Horizon, Needs, compare, lag, needs, same, settled, snapshot, stale
from foreman.changes.looks import MOST_REMEMBERED
from foreman.forge.base import Change, ChangeKind
from foreman.model import Account, Comment, EventKind, ForgeKind, Issue, IssueRef, RepoRef, Role
from foreman.store.issues import Snapshot

T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
BOT = Account(login="acme-bot", id=1)
REPORTER = Account(login="reporter", id=2)
PERSON = Account(login="maintainer", id=3)
CI = Account(login="ci", id=4, is_bot=True)
HORIZON = Horizon(opened_from=T0, since=T0)
SECOND = timedelta(seconds=1)


def issue(**values: object) -> Issue:
    plain = Issue(
        ref=IssueRef(RepoRef(ForgeKind.GITHUB, "acme/widget"), 7),
        id=700,
        title="It crashes",
        body="",
        author=REPORTER,
        role=Role.NONE,
        state="open",
        created_at=T0 - timedelta(days=9),
        updated_at=T0 - timedelta(days=9),
    )
    return replace(plain, **values)  # type: ignore[arg-type]


def comment(
    number: int,
    author: Account = REPORTER,
    at: datetime = T0 + SECOND,
    edited: datetime | None = None,
    body: str = "text",
) -> Comment:
    return Comment(id=number, author=author, role=Role.NONE, body=body, created_at=at, updated_at=edited or at)


def change(kind: ChangeKind, actor: Account | None = PERSON, label: str = "", entry: int = 1) -> Change:
    return Change(id=entry, kind=kind, actor=actor, at=T0 + SECOND, label=label)


def kinds(before: Snapshot | None, now: Issue, **evidence: object) -> list[str]:
    return [event.kind.value for event in compare(before, now, horizon=HORIZON, bot_id=BOT.id, **evidence)]  # type: ignore[arg-type]


THEN = T0 - timedelta(days=9)
OLD_NOW = issue(labels=("question",), comment_count=2)
OLD = snapshot(OLD_NOW, None, [comment(10, at=THEN), comment(11, at=THEN)])
FAR = OLD.heard_from
LATER = {"updated_at": T0 + SECOND, "labels": ("question",), "comment_count": 2}


@pytest.mark.parametrize(
    ("before", "now", "evidence", "expected"),
    [
        (None, issue(created_at=T0), {}, ["opened"]),
        (None, issue(created_at=T0 - SECOND), {}, []),
        (None, issue(created_at=T0, author=BOT), {}, []),
        (None, issue(created_at=T0, is_pull_request=True), {}, []),
        (None, issue(created_at=T0 + SECOND, is_pull_request=True), {}, ["pull_request.opened"]),
        (None, issue(created_at=T0 + SECOND, is_pull_request=True), {"wanted": (EventKind.OPENED,)}, []),
        (None, issue(created_at=T0 + SECOND, is_pull_request=True, author=BOT), {}, []),
        (None, issue(updated_at=T0, is_pull_request=True), {"comments": [comment(1)]}, []),
        (None, issue(updated_at=T0), {"comments": [comment(1)]}, ["commented"]),
        (None, issue(updated_at=T0), {"comments": [comment(1, at=T0 - SECOND)]}, []),
        (None, issue(updated_at=T0, state="closed"), {"history": [change(ChangeKind.CLOSED)]}, ["closed"]),
        (OLD, issue(**LATER), {}, []),
        (OLD, issue(**LATER | {"title": "It crashes!"}), {}, ["edited"]),
        (OLD, issue(**LATER | {"title": "x", "author": BOT}), {}, []),
        (OLD, issue(**LATER), {"comments": [comment(12)]}, ["commented"]),
        (OLD, issue(**LATER), {"comments": [comment(12), comment(13)]}, ["commented", "commented"]),
        (OLD, issue(**LATER), {"comments": [comment(12, BOT)]}, []),
        (OLD, issue(**LATER), {"comments": [comment(12, CI)]}, ["commented"]),
        (OLD, issue(**LATER), {"comments": [comment(12, CI)], "bots_count": False}, []),
        (OLD, issue(**LATER), {"comments": [comment(11, at=THEN)]}, []),
        (OLD, issue(**LATER), {"comments": [comment(11, at=THEN, edited=T0 + SECOND)]}, []),
        (OLD, issue(**LATER), {"comments": [comment(11, at=THEN, body="other")]}, ["commented"]),
        (OLD, issue(**LATER), {"comments": [comment(9, at=THEN)]}, ["commented"]),
        (OLD, issue(**LATER), {"comments": [comment(8, at=THEN - timedelta(days=1))]}, []),
        (OLD, issue(**LATER), {"comments": [comment(8, at=THEN - timedelta(days=1), edited=T0)]}, ["commented"]),
        (
            OLD,
            issue(**LATER),
            {
                "history": [
                    change(ChangeKind.UNLABELED, label="question"),
                    change(ChangeKind.LABELED, label="question", entry=2),
                ]
            },
            ["labeled"],
        ),
        (
            OLD,
            issue(**LATER),
            {
                "history": [
                    change(ChangeKind.LABELED, BOT, label="bug"),
                    change(ChangeKind.UNLABELED, label="bug", entry=2),
                ]
            },
            ["unlabeled"],
        ),
        (
            OLD,
            issue(**LATER),
            {"history": [change(ChangeKind.CLOSED), change(ChangeKind.REOPENED, BOT, entry=2)]},
            [],
        ),
        (OLD, issue(**LATER), {"history": [change(ChangeKind.LABELED, label="question")]}, []),
        (
            OLD,
            issue(**LATER | {"labels": ("bug", "ours", "question")}),
            {
                "history": [
                    change(ChangeKind.LABELED, label="bug"),
                    change(ChangeKind.LABELED, BOT, label="ours", entry=2),
                ]
            },
            ["labeled"],
        ),
        (
            None,
            issue(created_at=T0, updated_at=T0 + SECOND),
            {"history": [change(ChangeKind.TRANSFERRED)]},
            ["opened", "transferred"],
        ),
        (None, issue(updated_at=T0 + SECOND), {"history": [change(ChangeKind.TRANSFERRED)]}, ["transferred"]),
        (OLD, issue(**LATER), {"history": [change(ChangeKind.TRANSFERRED)]}, []),
        (
            OLD,
            issue(**LATER | {"labels": ("bug", "question")}),
            {"history": [change(ChangeKind.LABELED, label="bug")]},
            ["labeled"],
        ),
        (
            OLD,
            issue(**LATER | {"labels": ("bug", "question")}),
            {"history": [change(ChangeKind.LABELED, BOT, label="bug")]},
            [],
        ),
        (
            OLD,
            issue(**LATER | {"labels": ()}),
            {"history": [change(ChangeKind.UNLABELED, label="question")]},
            ["unlabeled"],
        ),
        (OLD, issue(**LATER | {"state": "closed"}), {"history": [change(ChangeKind.CLOSED, None)]}, ["closed"]),
        (OLD, issue(**LATER | {"state": "closed"}), {"history": [change(ChangeKind.CLOSED, BOT)]}, []),
        (OLD, issue(**LATER | {"state": "closed"}), {"history": [change(ChangeKind.CLOSED, CI)]}, ["closed"]),
        (
            OLD,
            issue(**LATER | {"state": "closed"}),
            {"history": [change(ChangeKind.CLOSED, CI)], "bots_count": False},
            [],
        ),
        (
            replace(OLD, state="closed"),
            issue(**LATER),
            {"history": [change(ChangeKind.REOPENED, entry=2), change(ChangeKind.CLOSED)]},
            ["reopened"],
        ),
        (
            OLD,
            issue(**LATER | {"labels": ("foreman:triage", "question")}),
            {"history": [change(ChangeKind.LABELED, label="foreman:triage")], "wanted": ()},
            ["requested"],
        ),
        (
            OLD,
            issue(**LATER | {"labels": ("foreman:triage", "question")}),
            {"history": [change(ChangeKind.LABELED, BOT, label="foreman:triage")]},
            [],
        ),
        (
            OLD,
            issue(**LATER | {"labels": ("foreman:triage", "question")}),
            {"history": [change(ChangeKind.LABELED, REPORTER, label="foreman:triage")]},
            [],
        ),
        (OLD, issue(**LATER | {"title": "x"}), {"wanted": (EventKind.COMMENTED,)}, []),
    ],
)
def test_what_happened(before: Snapshot | None, now: Issue, evidence: dict[str, object], expected: list[str]) -> None:
    assert kinds(before, now, **evidence) == expected


def test_events_come_in_the_order_they_happened() -> None:
    now = issue(**LATER | {"title": "x", "updated_at": T0 + timedelta(minutes=1)})
    found = compare(OLD, now, horizon=HORIZON, bot_id=BOT.id, comments=[comment(12)])

    assert [event.kind.value for event in found] == ["commented", "edited"]


def test_a_note_that_is_not_for_everybody_is_nobodys_event() -> None:
    said = comment(12)

    assert kinds(OLD, issue(**LATER), comments=[said]) == ["commented"]
    assert kinds(OLD, issue(**LATER), comments=[replace(said, body="", internal=True)]) == []


def test_a_label_the_history_does_not_show_yet_is_nobodys_event() -> None:
    assert kinds(OLD, issue(**LATER | {"labels": ("bug", "question")})) == []


@pytest.mark.parametrize(
    ("before", "now", "wanted", "expected"),
    [
        (OLD, OLD_NOW, EventKind, Needs()),
        (None, issue(created_at=T0), EventKind, Needs()),
        (None, issue(updated_at=T0 - SECOND, comment_count=5), EventKind, Needs()),
        (
            None,
            issue(updated_at=T0, comment_count=5),
            EventKind,
            Needs(comments=True, comments_since=T0, history=True),
        ),
        (None, issue(updated_at=T0), (EventKind.COMMENTED,), Needs(comments_since=T0)),
        (OLD, issue(**LATER | {"title": "x"}), EventKind, Needs(comments_since=FAR)),
        (OLD, issue(**LATER | {"comment_count": 3}), EventKind, Needs(comments=True, comments_since=FAR)),
        (OLD, issue(**LATER), EventKind, Needs(comments=True, comments_since=FAR, history=True)),
        (OLD, issue(**LATER), (EventKind.COMMENTED,), Needs(comments=True, comments_since=FAR)),
        (replace(OLD, settled=False), OLD_NOW, EventKind, Needs(comments=True, comments_since=FAR)),
        (None, issue(created_at=T0, updated_at=T0 + SECOND), EventKind, Needs(history=True)),
        (None, issue(created_at=T0, updated_at=T0 + SECOND), (EventKind.OPENED,), Needs()),
        (
            OLD,
            issue(**LATER | {"labels": (), "comment_count": 3}),
            EventKind,
            Needs(comments=True, comments_since=FAR, history=True),
        ),
        (OLD, issue(**LATER | {"labels": ()}), (EventKind.OPENED,), Needs(comments_since=FAR)),
        (
            OLD,
            issue(**LATER | {"labels": ("question", "foreman:triage")}),
            (EventKind.OPENED,),
            Needs(comments_since=FAR, history=True),
        ),
    ],
)
def test_nothing_is_read_that_nobody_waits_for(
    before: Snapshot | None, now: Issue, wanted: tuple[EventKind, ...], expected: Needs
) -> None:
    assert needs(before, now, horizon=HORIZON, wanted=tuple(wanted)) == expected


@given(
    st.lists(st.sampled_from(["edit", "close", "label"]), max_size=4),
    st.lists(st.integers(min_value=11, max_value=14), unique=True),
)
def test_the_same_happening_found_twice_has_the_same_key_and_another_one_another(
    acts: list[str], said: list[int]
) -> None:
    now = issue(
        **LATER
        | {
            "title": f"edited {acts.count('edit')} times",
            "state": "closed" if "close" in acts else "open",
            "labels": ("bug",) if "label" in acts else ("question",),
        }
    )
    history = [change(ChangeKind.CLOSED, entry=1), change(ChangeKind.LABELED, label="bug", entry=2)]
    first = compare(OLD, now, horizon=HORIZON, bot_id=1, comments=map(comment, said), history=history)
    second = compare(OLD, now, horizon=HORIZON, bot_id=1, comments=map(comment, reversed(said)), history=history)

    assert {event.key for event in first} == {event.key for event in second}
    assert len({event.key for event in first}) == len(first)


def test_edits_within_one_second_have_different_keys() -> None:
    (one,) = compare(OLD, issue(**LATER | {"body": "a"}), horizon=HORIZON, bot_id=1)
    (two,) = compare(OLD, issue(**LATER | {"body": "b"}), horizon=HORIZON, bot_id=1)

    assert one.key != two.key


def test_the_order_of_labels_is_no_change() -> None:
    before = snapshot(issue(labels=("a", "b")), None)

    assert same(before, issue(labels=("b", "a")))


def test_stale_is_told_once_per_period() -> None:
    def key(days: float) -> str | None:
        event = stale(issue(), last_human_at=T0, after=timedelta(days=30), now=T0 + timedelta(days=days))
        return event.key if event else None

    assert key(29.9) is None
    assert key(30) == key(59.9)
    assert key(60) not in (key(30), None)
    assert stale(issue(state="closed"), last_human_at=T0, after=timedelta(days=1), now=T0 + timedelta(days=9)) is None


@pytest.mark.parametrize(
    ("seconds", "comments", "looked_before", "expected"),
    [
        (0, 0, False, True),
        (0, 1, False, False),
        (2, 1, True, False),
        (3, 1, False, True),
        (-9, 1, False, False),
        (-9, 1, True, True),
    ],
)
def test_a_look_within_the_second_of_the_last_change_is_not_the_last_word_on_it(
    seconds: int, comments: int, looked_before: bool, expected: bool
) -> None:
    """A clock of ours that is behind the forge's, though it told the time, delays that word by one look only."""
    now = issue(updated_at=T0, comment_count=comments)
    before = snapshot(now, None, settled=False) if looked_before else None

    assert settled(now, before, T0 + timedelta(seconds=seconds)) is expected


def test_what_is_not_settled_is_looked_at_again_though_nothing_shows() -> None:
    seen = snapshot(OLD_NOW, None, [comment(10, at=THEN)], settled=False)

    assert not same(seen, OLD_NOW)
    assert same(snapshot(OLD_NOW, seen, [comment(10, at=THEN)]), OLD_NOW)


def test_of_very_many_comments_the_newest_are_known_one_by_one_and_the_others_by_their_time() -> None:
    many = [comment(n, at=T0 + timedelta(milliseconds=n)) for n in range(MOST_REMEMBERED + 50)]
    now = issue(updated_at=T0 + SECOND, comment_count=len(many))
    seen = snapshot(now, OLD, many)

    assert len(seen.heard) <= MOST_REMEMBERED + 1
    later = replace(now, updated_at=T0 + 2 * SECOND, comment_count=len(many) + 1)
    fresh = comment(7000, at=T0 + 2 * SECOND)
    assert compare(seen, later, horizon=HORIZON, bot_id=1, comments=many) == ()
    assert len(compare(seen, later, horizon=HORIZON, bot_id=1, comments=[*many, fresh])) == 1
    assert lag(seen, later, many)
    assert not lag(seen, later, [*many, fresh])


def test_fractions_of_a_second_tell_two_edits_of_one_text_apart() -> None:
    keys = set()
    for micros in (0, 1_000, 2_000):
        now = issue(**LATER | {"body": "a", "updated_at": T0 + timedelta(microseconds=micros)})
        (found,) = compare(OLD, now, horizon=HORIZON, bot_id=1)
        keys.add(found.key)

    assert len(keys) == 3
    assert any(":20261101T120000Z:" in key for key in keys), "whole seconds are written as ever"


def test_what_was_said_before_the_first_look_is_no_news_at_the_third_either() -> None:
    early, late, last = comment(1, at=T0 - SECOND), comment(2, at=T0 + SECOND), comment(3, at=T0 + 9 * SECOND)
    now = issue(updated_at=late.created_at, comment_count=2)
    asked = needs(None, now, horizon=HORIZON, wanted=tuple(EventKind))
    seen = snapshot(now, None, [late], since=asked.comments_since)
    then = issue(updated_at=last.created_at, comment_count=3)
    found = compare(seen, then, horizon=HORIZON, bot_id=1, comments=[early, late, last])

    assert [event.key.rpartition(":")[2] for event in found] == ["3"]
