"""Between two polls of an account nobody is asked anything, not even the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from foreman.config.effective import RepoPattern
from foreman.model import ForgeKind, RepoRef
from foreman.poller import Discovery, Lull
from foreman.store import polls
from foreman.store.database import Database
from foreman.store.polls import PollState
from tests.rig import WIDGET, Rig

LATER = RepoRef(ForgeKind.GITHUB, "acme/later")


class Round:
    """An account's way of looking, without a forge."""

    def __init__(self, bench: Rig) -> None:
        self.bench = bench
        self.repos: list[RepoRef] = [WIDGET]
        self.patterns: list[RepoPattern] = []
        self.reading = False
        self.lull = Lull(
            db=bench.db,
            repos=lambda: tuple(self.repos),
            now=bench.clock,
            discovery=Discovery(
                db=bench.db,
                reader=bench.forge,
                patterns=lambda: self.patterns,
                changed=lambda: None,
                now=bench.clock,
            ),
            reading=lambda: self.reading,
        )

    def poll(self, repo: RepoRef = WIDGET, *, again_in: float = 60) -> None:
        """Note a look."""
        self.lull.begin()
        save(self.bench.db, repo, self.bench, again_in)


def save(db: Database, repo: RepoRef, bench: Rig, again_in: float) -> None:
    with db.transaction() as connection:
        due = bench.clock() + timedelta(seconds=again_in)
        polls.save(connection, PollState(repo=repo, next_poll_at=due))


@pytest.fixture
def around(bench: Rig) -> Iterator[Round]:
    yield Round(bench)


def test_it_lasts_from_one_look_to_the_next(around: Round) -> None:
    assert around.lull.over()
    around.poll()
    assert not around.lull.over()
    around.bench.clock.advance(59)
    assert not around.lull.over()
    around.bench.clock.advance(2)

    assert around.lull.over()


def test_without_repositories_it_never_ends(around: Round) -> None:
    around.repos = []
    around.bench.clock.advance(10**6)

    assert not around.lull.over()


def test_a_repository_that_is_new_ends_it(around: Round) -> None:
    around.poll()
    assert not around.lull.over()
    around.repos.append(LATER)

    assert around.lull.over()


def test_a_pattern_that_is_new_ends_it(around: Round) -> None:
    around.poll()
    assert not around.lull.over()
    around.patterns.append(RepoPattern(forge=ForgeKind.GITHUB, owner="acme"))

    assert around.lull.over()


def test_a_look_that_somebody_brings_forward_ends_it(around: Round) -> None:
    around.poll(again_in=3600)
    assert not around.lull.over()
    with closing(Database.open(around.bench.db.path)) as other:
        save(other, WIDGET, around.bench, 0)

    assert around.lull.over()


def test_what_is_read_at_leisure_ends_it(around: Round) -> None:
    around.poll()
    assert not around.lull.over()
    around.reading = True

    assert around.lull.over()
