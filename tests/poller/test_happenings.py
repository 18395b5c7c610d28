"""Who did what, over the real adapter: what one second hides, what is undone between looks, what came from afar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from foreman.model import EventKind, IssueRef
from foreman.store import events
from tests.rig import BOT, REPO, Rig, plan, rig

ATTIC = "acme/attic"


@pytest.fixture(params=["github", "gitlab"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Rig]:
    with rig(tmp_path, request.param) as made:
        yield made


@pytest.fixture
def started(bench: Rig) -> Rig:
    """A repository with one old issue whose first look is over."""
    bench.open("old one")
    bench.clock.advance(3600)
    bench.poller().poll(bench.widget)
    bench.clock.advance(60)
    bench.sandbox.clear_ledger()
    return bench


def told(bench: Rig, number: int = 1) -> list[tuple[str, str]]:
    """Every event stored about an issue: what, and by whom."""
    people = {bench.sandbox.add_account(login): login for login in (BOT, "kim", "mira", "reporter")}
    with bench.db.read() as connection:
        found = events.of_issue(connection, IssueRef(bench.widget, number))
    return [(event.kind.value, people.get(event.actor_id or 0, "?")) for event in found]


def test_a_comment_that_is_edited_within_the_second_in_which_it_was_seen_is_seen_again(started: Rig) -> None:
    watch = started.poller()
    said = started.sandbox.comment(REPO, 1, author="kim", body="first")
    watch.poll(started.widget)
    before = started.sandbox.issue(REPO, 1).updated_at
    started.sandbox.edit_comment(REPO, said, body="second")
    assert started.sandbox.issue(REPO, 1).updated_at == before
    started.clock.advance(120)
    again = watch.poll(started.widget)
    quiet = [watch.poll(started.widget) for _ in range(2)]

    assert told(started) == [("commented", "kim"), ("commented", "kim")]
    assert again.requests == 2, "the page once more, and the comments"
    assert [(report.new_events, report.requests) for report in quiet] == [(0, 1), (0, 1)]


def test_an_issue_without_comments_costs_nothing_more_for_having_been_seen_at_once(started: Rig) -> None:
    watch = started.poller()
    started.open("new")
    watch.poll(started.widget)
    started.clock.advance(60)

    assert watch.poll(started.widget).requests == 1


def test_two_comments_of_one_second_are_both_seen_whatever_their_ids(started: Rig) -> None:
    watch, world = started.poller(), started.sandbox._world
    world.next_id += 1000
    started.sandbox.comment(REPO, 1, author="kim", body="the higher id")
    world.next_id -= 1001
    watch.poll(started.widget)
    started.sandbox.comment(REPO, 1, author="mira", body="the lower id")
    started.clock.advance(60)
    report = watch.poll(started.widget)

    assert report.error == ""
    assert sorted(told(started)) == [("commented", "kim"), ("commented", "mira")]


def test_a_comment_dated_by_a_machine_whose_clock_is_behind_is_seen(started: Rig) -> None:
    watch = started.poller()
    started.sandbox.comment(REPO, 1, author="kim", body="by the clock")
    watch.poll(started.widget)
    started.clock.advance(60)
    started.sandbox.comment(REPO, 1, author="mira", body="late", at=started.clock() - timedelta(minutes=10))
    watch.poll(started.widget)

    assert sorted(told(started)) == [("commented", "kim"), ("commented", "mira")]


def test_of_two_labels_in_one_look_the_persons_is_an_event_and_ours_is_none(started: Rig) -> None:
    watch = started.poller()
    started.sandbox.add_label(REPO, 1, "bug", by=BOT)
    started.sandbox.add_label(REPO, 1, "question", by="mira")
    watch.poll(started.widget)

    assert told(started) == [("labeled", "mira")]


def test_what_is_undone_and_done_again_between_two_looks_is_an_event_of_who_did_it_last(started: Rig) -> None:
    watch = started.poller()
    started.sandbox.add_label(REPO, 1, "bug", by=BOT)
    watch.poll(started.widget)
    for label in ("bug", "question"):
        started.clock.advance(60)
        started.sandbox.add_label(REPO, 1, label, by=BOT)
        started.clock.advance(1)
        started.sandbox.remove_label(REPO, 1, label, by="kim")
        if label == "bug":
            started.clock.advance(1)
            started.sandbox.add_label(REPO, 1, label, by="mira")
        watch.poll(started.widget)
    started.clock.advance(60)
    started.sandbox.close_issue(REPO, 1, by="kim")
    started.sandbox.reopen(REPO, 1, by="mira")
    watch.poll(started.widget)

    assert told(started) == [("labeled", "mira"), ("unlabeled", "kim"), ("reopened", "mira")]


def test_asking_again_with_the_label_we_took_off_since_the_last_look_is_asking(started: Rig) -> None:
    watch = started.poller()
    started.sandbox.add_label(REPO, 1, "foreman:triage", by="mira")
    watch.poll(started.widget)
    started.clock.advance(20)
    started.sandbox.remove_label(REPO, 1, "foreman:triage", by=BOT)
    started.clock.advance(20)
    started.sandbox.add_label(REPO, 1, "foreman:triage", by="mira")
    started.clock.advance(20)
    watch.poll(started.widget)
    started.clock.advance(60)
    started.sandbox.comment(REPO, 1, author="kim", body="something else")
    watch.poll(started.widget)

    assert told(started) == [("requested", "mira"), ("requested", "mira"), ("commented", "kim")]


@pytest.mark.parametrize(
    ("age", "expected"),
    [(timedelta(days=3), [("transferred", "mira")]), (timedelta(0), [("opened", "kim"), ("transferred", "mira")])],
)
def test_an_issue_from_another_repository_arrives(
    age: timedelta, expected: list[tuple[str, str]], started: Rig
) -> None:
    started.sandbox.add_repo(ATTIC)
    number = started.sandbox.open_issue(ATTIC, title="It crashes", author="kim", at=started.clock() - age)
    started.clock.advance(30)
    arrived = started.sandbox.transfer(ATTIC, number, REPO, by="mira")
    report = started.poller().poll(started.widget)

    assert told(started, arrived) == expected
    assert report.requests <= 4, "the page, whose name it is, and for an old one what was said and done there"


def test_nobody_pays_for_arrivals_that_nobody_waits_for(started: Rig) -> None:
    started.plans[started.widget] = plan(repo=started.widget, events=frozenset({EventKind.OPENED}))
    started.sandbox.add_repo(ATTIC)
    for age in (timedelta(0), timedelta(days=3)):
        number = started.sandbox.open_issue(ATTIC, title="It crashes", author="kim", at=started.clock() - age)
        started.clock.advance(30)
        started.sandbox.transfer(ATTIC, number, REPO, by="mira")
    report = started.poller().poll(started.widget)

    assert [kind for _, kind, _ in started.waiting()] == ["opened"]
    assert report.requests == 2


@pytest.mark.parametrize("bench", ["github"], indirect=True)
def test_new_pull_requests_are_events_for_who_asks_and_nothing_that_happens_to_them_is(started: Rig) -> None:
    watch = started.poller()
    started.plans[started.widget] = plan(
        repo=started.widget, events=frozenset({EventKind.OPENED, EventKind.PULL_REQUEST_OPENED})
    )
    number = started.open("a change", pull_request=True).number
    ours = started.open("our own", pull_request=True, author=BOT).number
    found = [watch.poll(started.widget)]
    for act in (
        lambda: started.sandbox.comment(REPO, number, author="kim", body="nice"),
        lambda: started.sandbox.add_label(REPO, number, "foreman:triage", by="mira"),
        lambda: started.sandbox.close_issue(REPO, number, by="mira"),
    ):
        started.clock.advance(60)
        act()
        found.append(watch.poll(started.widget))

    assert [report.new_events for report in found] == [1, 0, 0, 0]
    assert (told(started, number), told(started, ours)) == ([("pull_request.opened", "reporter")], [])
    assert started.waiting() == [(number, "pull_request.opened", "issue-triage")]


@pytest.mark.parametrize("bench", ["github"], indirect=True)
def test_pull_requests_from_before_somebody_asked_stay_what_they_are(started: Rig) -> None:
    watch = started.poller()
    number = started.open("a change", pull_request=True).number
    watch.poll(started.widget)
    started.clock.advance(3 * 24 * 3600)
    started.sandbox.add_label(REPO, 1, "bug", by=BOT)
    watch.poll(started.widget)
    started.plans[started.widget] = plan(repo=started.widget, events=frozenset({EventKind.PULL_REQUEST_OPENED}))
    started.sandbox.comment(REPO, number, author="kim", body="still there?")
    watch.poll(started.widget)
    started.clock.advance(25 * 3600)
    watch.poll(started.widget)

    assert started.waiting() == []


def test_what_leaves_is_no_event_here(started: Rig) -> None:
    started.sandbox.add_repo(ATTIC)
    watch = started.poller()
    started.sandbox.transfer(REPO, 1, ATTIC, by="mira")
    leaving = started.open("to be deleted")
    watch.poll(started.widget)
    started.sandbox.delete_issue(REPO, leaving.number)
    started.clock.advance(60)
    after = watch.poll(started.widget)

    assert (after.error, after.new_events) == ("", 0)
    assert told(started) == []
