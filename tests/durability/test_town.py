"""Orders of events that the state machine made likely enough to be kept as tests of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from foreman.sandbox import Fault, commit_then_drop
from foreman.store.tables import inbox
from tests.durability import books
from tests.durability.town import Town
from tests.empty import empty_database
from tests.world import REPO


@pytest.fixture(params=["github", "gitlab"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path, empty_database(), request.param)
    made.person_opens()
    yield made
    made.close()


@pytest.mark.parametrize("mode", ["auto", "approve"])
def test_what_was_planned_or_held_is_not_done_once_it_is_not_allowed_any_more(town: Town, mode: str) -> None:
    town.config["mode"] = mode
    town.config["policy"]["allow_close"] = True
    town.mood = "close"
    town.start()
    town.maintainer_pauses(paused=True)
    town.work()
    town.maintainer_configures(mode, allow_close=False)
    town.time.advance(5)
    town.maintainer_judges(well=True)
    town.maintainer_pauses(paused=False)

    assert town.rest() == ""
    assert town.forge.issue(REPO, town.numbers[0]).state == "open"
    assert [action.reason for entry in town.log() for action in entry.actions] == ["close_off"]
    assert books.violations(town) == []


def test_a_clock_that_was_a_year_ahead_for_a_minute_delays_nothing(town: Town) -> None:
    town.start()
    town.clock_jumps(365 * 24 * 60)
    town.mood = "broken"
    town.work()
    town.person_opens()
    town.time.advance(5)
    town.maintainer_pauses(paused=True)
    town.work()
    town.clock_jumps(-365 * 24 * 60)
    town.person_opens()
    town.mood = "honest"
    town.maintainer_pauses(paused=False)

    assert town.rest() == ""
    assert [town.states(number) for number in town.numbers] == [[("add_label", "done"), ("comment", "done")]] * 3
    assert books.violations(town) == []


def test_what_a_person_takes_back_while_a_reply_is_lost_stays_taken_back(town: Town) -> None:
    """The label was put on, taken off and put on again; of that last time nothing was heard when a person steps in."""
    town.start()
    town.work()
    for mood in ("tidy", "honest"):
        town.mood = mood
        town.person_edits(1)
        town.time.advance(60)
        if mood == "honest":
            town.forge.inject(Fault(method="POST" if town.kind == "github" else "PUT", action=commit_then_drop()))
        town.work()
    assert "bug" in town.forge.issue(REPO, 1).labels
    town.maintainer_takes_back(1)

    assert town.rest() == ""
    assert "bug" not in town.forge.issue(REPO, 1).labels
    assert books.violations(town) == []


@pytest.mark.parametrize("how", ["moved", "deleted"])
def test_work_and_actions_of_an_issue_that_is_gone_end_with_a_reason(town: Town, how: str) -> None:
    for _ in range(2):
        town.person_opens()
    planned, waiting, stays = town.numbers
    town.start()
    town.maintainer_pauses(paused=True)
    town.work()
    town.mood = "broken"
    town.person_edits(waiting)
    town.time.advance(5)
    town.work()
    town.mood = "honest"
    for number in (planned, waiting):
        town.person_moves(number) if how == "moved" else town.person_deletes(number)
    town.maintainer_pauses(paused=False)

    assert town.rest() == ""
    assert {state for number in (planned, waiting) for _, state in town.states(number)} <= {"failed", "denied"}
    assert all(action.reason for entry in town.log() for action in entry.actions if entry.issue.number != stays)
    with town.at_work.shop.db.read() as connection:
        (ended,) = connection.execute(
            select(inbox.c.reason).where(inbox.c.issue_id == waiting, inbox.c.event == "edited")
        )
    assert f"#{waiting}" in ended.reason
    assert books.violations(town) == []
