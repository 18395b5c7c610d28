from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from foreman.errors import ForgeAuthError
from foreman.model import EventKind, ForgeKind, RepoRef
from foreman.poller import poller as poller_module
from foreman.poller import sweep as sweep_module
from foreman.sandbox import (
    Fault,
    commit_then_status,
    drop_before,
    not_json,
    redirect,
    reorder_pages,
    reply,
    stale_list,
)
from foreman.store import controls, issues, polls
from tests.rig import BOT, REPO, WIDGET, Rig, plan

LIST = r"/repos/acme/widget/issues$"


def state_of(bench: Rig) -> polls.PollState:
    with bench.db.read() as connection:
        found = polls.get(connection, WIDGET)
    assert found is not None
    return found


@pytest.fixture
def started(bench: Rig) -> Rig:
    """A repository with old issues whose first look is over."""
    for title in ("old one", "older one"):
        bench.open(title)
    bench.clock.advance(3600)
    bench.poller().poll(WIDGET)
    bench.clock.advance(60)
    bench.sandbox.clear_ledger()
    return bench


def test_the_first_look_takes_only_what_is_opened_later(bench: Rig) -> None:
    bench.open("old")
    bench.clock.advance(60)
    watch = bench.poller()
    first = watch.poll(WIDGET)
    bench.clock.advance(60)
    new = bench.open("new")
    second = watch.poll(WIDGET)

    assert (first.first, first.new_events) == (True, 0)
    assert (second.first, second.new_events) == (False, 1)
    assert bench.waiting() == [(new.number, "opened", "issue-triage")]


def test_everything_is_new_in_a_repository_that_was_empty(bench: Rig) -> None:
    watch = bench.poller()
    watch.poll(WIDGET)
    made = [bench.open(f"number {n}").number for n in range(35)]
    report = watch.poll(WIDGET)

    assert report.new_events == 35
    assert [number for number, _, _ in bench.waiting()] == made


def test_the_first_run_takes_what_was_shown_when_its_own_list_lags_behind(bench: Rig) -> None:
    bench.plans[WIDGET] = plan(first_run=2)
    made = [bench.open(f"number {n}").number for n in range(3)]
    bench.clock.advance(5)
    bench.sandbox.inject(Fault(method="GET", path="state=open", times=1, action=stale_list(20)))
    bench.poller().poll(WIDGET)

    assert sorted(number for number, _, _ in bench.waiting()) == made[1:]


def test_the_first_run_takes_the_newest_open_issues_and_later_ones_once(bench: Rig) -> None:
    bench.plans[WIDGET] = plan(first_run=3)
    for n in range(5):
        bench.clock.advance(10)
        bench.open(f"number {n}")
    bench.sandbox.close_issue(REPO, 5, by="reporter")
    watch = bench.poller()
    watch.poll(WIDGET)
    bench.clock.advance(60)
    late = bench.open("late")
    watch.poll(WIDGET)

    assert sorted(number for number, _, _ in bench.waiting()) == [2, 3, 4, late.number]


def test_a_quiet_poll_is_one_conditional_request(started: Rig) -> None:
    watch = started.poller()
    watch.poll(WIDGET)
    started.sandbox.clear_ledger()
    report = watch.poll(WIDGET)

    assert (report.not_modified, report.requests) == (True, 1)
    assert [(e.method, e.status) for e in started.sandbox.ledger] == [("GET", 304)]


def test_each_agent_of_a_repository_gets_its_work(started: Rig) -> None:
    started.plans[WIDGET] = plan(agents=("issue-triage", "issue-greeter"))
    ref = started.open("new")
    started.poller().poll(WIDGET)

    assert started.waiting() == [(ref.number, "opened", "issue-triage"), (ref.number, "opened", "issue-greeter")]


def test_a_new_comment_on_an_old_issue_counts_and_ours_do_not(started: Rig) -> None:
    watch = started.poller()
    started.sandbox.comment(REPO, 1, author=BOT, body="I am the bot")
    mine = watch.poll(WIDGET)
    started.clock.advance(60)
    started.sandbox.comment(REPO, 1, author="reporter", body="me too")
    theirs = watch.poll(WIDGET)
    again = watch.poll(WIDGET)

    assert (mine.new_events, theirs.new_events, again.new_events) == (0, 1, 0)
    assert started.waiting() == [(1, "commented", "issue-triage")]


def test_an_issue_never_seen_before_tells_only_of_what_happened_since(bench: Rig) -> None:
    """More old issues than a page holds: the first look keeps no snapshot of the oldest."""
    for n in range(40):
        bench.open(f"old {n}")
        bench.clock.advance(60)
    bench.sandbox.comment(REPO, 1, author="reporter", body="long ago", at=bench.clock() - timedelta(hours=2))
    watch = bench.poller()
    watch.poll(WIDGET)
    bench.clock.advance(3600)
    bench.sandbox.add_label(REPO, 1, "bug", by=BOT)
    mine = watch.poll(WIDGET)
    bench.clock.advance(60)
    bench.sandbox.comment(REPO, 2, author="reporter", body="now")
    theirs = watch.poll(WIDGET)

    assert mine.new_events == 0
    assert theirs.new_events == 1


@pytest.mark.parametrize(
    ("by", "expected"),
    [("maintainer", ["closed", "labeled", "edited"]), (BOT, ["edited"])],
)
def test_what_people_do_makes_events_and_what_we_do_makes_none(started: Rig, by: str, expected: list[str]) -> None:
    watch = started.poller()
    watch.poll(WIDGET)
    kinds = []
    for act in (
        lambda: started.sandbox.close_issue(REPO, 1, by=by),
        lambda: started.sandbox.add_label(REPO, 1, "bug", by=by),
        lambda: started.sandbox.edit_issue(REPO, 1, body="more", by=by),
    ):
        started.clock.advance(60)
        act()
        started.sandbox.clear_ledger()
        watch.poll(WIDGET)
        assert len(started.sandbox.ledger) <= 4  # probe, who owns the name, and two to tell who did it
        kinds += [event for _, event, _ in started.waiting()]
        started.forget_work()

    assert kinds == expected


def test_two_edits_within_one_second_are_two_events(started: Rig) -> None:
    watch = started.poller()
    counts = []
    for body in ("once", "twice", "twice"):
        started.sandbox.edit_issue(REPO, 1, body=body, by="reporter")
        counts.append(watch.poll(WIDGET).new_events)

    assert counts == [1, 1, 0]


def test_a_pull_request_makes_no_event(started: Rig) -> None:
    started.open("a change", pull_request=True)
    report = started.poller().poll(WIDGET)

    assert report.new_events == 0


def test_a_maintainers_label_asks_for_one_more_run(started: Rig) -> None:
    watch = started.poller()
    watch.poll(WIDGET)
    started.clock.advance(60)
    started.sandbox.add_label(REPO, 1, "foreman:triage", by="maintainer")
    watch.poll(WIDGET)

    assert started.waiting() == [(1, "requested", "issue-triage")]


def test_a_template_cannot_ask_in_a_strangers_name(started: Rig) -> None:
    ref = started.open("new", labels=["foreman:triage"])
    started.sandbox.add_label(REPO, ref.number, "foreman:triage", by="reporter")
    started.poller().poll(WIDGET)

    assert started.waiting() == [(ref.number, "opened", "issue-triage")]


def test_more_changes_than_a_page_holds_are_all_found(started: Rig) -> None:
    for n in range(105):
        started.open(f"burst {n}")
        started.clock.advance(1)
    report = started.poller().poll(WIDGET)

    assert report.new_events == 105
    assert len({number for number, _, _ in started.waiting()}) == 105


def test_many_rows_of_one_second_at_a_page_border_are_all_found(started: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller_module, "NEWS_PER_POLL", 105)
    for n in range(115):
        started.open(f"burst {n}")
    watch = started.poller()
    found = [watch.poll(WIDGET) for _ in range(3)]

    assert [report.behind for report in found] == [True, False, False]
    assert sum(report.new_events for report in found) == 115


def test_a_flood_is_taken_in_parts_and_nothing_is_lost(started: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller_module, "NEWS_PER_POLL", 20)
    for n in range(50):
        started.open(f"flood {n}")
        started.clock.advance(1)
    watch = started.poller()
    reports = [watch.poll(WIDGET) for _ in range(4)]

    assert [report.new_events for report in reports] == [20, 20, 10, 0]
    assert [report.behind for report in reports] == [True, True, False, False]
    assert len(started.waiting()) == 50


def test_a_flood_of_comments_is_taken_in_parts_as_well(started: Rig) -> None:
    """Each of them costs a request, and other repositories wait for the end of a poll."""
    for n in range(45):
        started.open(f"talk {n}")
        started.clock.advance(1)
    watch = started.poller()
    watch.poll(WIDGET)
    started.forget_work()
    for number in range(2, 47):
        started.clock.advance(1)
        started.sandbox.comment(REPO, number, author="reporter", body="and now")
    started.sandbox.clear_ledger()
    reports = []
    while not reports or reports[-1].behind:
        before = len(started.sandbox.ledger)
        reports.append(watch.poll(WIDGET))
        assert len(started.sandbox.ledger) - before <= 25

    assert sum(report.new_events for report in reports) == 45
    assert len(reports) == 3


def test_a_slow_repository_is_read_a_little_at_a_time(started: Rig) -> None:
    """The forge takes eight seconds for the comments of each issue: a poll ends, and the next one goes on."""
    numbers = [started.open(f"busy {n}").number for n in range(20)]
    watch = started.poller()
    watch.poll(WIDGET)
    started.clock.advance(60)
    for number in numbers:
        started.sandbox.comment(REPO, number, author="kim", body="me too")
    started.clock.advance(60)
    started.sandbox.on_exchange(lambda entry, _: started.clock.advance(8 * entry.path.endswith("/comments")))
    reports = []
    while not reports or reports[-1].behind:
        reports.append(watch.poll(WIDGET))
        state = state_of(started)
        assert not reports[-1].behind or state.next_poll_at == state.last_poll_at

    assert [report.new_events for report in reports] == [4, 4, 4, 4, 4]


def test_a_repository_too_slow_for_anything_still_comes_further_with_each_poll(started: Rig) -> None:
    watch = started.poller()
    watch.poll(WIDGET)
    started.clock.advance(86_400 + 60)
    for _ in range(3):
        started.open("new")
    started.open("a change", pull_request=True)
    started.sandbox.on_exchange(lambda *_: started.clock.advance(40))
    counts = []
    for _ in range(6):
        report = watch.poll(WIDGET)
        counts.append((report.new_events, report.behind))

    assert counts == [(1, True), (1, True), (1, True), (0, False), (0, False), (0, False)]


def test_a_flood_goes_on_after_a_restart(started: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller_module, "NEWS_PER_POLL", 20)
    for n in range(35):
        started.open(f"flood {n}")
    first = started.poller().poll(WIDGET)
    second = started.poller().poll(WIDGET)

    assert (first.new_events, second.new_events) == (20, 15)


@pytest.mark.parametrize("skew", [-600, 600])
def test_our_clock_being_wrong_by_ten_minutes_loses_nothing(started: Rig, skew: float) -> None:
    watch = started.poller()
    started.open("before")
    watch.poll(WIDGET)
    started.clock.jump(skew)
    ref = started.open("after")
    watch.poll(WIDGET)

    assert ref.number in [number for number, _, _ in started.waiting()]


def test_a_row_that_shows_up_late_is_found(started: Rig) -> None:
    """The list leaves out what was written in the last seconds, and a newer row has moved the cursor on."""
    watch = started.poller()
    late = started.open("late")
    started.clock.advance(5)
    fault = started.sandbox.inject(Fault(method="GET", path=LIST, times=1, action=stale_list(20)))
    hidden = watch.poll(WIDGET)
    fault.remove()
    started.clock.advance(30)
    started.open("newer")
    shown = watch.poll(WIDGET)

    assert hidden.new_events == 0
    assert shown.new_events == 2
    assert late.number in [number for number, _, _ in started.waiting()]


def test_comments_that_show_up_later_than_their_issue_are_found(started: Rig) -> None:
    watch = started.poller()
    watch.poll(WIDGET)
    started.clock.advance(60)
    started.sandbox.comment(REPO, 1, author="reporter", body="the last thing that was seen")
    watch.poll(WIDGET)
    started.forget_work()
    started.clock.advance(60)
    for body in ("one", "two"):
        started.clock.advance(10)
        started.sandbox.comment(REPO, 1, author="reporter", body=body)
    for behind in (30, 15):
        started.sandbox.inject(Fault(method="GET", path=r"/issues/1/comments", action=stale_list(behind)))
    started.clock.advance(10)
    reports = [watch.poll(WIDGET) for _ in range(3)]

    assert ["not all there" in report.error for report in reports] == [True, True, False]
    assert started.waiting() == [(1, "commented", "issue-triage")]
    assert sum(report.new_events for report in reports) == 2


def test_pages_that_move_while_they_are_read_lose_nothing(started: Rig) -> None:
    for n in range(105):
        started.open(f"burst {n}")
        started.clock.advance(1)
    started.sandbox.inject(Fault(method="GET", path=LIST, times=None, action=reorder_pages()))
    watch = started.poller()
    for _ in range(3):
        watch.poll(WIDGET)
    started.sandbox.clear_faults()
    started.clock.advance(25 * 3600)
    watch.poll(WIDGET)

    assert len({number for number, _, _ in started.waiting()}) == 105


BAD_DAYS = [
    (reply(404, body={"message": "Not Found"}), "Not Found", False),
    (reply(500, body="oops"), "500", True),
    (reply(403, body={"message": "Resource not accessible"}), "not accessible", True),
    (not_json(), "", True),
    (drop_before(), "", True),
    (redirect("https://elsewhere.invalid/", 301), "", False),
]


@pytest.mark.parametrize(("action", "words", "soon"), BAD_DAYS)
def test_a_bad_day_is_recorded_waited_out_and_loses_nothing(
    started: Rig, action: object, words: str, soon: bool
) -> None:
    watch = started.poller()
    fault = started.sandbox.inject(Fault(method="GET", path=LIST, times=None, action=action))  # type: ignore[arg-type]
    started.open("during")
    failed = watch.poll(WIDGET)
    state = state_of(started)
    fault.remove()
    recovered = watch.poll(WIDGET)

    assert failed.error
    assert words in failed.error
    assert (state.failures, state.last_error) == (1, failed.error)
    assert state.next_poll_at is not None
    assert (state.next_poll_at - started.clock() <= timedelta(minutes=3)) is soon
    assert recovered.new_events == 1
    assert (state_of(started).failures, state_of(started).last_error) == (0, "")


def test_a_token_that_is_refused_goes_up_and_skips_nothing(started: Rig) -> None:
    watch = started.poller()
    started.open("during")
    fault = started.sandbox.inject(
        Fault(method="GET", path=LIST, times=None, action=reply(401, body={"message": "Bad credentials"}))
    )
    with pytest.raises(ForgeAuthError):
        watch.poll(WIDGET)
    fault.remove()

    assert state_of(started).failures == 1
    assert watch.poll(WIDGET).new_events == 1


def test_a_rate_limit_names_the_time_for_the_whole_account(started: Rig) -> None:
    started.sandbox.rate_limit(0, started.clock() + timedelta(minutes=10))
    report = started.poller().poll(WIDGET)

    assert report.retry_at is not None
    assert report.retry_at >= started.clock() + timedelta(minutes=10)
    assert state_of(started).next_poll_at == report.retry_at


def test_trouble_in_the_middle_keeps_what_came_before_and_repeats_the_rest(started: Rig) -> None:
    watch = started.poller()
    watch.poll(WIDGET)
    started.clock.advance(60)
    first = started.open("first")
    started.clock.advance(1)
    started.sandbox.comment(REPO, 1, author="reporter", body="hello")
    started.clock.advance(1)
    last = started.open("last")
    fault = started.sandbox.inject(
        Fault(method="GET", path=r"/issues/1/comments", times=None, action=commit_then_status(502))
    )
    failed = watch.poll(WIDGET)
    before = [number for number, _, _ in started.waiting()]
    fault.remove()
    watch.poll(WIDGET)

    assert failed.error
    assert before == [first.number]
    assert [number for number, _, _ in started.waiting()] == [first.number, 1, last.number]


def test_one_issue_that_cannot_be_read_does_not_stop_the_others_for_ever(started: Rig) -> None:
    watch = started.poller()
    watch.poll(WIDGET)
    started.clock.advance(60)
    started.sandbox.comment(REPO, 1, author="reporter", body="hello")
    started.clock.advance(1)
    last = started.open("last")
    fault = started.sandbox.inject(
        Fault(method="GET", path=r"/issues/1/comments", times=None, action=commit_then_status(502))
    )
    for _ in range(4):
        report = watch.poll(WIDGET)
    after = [number for number, _, _ in started.waiting()]
    fault.remove()
    started.clock.advance(25 * 3600)
    watch.poll(WIDGET)

    assert report.error == ""
    assert after == [last.number]
    assert (1, "commented", "issue-triage") in started.waiting()


def test_a_renamed_repository_is_left_alone_and_said_so(started: Rig) -> None:
    started.sandbox.rename_repo(REPO, "acme/gadget")
    started.clock.advance(7200)
    report = started.poller().poll(WIDGET)

    assert report.error
    assert state_of(started).last_error == report.error


def test_another_repository_under_the_same_name_is_left_alone(started: Rig) -> None:
    started.sandbox.rename_repo(REPO, "acme/gadget")
    started.sandbox.add_repo("acme/other")
    started.sandbox.rename_repo("acme/other", REPO)
    started.sandbox.open_issue(REPO, title="in the wrong place", author="reporter")
    started.clock.advance(7200)
    report = started.poller().poll(WIDGET)

    assert "another repository" in report.error
    assert started.waiting() == []


def test_the_daily_sweep_finds_what_a_snapshot_shows_was_missed(started: Rig) -> None:
    """A row that a poll never saw: taken out of the list for longer than the overlap reaches back."""
    watch = started.poller()
    watch.poll(WIDGET)
    with started.db.transaction() as connection:
        state = polls.get(connection, WIDGET)
        assert state is not None
        missed = started.open("missed")
        started.clock.advance(3600)
        started.open("seen", pull_request=True)
        polls.save(connection, replace(state, cursor=started.clock(), etag=""))
    for n in range(31):
        started.open(f"change {n}", pull_request=True)
        started.clock.advance(60)
    between = watch.poll(WIDGET)
    started.clock.advance(24 * 3600)
    swept = watch.poll(WIDGET)

    assert between.new_events == 0
    assert swept.new_events == 1
    assert started.waiting() == [(missed.number, "opened", "issue-triage")]


def test_a_stale_issue_makes_one_event_per_period(started: Rig) -> None:
    started.plans[WIDGET] = plan(events=frozenset({EventKind.STALE}), config={"stale_days": 30})
    watch = started.poller()
    found = []
    for _ in range(14):
        started.clock.advance(5 * 24 * 3600 + 60)
        found.append(watch.poll(WIDGET).new_events)
        started.forget_work()

    assert [5 * turn for turn, count in enumerate(found, start=1) if count] == [30, 60]
    assert sum(found) == 4


def test_thousands_of_stale_issues_come_in_daily_portions_each_in_its_turn(
    started: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "STALE_A_DAY", 3)
    numbers = {1, 2} | {started.open(f"old {n}").number for n in range(6)}
    started.plans[WIDGET] = plan(events=frozenset({EventKind.STALE}), config={"stale_days": 2})
    watch = started.poller()
    started.clock.advance(10 * 24 * 3600)
    days = []
    for _ in range(6):
        watch.poll(WIDGET)
        days.append({number for number, _, _ in started.waiting()})
        started.forget_work()
        started.clock.advance(24 * 3600 + 60)

    assert [len(day) for day in days] == [3] * 6
    # Each has its second turn only after every other one had its first.
    assert days[0] | days[1] | days[2] == numbers
    assert days[3] | days[4] | days[5] == numbers


def test_a_repository_that_is_not_configured_any_more_is_not_asked_about(started: Rig) -> None:
    watch = started.poller()
    started.plans[WIDGET] = replace(started.plans[WIDGET], enabled=False)

    assert watch.poll(WIDGET).requests == 0
    assert watch.poll(RepoRef(ForgeKind.GITHUB, "acme/unknown")).requests == 0
    assert started.sandbox.ledger == ()


def test_the_place_of_the_first_look_is_kept(started: Rig) -> None:
    with started.db.read() as connection:
        assert controls.meta_get(connection, f"first-look:{REPO}")
        assert issues.get(connection, started.forge.issue(started.open()).ref) is None
