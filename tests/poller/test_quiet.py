"""A repository where nothing happens, and an account whose quota runs low."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from foreman.model import ForgeKind, RepoRef
from foreman.poller import Poller
from foreman.poller.pace import MOST_STRETCH
from foreman.router import route
from foreman.store import polls, quotas
from foreman.store.polls import PollState
from tests.rig import REPO, WIDGET, Rig, plan


def state_of(bench: Rig, repo: RepoRef = WIDGET) -> PollState:
    with bench.db.read() as connection:
        found = polls.get(connection, repo)
    assert found is not None
    return found


def wait_of(bench: Rig, repo: RepoRef = WIDGET) -> float:
    state = state_of(bench, repo)
    assert state.next_poll_at is not None
    assert state.last_poll_at is not None
    return (state.next_poll_at - state.last_poll_at).total_seconds()


@pytest.fixture
def watch(bench: Rig) -> Poller:
    bench.open("the only one")
    bench.clock.advance(60)
    made = bench.poller()
    made.poll(WIDGET)
    return made


def test_a_quiet_repository_is_looked_at_less_often_until_its_next_news(bench: Rig, watch: Poller) -> None:
    waits = []
    for _ in range(9):
        watch.poll(WIDGET)
        waits.append(state_of(bench).interval_seconds)
        bench.clock.advance(86_400)
    bench.open("news")
    watch.poll(WIDGET)

    assert waits == [60, pytest.approx(60, abs=1), *(pytest.approx(60 + 40 * n, abs=1) for n in range(1, 6)), 300, 300]
    assert state_of(bench).interval_seconds == 60
    assert wait_of(bench) == pytest.approx(57)


def test_a_restart_forgets_nothing_of_it(bench: Rig, watch: Poller) -> None:
    bench.clock.advance(30 * 86_400)
    watch.poll(WIDGET)
    bench.poller().poll(WIDGET)

    assert state_of(bench).interval_seconds == 300


def test_a_repository_that_was_quiet_when_first_seen_is_looked_at_less_often_at_once(bench: Rig) -> None:
    bench.open("long ago")
    bench.clock.advance(30 * 86_400)
    bench.poller().poll(WIDGET)

    assert state_of(bench).interval_seconds == 300


def test_a_forge_that_never_says_that_nothing_changed_is_read_for_one_request_all_the_same(
    bench: Rig, watch: Poller
) -> None:
    """Without an ETag every answer is 200, with the whole page."""
    reports = []
    for _ in range(3):
        watch.poll(WIDGET)
        with bench.db.transaction() as connection:
            polls.save(connection, replace(state_of(bench), etag=""))
        bench.clock.advance(600)
        bench.sandbox.clear_ledger()
        reports.append(watch.poll(WIDGET))
        assert [entry.status for entry in bench.sandbox.ledger] == [200]
    bench.clock.advance(30 * 86_400)
    watch.poll(WIDGET)

    assert [(report.requests, report.new_events, report.not_modified) for report in reports] == [(1, 0, False)] * 3
    assert state_of(bench).interval_seconds == 300


def test_an_empty_repository_counts_as_fresh(bench: Rig) -> None:
    bench.poller().poll(WIDGET)

    assert state_of(bench).interval_seconds == 60


@pytest.fixture
def many(bench: Rig) -> Iterator[list[RepoRef]]:
    repos = []
    for number in range(40):
        path = f"many/n{number:02}"
        bench.sandbox.add_repo(path)
        repos.append(RepoRef(ForgeKind.GITHUB, path))
        bench.plans[repos[-1]] = plan(repo=repos[-1])
    yield repos


def test_many_that_are_due_together_are_spread_over_the_interval_from_then_on(bench: Rig, many: list[RepoRef]) -> None:
    """At the first start and after each restart, when every one of them is due."""
    numbers = itertools.count()
    for _ in range(2):
        bench.clock.advance(3600)
        watch = Poller(
            db=bench.db,
            reader=bench.forge,
            bot=bench.bot,
            plan=bench.plans.get,
            route=route,
            redact=str,
            now=bench.clock,
            jitter=lambda: next(numbers) % 40 / 40,
        )
        for repo in many:
            watch.poll(repo)
        waits = sorted(wait_of(bench, repo) for repo in many)

        assert waits == pytest.approx([60 / 40 * n for n in range(40)])


def test_everything_is_looked_at_less_often_while_the_quota_is_low(bench: Rig, watch: Poller) -> None:
    bench.sandbox.rate_limit(40_000, bench.clock() + timedelta(minutes=40))
    bench.open("news")
    watch.poll(WIDGET)
    bench.clock.advance(31)
    watch.poll(WIDGET)
    interval = state_of(bench).interval_seconds
    assert interval is not None
    with bench.db.read() as connection:
        [told] = quotas.all(connection)

    assert 1 < told.stretch <= MOST_STRETCH
    assert 60 < interval <= 900
    assert told.scope == "account:github"
    assert told.remaining < 40_000 < told.limit
    assert told.reset_at - bench.clock() < timedelta(minutes=40)

    bench.clock.advance(3600)
    watch.poll(WIDGET)
    watch.poll(WIDGET)
    assert state_of(bench).interval_seconds == 60
    assert wait_of(bench) == pytest.approx(57)
    with bench.db.read() as connection:
        assert quotas.all(connection)[0].stretch == 1.0


def test_a_poll_writes_down_no_more_than_is_new(bench: Rig, watch: Poller) -> None:
    watch.poll(WIDGET)
    with bench.db.read() as connection:
        before = quotas.all(connection)
    bench.sandbox.open_issue(REPO, title="news", author="kim")
    bench.clock.advance(5)
    watch.poll(WIDGET)
    with bench.db.read() as connection:
        assert quotas.all(connection) == before
