"""Bad days of a GitLab, in its own words, and the whole daemon through them.

What is the same on both forges is proven in `test_bad_days`; here is what GitLab alone does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from foreman.sandbox import (
    Action,
    commit_then_drop,
    drop_before,
    not_json,
    redirect,
    reply,
    stale_list,
    truncate,
)
from tests.durability import audit
from tests.durability.life import ELSEWHERE, Life, life_of
from tests.world import REPO

PROJECT = "/projects/acme(%2F|/)widget"
LIST, ISSUE = f"{PROJECT}/issues$", rf"{PROJECT}/issues/\d+"


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    with life_of(tmp_path_factory.mktemp("life"), "gitlab") as made:
        yield made


TOO_FAST = reply(429, {"Content-Type": "text/plain"}, "Retry later\n")
GONE = {"message": "404 Project Not Found"}
EXPIRED = {"error": "invalid_token", "error_description": "Token is expired. You can either do re-authorization ..."}

DAYS: dict[str, tuple[str | None, str, Action]] = {
    "a note said and half a reply": ("POST", "/notes$", truncate(1)),
    "a note said and no reply": ("POST", "/notes$", commit_then_drop()),
    "a label set and no reply": ("PUT", ISSUE, commit_then_drop()),
    "a label not set and no reply": ("PUT", ISSUE, drop_before()),
    "a note too fast, without a time": ("POST", "/notes$", TOO_FAST),
    "a label refused for a moment": ("PUT", ISSUE, reply(409, body={"message": "409 Conflict: Resource lock"})),
    "an issue read from behind": ("GET", ISSUE, stale_list(20)),
    "a list from behind": ("GET", LIST, stale_list(90)),
    "a list moved": ("GET", LIST, redirect("/api/v4/projects/7/issues", 301)),
    "a project out of sight": ("GET", LIST, reply(404, body=GONE)),
    "everything too fast, without a time": (None, "", TOO_FAST),
    "everything with an expired token": (None, "", reply(401, body=EXPIRED)),
    "everything 502": (None, "", reply(502, body="<html>GitLab is not responding</html>")),
    "everything a portal": (None, "", not_json()),
}


@pytest.mark.parametrize("day", DAYS)
def test_a_bad_day_is_lived_through_without_a_restart(life: Life, day: str) -> None:
    assert life.bad_day(*DAYS[day]) == []


ENDS: dict[str, Callable[[Life, int], object]] = {
    "moved": lambda life, number: life.forge.transfer(REPO, number, ELSEWHERE),
    "deleted": lambda life, number: life.forge.delete_issue(REPO, number),
    "locked": lambda life, number: life.forge.lock(REPO, number),
    "confidential": lambda life, number: life.forge.make_confidential(REPO, number),
}


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_done_to_what_is_no_longer_there_nor_anywhere_else(life: Life, end: str) -> None:
    [number] = life.open()
    life.ends_meanwhile(number, lambda: ENDS[end](life, number))
    before = len(life.forge.writes())
    life.until(lambda: not life.busy() and bool(life.yard.agent.asked_about(number)), minutes=20)
    [other] = life.open()
    life.until(lambda: life.at_rest([other]), minutes=5)

    assert {issue for issue, _ in audit.written(life.forge.writes()[before:])} == {f"{REPO}#{other}"}
    assert {state for _, state in life.yard.states(number)} <= {"failed", "denied"}


def test_many_minutes_over_the_limit_cost_few_requests_and_lose_nothing(life: Life) -> None:
    numbers = life.open(count=3)
    life.forge.rate_limit(2, life.yard.time() + timedelta(minutes=10), told=False)
    before = len(life.forge.ledger)
    for _ in range(9):
        life.minute()
    asked = len(life.forge.ledger) - before
    life.forge.rate_limit(1_000_000, life.yard.time())
    life.until(lambda: life.at_rest(numbers))

    assert asked <= 20
    assert life.violations(numbers) == []
