"""Older issues come into the mirror in the background, within the quota, and go again when nobody wants them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from foreman.errors import ForgeAuthError
from foreman.forge.base import Quota
from foreman.model import IssueRef
from foreman.poller import Backfill, backfill, leisure
from foreman.sandbox import Fault, reply
from foreman.store import inbox, memory, mirror, mirror_facts, mirror_reading, search
from foreman.store.mirror_reading import Reading
from tests.poller.conftest import filler
from tests.rig import REPO, WIDGET, Rig, plan

LIST = r"/repos/acme/widget/issues$"


def run(bench: Rig, fill: Backfill, *, most: int = 30) -> int:
    """Tend until nothing is asked any more; return the requests."""
    asked = 0
    for _ in range(most):
        bench.clock.advance(leisure.SECONDS_BETWEEN)
        if not fill.tend(tuple(bench.plans)):
            break
        asked += 1
    return asked


def kept(bench: Rig) -> list[int]:
    with bench.db.read() as connection:
        return [issue.issue.number for issue in mirror.of_repo(connection, WIDGET, oldest_first=True)]


def reading(bench: Rig) -> Reading:
    with bench.db.read() as connection:
        found = mirror_reading.get(connection, WIDGET)
    assert found is not None
    return found


@pytest.fixture
def grown(bench: Rig) -> Rig:
    """A repository with 250 issues over four years, looked at once."""
    for number in range(250):
        bench.age = timedelta(days=6 * (250 - number))
        bench.open(f"old one, number {number}")
    bench.age = timedelta(0)
    bench.poller().poll(WIDGET)
    return bench


def test_what_is_polled_is_mirrored_at_once_and_pull_requests_are_not(bench: Rig) -> None:
    bench.open("the first, seen at the first look")
    watch = bench.poller()
    watch.poll(WIDGET)
    bench.clock.advance(60)
    ref = bench.open("Kettle explodes", body="when full")
    bench.open("Mend the kettle", pull_request=True)
    watch.poll(WIDGET)
    bench.clock.advance(60)
    bench.sandbox.edit_issue(REPO, ref.number, title="Kettle explodes when full", by="reporter")
    watch.poll(WIDGET)

    with bench.db.read() as connection:
        found = mirror.get(connection, ref)
        hits = search.similar(connection, WIDGET, title="exploding kettles", body="")
    assert kept(bench) == [1, ref.number]
    assert found is not None and found.title == "Kettle explodes when full"
    assert [hit.issue for hit in hits] == [ref]


def test_what_is_kept_as_it_is_is_not_read_for_secrets_again_and_what_changed_is(bench: Rig) -> None:
    read: list[str] = []

    def redact(text: str) -> str:
        read.append(text)
        return text

    watch = bench.poller(redact)
    watch.poll(WIDGET)
    for turn in range(4):
        bench.clock.advance(60)
        bench.open(f"number {turn}")
        watch.poll(WIDGET)
    assert [title for title in read if title] == [f"number {turn}" for turn in range(4)]

    bench.clock.advance(60)
    bench.sandbox.edit_issue(REPO, 2, body="It still does", by="reporter")
    watch.poll(WIDGET)
    with bench.db.read() as connection:
        found = mirror.get(connection, IssueRef(WIDGET, 2))
    assert found is not None and found.body == "It still does"


def test_older_issues_are_read_newest_span_first_and_make_no_work(grown: Rig) -> None:
    fill = filler(grown)
    grown.clock.advance(5)
    fill.tend([WIDGET])
    after_one = kept(grown)
    asked = run(grown, fill)

    assert after_one[0] > 200
    assert kept(grown) == list(range(1, 251))
    state = reading(grown)
    assert state.done_at is not None and state.requests == asked + 1 <= 8
    with grown.db.read() as connection:
        assert inbox.counts(connection).get("ready", 0) == 0
    assert run(grown, fill) == 0


def test_what_a_span_before_it_brought_is_not_kept_again(grown: Rig) -> None:
    read: list[str] = []

    def redact(text: str) -> str:
        read.append(text)
        return text

    run(grown, filler(grown, redact))

    titles = [text for text in read if text]
    assert kept(grown) == list(range(1, 251))
    assert len(titles) <= len(set(titles)) + reading(grown).requests


def test_a_restart_goes_on_where_it_was(grown: Rig) -> None:
    straight = len(grown.sandbox.ledger)
    asked = 0
    for _ in range(20):
        asked += run(grown, filler(grown), most=1)

    assert kept(grown) == list(range(1, 251))
    assert asked <= 8
    assert len(grown.sandbox.ledger) - straight == asked


def test_only_the_newest_are_kept_and_the_rest_is_not_read(grown: Rig) -> None:
    grown.plans[WIDGET] = replace(plan(), mirror_issues=40)
    fill = filler(grown)
    asked = run(grown, fill)

    assert kept(grown) == list(range(211, 251))
    assert asked <= 3

    grown.plans[WIDGET] = replace(plan(), mirror_issues=60)
    grown.clock.advance(backfill.CHECK_SECONDS)
    run(grown, fill)
    assert kept(grown) == list(range(191, 251))

    grown.plans[WIDGET] = replace(plan(), mirror_issues=5)
    grown.clock.advance(backfill.CHECK_SECONDS)
    run(grown, fill)
    assert kept(grown) == list(range(246, 251))


def test_switched_off_nothing_is_read_and_what_was_kept_goes(grown: Rig) -> None:
    fill = filler(grown)
    run(grown, fill)
    grown.plans[WIDGET] = replace(plan(), mirror_issues=0)
    grown.clock.advance(backfill.CHECK_SECONDS)
    grown.sandbox.clear_ledger()

    assert run(grown, fill) == 0
    assert kept(grown) == [] and not grown.sandbox.ledger
    grown.open("new")
    grown.poller().poll(WIDGET)
    assert kept(grown) == []

    grown.plans[WIDGET] = plan()
    grown.clock.advance(backfill.CHECK_SECONDS)
    run(grown, fill)
    assert len(kept(grown)) == 251


def test_a_forgotten_repository_is_not_read_again_but_what_is_new_is_kept(grown: Rig) -> None:
    fill = filler(grown)
    run(grown, fill)
    with grown.db.transaction() as connection:
        memory.forget(connection, WIDGET, now=grown.clock())
    assert kept(grown) == []
    grown.clock.advance(backfill.CHECK_SECONDS)

    assert run(grown, fill) == 0
    new = grown.open("new")
    grown.poller().poll(WIDGET)
    assert new.number in kept(grown) and 1 not in kept(grown)


def test_half_of_the_quota_is_left_to_others(grown: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    fill = filler(grown)
    left = Quota(limit=5000, remaining=2500, reset_at=grown.clock() + timedelta(hours=1))
    monkeypatch.setattr(type(grown.forge), "quota", property(lambda _: left))
    assert run(grown, fill) == 0

    left = replace(left, remaining=2501)
    grown.clock.advance(leisure.LOOK_SECONDS)
    assert run(grown, fill, most=1) == 1


def test_trouble_rests_the_repository_and_is_nobody_elses(grown: Rig) -> None:
    fill = filler(grown)
    grown.sandbox.inject(Fault(method="GET", path=LIST, times=1, action=reply(502)))
    assert run(grown, fill) == 1
    grown.clock.advance(leisure.PAUSE.total_seconds())
    run(grown, fill)
    assert len(kept(grown)) == 250


def test_a_refused_token_is_told(grown: Rig) -> None:
    grown.sandbox.inject(Fault(method="GET", path=LIST, times=1, action=reply(401)))
    grown.clock.advance(5)
    with pytest.raises(ForgeAuthError):
        filler(grown).tend([WIDGET])


def test_hundreds_of_rows_of_one_moment_hold_nothing_up(bench: Rig) -> None:
    bench.age = timedelta(days=20)
    for number in range(230):
        bench.open(f"imported {number}")
    bench.age = timedelta(days=10)
    bench.open("later")
    bench.age = timedelta(0)
    bench.poller().poll(WIDGET)

    assert run(bench, filler(bench)) <= 8
    assert len(kept(bench)) == 231


def test_nothing_is_read_before_the_first_look(bench: Rig) -> None:
    bench.open("old")
    assert run(bench, filler(bench)) == 0


def test_who_put_a_label_on_is_kept_when_the_history_is_read_anyway(bench: Rig) -> None:
    ref = bench.open("Kettle explodes")
    watch = bench.poller()
    watch.poll(WIDGET)
    bench.clock.advance(60)
    bench.sandbox.add_label(REPO, ref.number, "bug", by="kim")
    watch.poll(WIDGET)

    with bench.db.read() as connection:
        (fact,) = mirror_facts.label_facts(connection, ref)
    assert (fact.label, fact.by) == ("bug", "person")
