"""What is known of an issue goes by the forge's own clock where the forge wrote the times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from foreman.forge.github import GitHubForge
from foreman.model import EventKind, IssueRef
from foreman.recall import Look, Recall
from foreman.store import issues
from tests.rig import BOT, REPO, WIDGET, Rig, rig


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("ours_is_ahead", "age", "counted"),
    [
        (90, timedelta(hours=23, minutes=59), 1),
        (90, timedelta(hours=24, minutes=1), 0),
        (-90, timedelta(hours=23, minutes=59), 1),
        (-90, timedelta(hours=24, minutes=1), 0),
        (0, timedelta(hours=23, minutes=59), 1),
        # A clock that is years ahead of the forge's must not free the bot of its limit,
        (60 * 24 * 900, timedelta(hours=1), 1),
        # and one that claims to be far behind frees it of three hours at the most.
        (-60 * 24 * 900, timedelta(hours=23), 1),
    ],
)
def test_the_comments_of_a_day_are_counted_by_the_forges_clock(
    ours_is_ahead: int, age: timedelta, counted: int, bench: Rig
) -> None:
    ref = bench.open()
    bench.clock.advance(timedelta(days=3).total_seconds())
    bench.sandbox.comment(REPO, ref.number, author=BOT, body="Thank you.", at=bench.clock() - age)

    def ours() -> object:
        return bench.clock() + timedelta(minutes=ours_is_ahead)

    with GitHubForge(
        token=lambda: bench.sandbox.token(BOT), api_url=bench.sandbox.url, write_interval_seconds=0, clock=ours
    ) as forge:
        recall = Recall(db=bench.db, reader=forge, bot=bench.bot, marker_secret=bench.secret, now=ours)
        facts = recall.look(ref, event=EventKind.OPENED).facts

    assert facts.our_comments_today == counted


def _look(bench: Rig, ref: IssueRef, event: EventKind = EventKind.OPENED) -> tuple[Look, bool]:
    """Look, and tell whether the comments were asked for."""
    bench.sandbox.clear_ledger()
    recall = Recall(db=bench.db, reader=bench.forge, bot=bench.bot, marker_secret=bench.secret, now=bench.clock)
    look = recall.look(ref, event=event)
    return look, any(entry.path.endswith("/comments") for entry in bench.sandbox.ledger)


def test_comments_are_not_asked_for_where_there_are_none(bench: Rig) -> None:
    ref = bench.open()
    bench.poller().poll(WIDGET)

    look, asked = _look(bench, ref)

    assert look.comments == ()
    assert look.facts.our_comments_today == 0
    assert not asked


def test_comments_are_asked_for_where_somebody_said_something(bench: Rig) -> None:
    ref = bench.open()
    bench.sandbox.comment(REPO, ref.number, author="reporter", body="More of it.")

    look, asked = _look(bench, ref)

    assert asked
    assert [said.body for said in look.comments or ()] == ["More of it."]


def test_a_count_of_none_is_not_believed_after_we_wrote_something(bench: Rig) -> None:
    ref = bench.open()
    bench.decide(ref, ("add_comment", {"body": "Thank you."}))

    assert _look(bench, ref)[1]


def test_a_count_of_none_is_not_believed_of_what_was_heard_before(bench: Rig) -> None:
    ref = bench.open()
    bench.poller().poll(WIDGET)
    with bench.db.transaction() as connection:
        known = issues.get(connection, ref)
        assert known is not None
        issues.save(connection, replace(known, comment_count=1))

    assert _look(bench, ref)[1]


def test_a_count_of_none_is_not_believed_when_a_comment_was_the_event(bench: Rig) -> None:
    assert _look(bench, bench.open(), EventKind.COMMENTED)[1]
