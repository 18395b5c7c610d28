"""What is known of an issue goes by the forge's own clock where the forge wrote the times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from foreman.forge.github import GitHubForge
from foreman.model import EventKind
from foreman.recall import Recall
from tests.rig import BOT, REPO, Rig, rig


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
