from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from foreman.model import Account, ActionState, Event, EventKind, IssueRef, Outcome, Reaction, ReactionKind, RepoRef
from foreman.store import (
    actions,
    agreement,
    commands,
    corrections,
    escalations,
    events,
    inbox,
    issues,
    memory,
    mirror_facts,
    reactions,
    retention,
    tallies,
    usage,
)
from foreman.store import (
    closing as closes,
)
from foreman.store.backup import check
from foreman.store.commands import Ordered
from foreman.store.database import Database
from foreman.store.issues import Snapshot
from foreman.store.retention import Pruned
from foreman.store.tables import action_log
from foreman.store.tables import actions as action_rows
from foreman.store.tables import events as event_rows
from foreman.store.tables import inbox as task_rows
from foreman.store.tidying import LOOK_EVERY, Tidying
from tests.store.conftest import NOW, Filler

REPO = RepoRef.parse("o/r")
OLD = NOW - timedelta(days=500)
BEFORE = NOW - timedelta(days=400)
BOT = Account(login="bot", id=1)


def _ref(number: int) -> IssueRef:
    return IssueRef(REPO, number)


def _see(connection: Connection, number: int, *, state: str, at: datetime = OLD, **more: Any) -> None:
    found = Snapshot(
        issue=_ref(number),
        forge_id=number,
        updated_at=at,
        content_digest="d",
        labels=("bug",),
        state=state,
        author_id=3,
        comment_count=0,
    )
    issues.save(connection, replace(found, **more))


def _happen(connection: Connection, number: int, kinds: Iterable[EventKind], *, at: datetime = OLD) -> None:
    for kind in kinds:
        key = f"o/r#{number}:{kind}"
        events.add(connection, Event(key=key, issue=_ref(number), kind=kind, occurred_at=at, actor_id=3), now=at)


def _done(connection: Connection, fill: Filler, number: int, *wanted: Any, at: datetime = OLD, **more: Any) -> None:
    for action in fill.decide(connection, *wanted, issue=f"o/r#{number}", at=at, **more):
        if action.state is ActionState.PLANNED:
            actions.mark_sent(connection, action.id, now=at)
            undo = {"comment_id": 1000 + number} if action.type == "comment" else {}
            actions.settle(connection, action.id, Outcome(state=ActionState.DONE, undo=undo), now=at)


def _work(connection: Connection, fill: Filler, number: int, *, at: datetime = OLD) -> None:
    fill.want(connection, f"o/r#{number}", now=at)
    item = inbox.claim(connection, worker="w", lease=timedelta(hours=1), now=at, only=_ref(number))
    assert item is not None
    inbox.complete(connection, item, now=at)


LABEL = ("add_label", {"label": "bug"})
COMMENT = ("comment", {"body": "hello"})


def _everything(connection: Connection, fill: Filler, number: int, *, state: str) -> None:
    """Whatever can be kept of one issue, all of it old."""
    _see(connection, number, state=state)
    _happen(connection, number, EventKind)
    _work(connection, fill, number)
    _done(connection, fill, number, LABEL, COMMENT, event="stale")
    _done(connection, fill, number, decision="skip", at=OLD + timedelta(hours=1))
    _done(connection, fill, number, decision="skip", at=OLD + timedelta(hours=2))
    thumb = Reaction(id=7, author=Account(login="ann", id=9), kind=ReactionKind.THUMBS_DOWN, at=OLD)
    reactions.note(connection, _ref(number), 1000 + number, [thumb], bot=BOT, now=OLD)
    memory.refresh(connection, _ref(number), now=OLD)
    order = Ordered(
        issue=_ref(number), comment_id=number, author_id=9, author="ann", written_at=OLD, lines=({"verb": "undo"},)
    )
    commands.add(connection, order, now=OLD)
    commands.take(connection, order, waits={}, now=OLD)
    commands.answer(connection, order, reason="", now=OLD)
    usage_row = (number, "task", "o/r", "triage", "p", "m", 1, 1, 0, OLD.strftime("%Y-%m-%d %H:%M:%S.%f"), 1, "")
    connection.exec_driver_sql(
        "INSERT INTO model_calls (id, task_id, repo, agent, provider, model, input_tokens, output_tokens,"
        " cached_tokens, started_at, duration_ms, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        usage_row,
    )


def _now(connection: Connection, fill: Filler) -> None:
    """Something of today, so that no old row is the newest."""
    _see(connection, 99, state="open", at=NOW)
    _done(connection, fill, 99, LABEL, at=NOW)
    _work(connection, fill, 99, at=NOW)
    connection.exec_driver_sql(
        "INSERT INTO model_calls SELECT 99, task_id, repo, agent, provider, model, 1, 1, 0, NULL, ?, 1, ''"
        " FROM model_calls LIMIT 1",
        (NOW.strftime("%Y-%m-%d %H:%M:%S.%f"),),
    )


def _all(db: Database) -> Pruned:
    gone = Pruned()
    while (one := retention.prune(db, before=BEFORE)).rows:
        gone += one
    return gone


def _ids(connection: Connection, column: Any) -> list[Any]:
    return list(connection.execute(select(column).order_by(column)).scalars())


def test_of_a_closed_issue_that_was_quiet_for_long_only_what_teaches_and_what_happens_once_stays(
    db: Database, fill: Filler
) -> None:
    with db.transaction() as connection:
        _everything(connection, fill, 1, state="closed")
        _now(connection, fill)
    with db.read() as connection:
        planned = retention.plan(connection, before=BEFORE)

    gone = _all(db)

    assert gone == planned
    assert gone == Pruned(
        decisions=3, actions=2, summaries=1, tasks=1, attempts=1, events=8, orders=1, reactions=1, model_calls=1
    )
    with db.read() as connection:
        assert actions.entries(connection, issue=_ref(1)) == ()
        assert memory.summary(connection, _ref(1)) == ""
        assert [(one.kind, one.action_id) for one in corrections.of_issue(connection, _ref(1))] == [
            ("thumbs_down", None)
        ]
        assert {one.kind for one in events.of_issue(connection, _ref(1))} == set(retention.ONCE)
        assert issues.get(connection, _ref(1)) is not None
        assert actions.states(connection)[ActionState.DONE] == 1
        assert actions.labels_by_us(connection, _ref(99)) == {"bug"}
        assert len(usage.totals(connection)) == 1
    assert check(db.path) == []


def test_of_an_open_issue_all_stays_that_anything_goes_by(db: Database, fill: Filler) -> None:
    with db.transaction() as connection:
        _everything(connection, fill, 1, state="open")
        _now(connection, fill)

    def facts() -> tuple[Any, ...]:
        with db.read() as connection:
            return (
                actions.labels_by_us(connection, _ref(1)),
                closes.reminded_at(connection, _ref(1)),
                closes.objected(connection, _ref(1)),
                events.counts(connection, REPO, EventKind.STALE),
                [one.key for one in events.of_issue(connection, _ref(1)) if one.kind is EventKind.EDITED],
                commands.quiet_ones(connection, _ref(1)),
                reactions.of_issue(connection, _ref(1)),
                memory.summary(connection, _ref(1)),
                mirror_facts.labels_by_us(connection, REPO),
                corrections.of_issue(connection, _ref(1)),
                tallies.standing(connection, [REPO]),
                tallies.sensitive(connection, [REPO]),
                agreement.of_repo(connection, REPO, now=NOW),
                escalations.unseen(connection, now=NOW),
                [entry.id for entry in actions.entries(connection, issue=_ref(1)) if entry.actions],
            )

    before = facts()
    gone = _all(db)

    assert facts() == before
    assert gone == Pruned(decisions=1, tasks=1, attempts=1, events=5, model_calls=1)
    assert check(db.path) == []


@pytest.mark.parametrize(
    "state", [ActionState.PLANNED, ActionState.SENT, ActionState.HELD, ActionState.UNKNOWN], ids=str
)
def test_what_still_waits_for_anything_is_kept_with_all_around_it(
    db: Database, fill: Filler, state: ActionState
) -> None:
    with db.transaction() as connection:
        _see(connection, 1, state="closed")
        _done(connection, fill, 1, LABEL)
        (last,) = fill.decide(connection, COMMENT, issue="o/r#1", at=OLD)
        if state is ActionState.HELD:
            actions.hold(connection, [last.id], reason="mode")
        elif state is not ActionState.PLANNED:
            actions.mark_sent(connection, last.id, now=OLD)
        if state is ActionState.UNKNOWN:
            actions.settle(connection, last.id, Outcome(state=state), now=OLD)
        _done(connection, fill, 99, LABEL, at=NOW)

    assert _all(db).rows == 0


def test_what_has_news_or_was_given_up_is_kept(db: Database, fill: Filler) -> None:
    with db.transaction() as connection:
        for number in (1, 2, 3):
            _see(connection, number, state="closed", at=NOW if number == 1 else OLD)
            _done(connection, fill, number, LABEL)
        _done(connection, fill, 2, decision="skip", at=NOW)
        fill.want(connection, "o/r#3", now=OLD)
        inbox.bury(connection, fill.claimed(connection, at=OLD), reason="no", now=OLD)
        _done(connection, fill, 99, LABEL, at=NOW)

    assert _all(db).rows == 0
    with db.read() as connection:
        assert [one.item.issue for one in inbox.dead(connection)] == [_ref(3)]


def test_no_number_is_ever_given_twice(db: Database, fill: Filler) -> None:
    with db.transaction() as connection:
        for number in (1, 2):
            _everything(connection, fill, number, state="closed")
    with db.read() as connection:
        last = [max(_ids(connection, table.c.id)) for table in (action_log, action_rows, task_rows)]

    _all(db)

    with db.transaction() as connection:
        fill.decide(connection, LABEL, issue="o/r#5")
        fill.want(connection, "o/r#5")
        newest = [max(_ids(connection, table.c.id)) for table in (action_log, action_rows, task_rows)]
    assert newest == [number + 1 for number in last]


def test_labels_that_were_ours_are_not_learned_from_later(db: Database, fill: Filler) -> None:
    with db.transaction() as connection:
        _everything(connection, fill, 1, state="closed")
        _now(connection, fill)
        connection.exec_driver_sql(
            "INSERT INTO mirror VALUES (1, 'o/r', 1, 1, '[\"bug\", \"ui\"]', 'closed', '', 3, 'none', 0, 0, 0, '',"
            " '[]', ?, ?, ?, NULL, ?, 'title', 'body')",
            ("2025-01-01 00:00:00.000000",) * 4,
        )
        assert mirror_facts.labels_of_repo(connection, REPO)[1] == {"bug": "us"}

    _all(db)

    with db.read() as connection:
        assert mirror_facts.labels_of_repo(connection, REPO)[1] == {"bug": "us"}


def test_a_pull_request_that_was_seen_stays_known(db: Database) -> None:
    with db.transaction() as connection:
        _happen(connection, 7, [EventKind.PULL_REQUEST_OPENED])

    assert _all(db).rows == 0
    with db.transaction() as connection:
        (known,) = _ids(connection, event_rows.c.key)
        again = Event(key=known, issue=_ref(7), kind=EventKind.PULL_REQUEST_OPENED, occurred_at=OLD, actor_id=3)
        assert not events.add(connection, again, now=NOW)


def test_a_decision_that_another_issues_takes_back_stays(db: Database, fill: Filler) -> None:
    with db.transaction() as connection:
        _see(connection, 1, state="closed")
        _done(connection, fill, 1, LABEL)
        (entry,) = actions.entries(connection, issue=_ref(1))
        _see(connection, 2, state="closed", at=NOW)
        _done(connection, fill, 2, ("remove_label", {"label": "bug"}), undoes=entry.id)
        _done(connection, fill, 99, LABEL, at=NOW)

    assert _all(db).rows == 0


def test_a_batch_is_bounded_and_the_next_goes_on(db: Database, fill: Filler) -> None:
    with db.transaction() as connection:
        for number in range(1, 1 + 2 * retention.ISSUES):
            _see(connection, number, state="closed")
            _done(connection, fill, number, decision="skip")
        _done(connection, fill, 999, LABEL, at=NOW)

    first = retention.prune(db, before=BEFORE)

    assert 0 < first.decisions <= retention.ISSUES
    assert (first + _all(db)).decisions == 2 * retention.ISSUES


def test_a_file_that_is_pruned_takes_new_rows_in_the_room_of_old_ones(db: Database, fill: Filler) -> None:
    def fill_up(at: datetime, first: int) -> int:
        with db.transaction() as connection:
            for number in range(first, first + 40):
                _see(connection, number, state="closed", at=at)
                _done(connection, fill, number, ("comment", {"body": "x" * 9000}), at=at)
        with closing(sqlite3.connect(db.path)) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return int(raw.execute("PRAGMA page_count").fetchone()[0])

    sizes = []
    for year in range(3):
        at = OLD + timedelta(days=500 * year)
        sizes.append(fill_up(at, 1 + 200 * year))
        while retention.prune(db, before=at - timedelta(days=400)).rows:
            pass

    assert sizes[2] < 1.1 * sizes[1] < 2.2 * sizes[0]


def test_old_rows_go_some_hours_after_the_start_and_not_by_a_clock_that_leaps(db: Database, fill: Filler) -> None:
    with db.transaction() as connection:
        _everything(connection, fill, 1, state="closed")
        _now(connection, fill)
    time = [NOW]

    def after(*steps: timedelta, keep_days: int = 400) -> int:
        time[0] = NOW
        tidying = Tidying(db, keep_days=keep_days, now=lambda: time[0])
        tidying.tend()
        for step in steps:
            time[0] += step
            tidying.tend()
        with db.read() as connection:
            return len(actions.entries(connection, issue=_ref(1)))

    assert after(LOOK_EVERY / 2) == 3
    assert after(timedelta(days=9999), LOOK_EVERY / 2) == 3
    assert after(LOOK_EVERY, keep_days=0) == 3
    assert after(LOOK_EVERY) == 0
