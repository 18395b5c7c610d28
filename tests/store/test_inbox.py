from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from foreman.errors import LeaseLost
from foreman.model import ActionState, EventKind, InboxState, IssueRef, Outcome, RepoRef
from foreman.store import actions, inbox

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def test_events_for_waiting_work_join_and_keep_its_place(connection: Connection, fill, now) -> None:
    first = fill.want(connection, "o/r#1", event=EventKind.COMMENTED, event_key="a", requested=True)
    other = fill.want(connection, "o/r#2")
    again = fill.want(connection, "o/r#1", event=EventKind.EDITED, event_key="b", actor_id=7, reruns=1, now=now + HOUR)
    item = inbox.get(connection, first)

    assert (again, other) == (first, first + 1)
    assert item is not None
    assert (item.event, item.event_key, item.actor_id, item.created_at) == (EventKind.EDITED, "b", 7, now)
    assert item.requested
    assert item.reruns == 1
    assert fill.claimed(connection).id == first


def test_a_waiting_new_issue_stays_one_whoever_comments_on_it(connection: Connection, fill) -> None:
    first = fill.want(connection, "o/r#1", event=EventKind.OPENED, event_key="a", actor_id=1)
    fill.want(connection, "o/r#1", event=EventKind.COMMENTED, event_key="b", actor_id=2)
    item = inbox.get(connection, first)

    assert item is not None
    assert (item.event, item.event_key, item.actor_id) == (EventKind.OPENED, "a", 1)


def test_two_agents_on_one_issue_are_two_pieces_of_work(connection: Connection, fill) -> None:
    assert fill.want(connection, agent="triage") != fill.want(connection, agent="greeter")


def test_what_comes_while_an_item_runs_makes_one_follow_up_that_waits(connection: Connection, fill, now) -> None:
    fill.want(connection, event_key="a")
    running = fill.claimed(connection)
    follow = {fill.want(connection, event_key=key) for key in "bcd"}

    assert len(follow) == 1
    assert running.id not in follow
    assert fill.claim(connection) is None
    inbox.complete(connection, running, now=now)
    assert fill.claimed(connection).event_key == "d"


@pytest.mark.parametrize("ending", ["postpone", "hold", "recover", "expire"])
def test_work_that_comes_back_takes_its_follow_up_in(connection: Connection, fill, now, ending: str) -> None:
    elder = fill.want(connection, event_key="old")
    running = fill.claimed(connection)
    younger = fill.want(connection, event_key="new", requested=True)
    match ending:
        case "postpone":
            inbox.postpone(connection, running, not_before=now, reason="later", now=now)
        case "hold":
            inbox.hold(connection, running, until=None, reason="wait", now=now)
            inbox.release_held(connection, now=now, agent="triage")
        case "recover":
            inbox.recover(connection, now=now)
        case _:
            inbox.expire(connection, now=now + HOUR)
    item = fill.claimed(connection)
    joined = inbox.get(connection, younger)

    assert (item.id, item.event_key, item.requested) == (elder, "new", True)
    assert joined is not None
    assert (joined.state, joined.reason) == (InboxState.CANCELLED, f"joined to item {elder}")
    assert inbox.counts(connection)[InboxState.CLAIMED] == 1
    assert inbox.waiting_count(connection) == 1


def test_a_late_worker_is_refused_whatever_it_wants(connection: Connection, fill, now) -> None:
    """Out of time, taken over, cancelled: three ways to lose a lease."""
    fill.want(connection)
    first = fill.claimed(connection)
    late = now + HOUR
    for attempt in (
        lambda: inbox.complete(connection, first, now=late),
        lambda: inbox.postpone(connection, first, not_before=late, reason="", now=late),
        lambda: inbox.hold(connection, first, until=None, reason="", now=late),
        lambda: inbox.bury(connection, first, reason="", now=late),
        lambda: inbox.extend(connection, first, lease=HOUR, now=late),
    ):
        with pytest.raises(LeaseLost, match="ended"):
            attempt()
    inbox.expire(connection, now=late)
    second = fill.claimed(connection, at=late)
    with pytest.raises(LeaseLost, match="not ours"):
        inbox.complete(connection, first, now=late)
    inbox.drop(connection, [second.id], late)
    with pytest.raises(LeaseLost):
        inbox.complete(connection, second, now=late)

    assert (second.attempt, second.fence) == (first.attempt + 1, first.fence + 1)
    assert second.task_id != first.task_id
    assert inbox.counts(connection)[InboxState.CANCELLED] == 1
    assert [attempt.outcome for attempt in inbox.story(connection, first.id)] == ["expired", "cancelled"]


def test_an_extended_lease_holds(connection: Connection, fill, now) -> None:
    fill.want(connection)
    item = fill.claimed(connection)
    inbox.extend(connection, item, lease=2 * HOUR, now=now)

    assert inbox.expire(connection, now=now + HOUR) == 0
    inbox.complete(connection, item, reason="fine", now=now + HOUR)


def test_only_counted_runs_use_retries_up_and_the_story_keeps_all(connection: Connection, fill, now) -> None:
    fill.want(connection)
    seen = []
    for counted in (True, False, True):
        item = fill.claimed(connection)
        seen.append(item.attempt)
        inbox.postpone(connection, item, not_before=now, reason="no luck", count_attempt=counted, now=now)
    item = fill.claimed(connection)
    inbox.hold(connection, item, until=now + SECOND, reason="budget", now=now)
    held = inbox.release_held(connection, now=now)
    assert inbox.release_held(connection, now=now + SECOND) == 1
    item = fill.claimed(connection, at=now + SECOND)
    inbox.bury(connection, item, reason="gave up", now=now + SECOND)
    (dead,) = inbox.dead(connection)

    assert seen == [1, 2, 2]
    assert held == 0
    assert item.attempt == 3
    assert dead.item.reason == "gave up"
    assert [attempt.outcome for attempt in dead.story] == ["postponed"] * 3 + ["held", "dead"]
    assert all(attempt.ended_at is not None for attempt in dead.story)


def test_a_dead_item_is_retried_afresh_or_dropped_for_ever(connection: Connection, fill, now) -> None:
    for number in (1, 2):
        fill.want(connection, f"o/r#{number}")
        inbox.bury(connection, fill.claimed(connection), reason="poison", now=now)
    first, second = (dead.item.id for dead in inbox.dead(connection))

    assert inbox.retry(connection, [first, 999], now) == 1
    assert inbox.drop(connection, [second, second], now) == 1
    assert inbox.retry(connection, [second], now) == 0
    assert inbox.drop(connection, [second], now) == 0
    again = fill.claimed(connection)
    assert (again.id, again.attempt) == (first, 1)
    assert len(inbox.story(connection, first)) == 2
    assert inbox.dead(connection) == ()


def test_postponed_work_waits_and_a_request_ends_the_wait(connection: Connection, fill, now) -> None:
    fill.want(connection)
    inbox.postpone(connection, fill.claimed(connection), not_before=now + HOUR, reason="backoff", now=now)

    assert not inbox.claimable(connection, now=now)
    fill.want(connection, event_key="comment")
    assert fill.claim(connection) is None
    fill.want(connection, event=EventKind.REQUESTED, requested=True)
    assert inbox.claimable(connection, now=now)
    assert fill.claimed(connection).attempt == 2


def test_the_repository_served_longest_ago_comes_first(connection: Connection, fill) -> None:
    for number in range(1, 6):
        fill.want(connection, f"big/one#{number}")
    fill.want(connection, "small/one#1")
    fill.want(connection, "small/two#1")
    order = [str(fill.claimed(connection).issue) for _ in range(7)]

    assert order[:3] == ["big/one#1", "small/one#1", "small/two#1"]
    assert order[3:] == [f"big/one#{number}" for number in range(2, 6)]


def test_busy_agents_and_full_repositories_are_passed_over(connection: Connection, fill) -> None:
    fill.want(connection, "o/r#1", agent="triage")
    fill.want(connection, "o/r#2", agent="greeter")
    fill.want(connection, "o/s#3", agent="triage")
    full = (RepoRef.parse("o/s"),)

    assert fill.claimed(connection, busy={"triage"}).agent == "greeter"
    assert fill.claim(connection, busy={"triage"}) is None
    assert fill.claimed(connection, full_repos=full).issue.number == 1
    assert fill.claim(connection, full_repos=full) is None
    assert fill.claimed(connection).issue.number == 3


def test_an_issue_with_an_unfinished_action_waits(connection: Connection, fill, now) -> None:
    (action,) = fill.decide(connection, ("comment", {"body": "hi"}))
    fill.want(connection, "o/r#1")
    fill.want(connection, "o/r#2")

    assert fill.claimed(connection).issue.number == 2
    assert fill.claim(connection) is None
    actions.mark_sent(connection, action.id, now=now)
    assert fill.claim(connection) is None
    actions.settle(connection, action.id, Outcome(state=ActionState.DONE), now=now)
    assert fill.claimed(connection).issue.number == 1


def test_an_agent_can_be_set_aside_without_burning_retries(connection: Connection, fill, now) -> None:
    for number in (1, 2):
        fill.want(connection, f"o/r#{number}")
    fill.want(connection, "o/r#3", agent="greeter")

    assert inbox.hold_agent(connection, "triage", until=None, reason="quarantine") == 2
    assert inbox.release_held(connection, now=now + HOUR) == 0
    assert inbox.release_held(connection, now=now, issue=IssueRef.parse("o/r#2")) == 1
    assert inbox.counts(connection)[InboxState.HELD] == 1
    assert [item.issue.number for item in inbox.waiting(connection)] == [1, 2, 3]
    assert inbox.waiting(connection, repo=RepoRef.parse("o/x")) == ()
    assert len(inbox.waiting(connection, issue=IssueRef.parse("o/r#1"))) == 1
    assert inbox.oldest_ready(connection) == now


def test_a_request_lets_what_is_held_go_on(connection: Connection, fill, now) -> None:
    first = fill.want(connection, event=EventKind.OPENED)
    inbox.hold(connection, fill.claimed(connection), until=now + HOUR, reason="runs_per_person: 50 runs", now=now)
    fill.want(connection, event=EventKind.COMMENTED, event_key="b")
    assert fill.claim(connection) is None
    fill.want(connection, event=EventKind.REQUESTED, event_key="c", requested=True)

    item = fill.claimed(connection)
    assert (item.id, item.requested, item.held_until) == (first, True, None)
    assert inbox.counts(connection)[InboxState.HELD] == 0


def test_recovery_counts_what_a_crash_cut_off(connection: Connection, fill, now) -> None:
    fill.want(connection)
    fill.claimed(connection)

    assert inbox.recover(connection, now=now) == 1
    assert inbox.recover(connection, now=now) == 0
    assert fill.claimed(connection).attempt == 2
    assert inbox.story(connection, 1)[0].outcome == "interrupted"


def test_a_stop_that_was_asked_for_uses_up_no_retry(connection: Connection, fill, now) -> None:
    fill.want(connection)
    fill.claimed(connection)
    inbox.recover(connection, count_attempt=False, reason="the daemon was stopped", now=now)

    assert fill.claimed(connection).attempt == 1
    assert inbox.story(connection, 1)[0].reason == "the daemon was stopped"
