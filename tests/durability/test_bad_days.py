"""The forge on a bad day, and the whole daemon through it: nothing lost, nothing twice, well again without a restart.

One daemon lives through all of them, one after the other, on a clock of the test. What a single adapter makes of a
single reply is proven elsewhere (`tests/forge`, `tests/poller`, `tests/executor`), and that a lost reply is not
answered with a second write, beside its controls (`test_controls`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from foreman.sandbox import (
    Action,
    Fault,
    LedgerEntry,
    commit_then_drop,
    drip,
    drop_before,
    not_json,
    redirect,
    reorder_pages,
    reply,
    stale_list,
    truncate,
)
from tests.durability import audit
from tests.durability.life import ELSEWHERE, MINUTE, OTHER, Life, life_of
from tests.durability.yard import Yard
from tests.forge.scripted import Answer, ScriptedServer
from tests.world import REPO, decision

LIST = r"/repos/acme/widget/issues$"
ISSUE = r"/repos/acme/widget/issues/\d+"


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    with life_of(tmp_path_factory.mktemp("life")) as made:
        yield made


WRITE, READ, ANY = ("POST", ISSUE), ("GET", ISSUE), (None, "")
LISTED = ("GET", LIST)

Make = Callable[[Life], Action]


def _over_the_quota(life: Life) -> Action:
    at = life.yard.time() + timedelta(minutes=10)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(at.timestamp()))}
    return reply(403, headers, {"message": "API rate limit exceeded"})


DAYS: dict[str, tuple[tuple[str | None, str], Action | Make]] = {
    "a write done and half a reply": (WRITE, truncate(1)),
    "a write not done and no reply": (WRITE, drop_before()),
    "a write too fast, with a time": (WRITE, reply(429, {"Retry-After": "120"}, {"message": "slow down"})),
    "a write too fast, without a time": (WRITE, reply(403, body={"message": "You exceeded a secondary rate limit"})),
    "a write over the quota": (WRITE, _over_the_quota),
    "a write with a refused token": (WRITE, reply(401, body={"message": "Bad credentials"})),
    "an issue read from behind": (READ, stale_list(20)),
    "an issue dripping": (READ, drip(200_000)),
    "an issue refused": (READ, reply(403, body={"message": "Resource not accessible"})),
    "a list from behind": (LISTED, stale_list(90)),
    "a list in another order": (LISTED, reorder_pages()),
    "a list that is no list": (LISTED, reply(200, body={"message": "hello"})),
    "a list moved": (LISTED, redirect("/repos/acme/elsewhere/issues", 301)),
    "a list not found": (LISTED, reply(404, body={"message": "Not Found"})),
    "everything 502": (ANY, reply(502, body="<html>Bad gateway</html>")),
    "everything a portal": (ANY, not_json()),
    "everything over the quota": (ANY, _over_the_quota),
    "everything with a refused token": (ANY, reply(401, body={"message": "Bad credentials"})),
}


@pytest.mark.parametrize("day", DAYS)
def test_a_bad_day_is_lived_through_without_a_restart(life: Life, day: str) -> None:
    (method, path), action = DAYS[day]

    assert life.bad_day(method, path, action if isinstance(action, Action) else action(life)) == []


def test_a_refused_token_stops_the_account_tells_the_maintainer_and_is_tried_again(life: Life) -> None:
    numbers = life.open(count=4)
    with life.trouble(Fault(times=None, action=reply(401, body={"message": "Bad credentials"}))):
        life.minute()
        told = life.status()
        before = len(life.forge.ledger)
        for _ in range(11):
            life.minute()
        asked = [(entry.method, entry.path) for entry in life.forge.ledger[before:]]
    life.until(lambda: life.at_rest(numbers) and life.status().attention == ())

    assert [account.well for account in told.accounts] == [False]
    assert any("put a valid one into the environment" in line for line in told.attention)
    assert asked == [("GET", "/user")] * 2


def test_a_forge_that_is_away_is_asked_once_a_minute_and_found_again(life: Life) -> None:
    port = int(life.forge.url.rpartition(":")[2])
    numbers = life.open() + life.open(OTHER)
    life.forge.close()
    for _ in range(15):
        life.minute()
    away = life.status()
    life.forge.start(port)
    before = len(life.forge.ledger)
    life.minute()
    first = [(entry.method, entry.path) for entry in life.forge.ledger[before:]][:1]
    life.until(lambda: not life.busy() and life.said(numbers[0]) == life.said(numbers[1], OTHER) == 1)

    assert [host.well for host in away.hosts] == [False]
    assert first == [("GET", "/user")]
    assert life.status().hosts[0].well


def test_a_plain_refusal_is_no_rate_limit_and_one_actions_alone(life: Life) -> None:
    [number] = life.open()
    with life.trouble(Fault(method="POST", path="/comments$", action=reply(403, body={"message": "Forbidden"}))):
        life.until(lambda: bool(life.writes(number)))
    [other] = life.open()
    life.until(lambda: life.at_rest([other]), minutes=3)

    assert life.yard.states(number) == [("add_label", "done"), ("comment", "failed")]
    assert [effect.split()[0] for effect in life.writes(number)] == ["label+"]


ENDS: dict[str, Callable[[Life, int], object]] = {
    "moved": lambda life, number: life.forge.transfer(REPO, number, ELSEWHERE),
    "deleted": lambda life, number: life.forge.delete_issue(REPO, number),
    "locked": lambda life, number: life.forge.lock(REPO, number),
    "closed": lambda life, number: life.forge.close_issue(REPO, number, by=f"kim{life.people}"),
}


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_done_to_what_is_no_longer_there_nor_anywhere_else(life: Life, end: str) -> None:
    [number] = life.open()
    answer = life.yard.agent.answer

    def too_late(task: dict[str, Any]) -> dict[str, Any]:
        if task["payload"]["issue"]["number"] == number and not ended:
            ended.append(ENDS[end](life, number))
        return Yard.honest(task)

    ended: list[object] = []
    before = len(life.forge.writes())
    life.yard.agent.answer = too_late
    life.until(lambda: bool(ended) and not life.busy(), minutes=20)
    life.yard.agent.answer = answer
    [other] = life.open()
    life.until(lambda: life.at_rest([other]), minutes=5)

    assert {issue for issue, _ in audit.written(life.forge.writes()[before:])} == {f"{REPO}#{other}"}
    assert {state for _, state in life.yard.states(number)} <= {"failed", "denied"}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_goes_to_no_other_origin(life: Life, method: str) -> None:
    elsewhere = ScriptedServer()
    try:
        elsewhere.will(Answer(status=200, body={"id": 1}))
        life.yard.time.advance(60 * MINUTE)
        numbers = life.open()
        away = redirect(f"{elsewhere.url}/repos/{REPO}/issues", 307 if method == "POST" else 301)
        with life.trouble(Fault(method=method, times=None, action=away)) as [fault]:
            life.until(lambda: fault.hits >= 2, minutes=40)
        numbers += life.open()
        life.until(lambda: life.said(numbers[-1]) == 1 and not life.busy())

        assert elsewhere.asked == []
        assert life.violations(numbers if method == "GET" else numbers[-1:]) == []
    finally:
        elsewhere.close()


def test_a_flood_in_one_repository_delays_no_other_and_loses_nothing(life: Life) -> None:
    """All within one second, on pages that move while they are read; and the other repository's issue comes last."""
    life.yard.time.advance(60 * MINUTE)
    asked: list[tuple[str, int]] = []
    heard: set[int] = set()
    moved: list[int] = []

    def brief(task: dict[str, Any]) -> dict[str, Any]:
        issue = task["payload"]["issue"]
        asked.append((task["repo"], issue["number"]))
        if any(said["body"] == "and now" for said in issue["comments"]):
            heard.add(issue["number"])
        return decision(task) if issue["title"] == "flood" else Yard.honest(task)

    def meanwhile(entry: LedgerEntry, _: bytes) -> None:
        if entry.path.endswith(f"{REPO}/issues") and "since" in entry.query and not moved:
            moved.extend(flood[::20])
            life.yard.time.advance(1)
            for number in moved:
                life.forge.comment(REPO, number, author=life.forge.issue(REPO, number).author, body="and now")

    life.yard.agent.answer = brief
    life.forge.on_exchange(meanwhile)
    flood = life.open(title="flood", count=104)
    [other] = life.open(OTHER)
    life.minute()
    place = asked.index((OTHER, other))
    life.until(lambda: not life.busy() and heard == set(moved), minutes=10)
    life.yard.agent.answer = Yard.honest

    assert moved
    assert place < 5
    assert life.said(other, OTHER) == 1
    assert {number for repo, number in asked if repo == REPO} == set(flood)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_wrong_clock_loses_nothing(life: Life, minutes: int) -> None:
    """Ours, not the forge's; through a lost reply, a rate limit and a change of the clock in the middle."""
    numbers = life.open(count=2)
    life.yard.skew = timedelta(minutes=minutes)
    lost = Fault(method="POST", path="/comments$", action=commit_then_drop())
    limit = Fault(method="POST", path="/comments$", after=2, action=_over_the_quota(life))
    with life.trouble(lost, limit):
        life.minute()
        numbers += life.open(count=2)
        life.until(lambda: life.at_rest(numbers))
    life.yard.skew = timedelta(0)
    numbers += life.open(count=2)
    life.until(lambda: life.at_rest(numbers))

    assert life.violations(numbers) == []


LAGS: dict[str, tuple[str, Action]] = {
    "the issue": ("$", stale_list(30)),
    "its comments": ("/comments$", stale_list(30)),
    "all of it": ("/comments$", reply(404, body={"message": "Not Found"})),
}


@pytest.mark.parametrize("lag", LAGS)
def test_an_event_is_not_dealt_with_before_the_agent_can_see_it(life: Life, lag: str) -> None:
    """The poller has been told of it; the copy that is asked for the task does not know it yet."""
    [number] = life.open()
    life.until(lambda: life.at_rest([number]))
    author = life.forge.issue(REPO, number).author
    path, action = LAGS[lag]
    if path == "$":
        life.forge.edit_issue(REPO, number, body="and now", by=author)
    else:
        life.forge.comment(REPO, number, author=author, body="and now")
    late = Fault(method="GET", path=f"/issues/{number}{path}", after=int(path != "$"), action=action)
    with life.trouble(late) as [fault]:
        life.minute()
        life.until(lambda: not life.busy(), minutes=5)
    shown = life.yard.agent.asked_about(number)[-1]["payload"]["issue"]

    assert fault.hits == 1
    assert "and now" in [shown["body"], *(said["body"] for said in shown["comments"])]


def test_a_decision_about_a_comment_that_went_stale_is_made_again(life: Life) -> None:
    life.yard.time.advance(60 * MINUTE)  # A look at one page is enough again, whatever other tests have opened.
    [number] = life.open()
    author = life.forge.issue(REPO, number).author
    life.until(lambda: life.at_rest([number]))
    life.forge.comment(REPO, number, author=author, body="first")
    talked: list[int] = []

    def answer(task: dict[str, Any]) -> dict[str, Any]:
        if task["payload"]["issue"]["number"] != number:
            return Yard.honest(task)
        if not talked:
            talked.append(life.forge.comment(REPO, number, author="kim-too", body="second"))
        return decision(task, {"type": "add_label", "label": "question"})

    life.yard.agent.answer = answer
    # The list keeps the second comment back: only the rerun can come to it.
    with life.trouble(Fault(method="GET", path=LIST, after=1, times=None, action=reply(502))):
        life.minute()
        life.minute()
    life.yard.agent.answer = Yard.honest
    life.until(lambda: not life.busy())

    assert "question" in life.forge.issue(REPO, number).labels
