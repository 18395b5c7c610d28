"""Once a day: people's thumbs, which no poll tells of, and whether what waits for a person still can be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from foreman.config.effective import Policy
from foreman.model import ActionState, EventKind, ForgeKind, IssueRef
from foreman.poller import sweep
from foreman.sandbox import Fault, reply
from foreman.store import corrections, memory, mirror
from tests.rig import REPO, Rig, plan, rig

DAY = 24 * 3600
HELD = ActionState.HELD


@pytest.fixture(params=["github", "gitlab"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Rig]:
    with rig(tmp_path, request.param) as made:
        yield made


def say(bench: Rig, ref: IssueRef) -> int:
    """Have a comment of ours posted; returns its id."""
    log_id = bench.decide(ref, ("comment", {"body": "Which version is that?"}))
    work = bench.executor()
    while work.step():
        continue
    (action,) = bench.entry(log_id).actions
    bench.clock.advance(120)
    return int(action.undo["comment_id"])


def next_day(bench: Rig) -> int:
    """Sweep, and return how many requests for reactions that took."""
    bench.clock.advance(DAY + 60)
    bench.sandbox.clear_ledger()
    assert bench.poller().poll(bench.widget).error == ""
    return sum(entry.path.endswith(("/reactions", "/award_emoji")) for entry in bench.sandbox.ledger)


def told(bench: Rig, ref: IssueRef) -> list[tuple[str, str]]:
    with bench.db.read() as connection:
        return [(one.kind, one.by) for one in corrections.of_issue(connection, ref)]


@pytest.fixture
def said(bench: Rig) -> tuple[IssueRef, int]:
    """An issue with a comment of ours, in a repository whose first look is over."""
    bench.poller().poll(bench.widget)
    bench.clock.advance(60)
    ref = bench.open()
    comment = say(bench, ref)
    bench.poller().poll(bench.widget)
    bench.clock.advance(60)
    return ref, comment


def test_a_persons_thumbs_down_is_a_correction_and_so_is_its_withdrawal(
    bench: Rig, said: tuple[IssueRef, int]
) -> None:
    (ref, comment), people = said, bench.sandbox
    # GitLab tells of who reacts nothing but a name; that of a token's own account says what it is.
    machine = "ci[bot]" if bench.widget.forge is ForgeKind.GITHUB else f"project_7_bot_{'0f' * 16}"
    people.add_account(machine, is_bot=True)
    people.react(REPO, ref.number, "-1", by="kim", comment_id=comment)
    people.react(REPO, ref.number, "-1", by=machine, comment_id=comment)
    people.react(REPO, ref.number, "+1", by="mira", comment_id=comment)
    quiet = bench.poller().poll(bench.widget)
    asked = [next_day(bench), next_day(bench)]
    first = told(bench, ref)
    people.unreact(REPO, ref.number, "-1", by="kim", comment_id=comment)
    asked.append(next_day(bench))

    assert (quiet.new_events, quiet.requests) == (0, 1)
    assert asked == [1, 1, 1]
    assert first == [("thumbs_down", "kim")]
    assert told(bench, ref) == [("thumbs_down", "kim"), ("thumbs_down_withdrawn", "kim")]
    with bench.db.read() as connection:
        remembered = memory.summary(connection, ref)
    assert "kim gave a thumbs-down to our comment of 2026-11-01." in remembered
    assert bench.waiting() == [(ref.number, "opened", "issue-triage")]


def test_the_days_requests_for_reactions_are_bounded_in_number_and_age(
    bench: Rig, said: tuple[IssueRef, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ref, _ = said
    say(bench, ref)
    say(bench, bench.open("another"))
    both = next_day(bench)
    monkeypatch.setattr(sweep, "REACTIONS_READ", 1)
    one = next_day(bench)
    bench.clock.advance(14 * DAY)

    assert (both, one, next_day(bench)) == (2, 1, 0)


@pytest.mark.parametrize("how", ["comment", "issue", "moved"])
def test_what_is_gone_is_passed_over(how: str, bench: Rig, said: tuple[IssueRef, int]) -> None:
    ref, comment = said
    if how == "comment":
        bench.sandbox.delete_comment(REPO, comment)
    elif how == "issue":
        bench.sandbox.delete_issue(REPO, ref.number)
    else:
        bench.sandbox.add_repo("acme/attic")
        bench.sandbox.transfer(REPO, ref.number, "acme/attic")

    assert next_day(bench) == 1
    # That somebody took our comment away says enough by itself; its reactions are gone with it.
    assert told(bench, ref) == ([("comment_deleted", "")] if how == "comment" else [])


def test_a_forge_in_trouble_puts_the_rest_of_the_sweep_off(bench: Rig, said: tuple[IssueRef, int]) -> None:
    ref, comment = said
    bench.sandbox.react(REPO, ref.number, "-1", by="kim", comment_id=comment)
    bench.clock.advance(DAY + 60)
    bench.sandbox.inject(Fault(method="GET", path="/(reactions|award_emoji)", times=1, action=reply(502)))
    failed = bench.poller().poll(bench.widget)
    before = told(bench, ref)
    bench.clock.advance(300)
    bench.poller().poll(bench.widget)

    assert failed.error
    assert (before, told(bench, ref)) == ([], [("thumbs_down", "kim")])


@pytest.mark.parametrize("how", ["deleted", "moved", "there"])
def test_what_waits_for_a_person_is_given_up_once_its_issue_is_gone(how: str, bench: Rig) -> None:
    bench.sandbox.add_repo("acme/attic")
    bench.poller().poll(bench.widget)
    bench.clock.advance(60)
    ref = bench.open()
    log_id = bench.decide(ref, ("add_label", {"label": "bug"}), ("close", {"reason": "completed"}), state=HELD)
    with bench.db.transaction() as connection:
        mirror.save(connection, bench.forge.issue(ref), now=bench.clock())
    if how == "deleted":
        bench.sandbox.delete_issue(REPO, ref.number)
    elif how == "moved":
        bench.sandbox.transfer(REPO, ref.number, "acme/attic")
    next_day(bench)

    # GitLab says of a deleted issue what it says of a hidden one.
    gone = how == "moved" or (how == "deleted" and ref.repo.forge is ForgeKind.GITHUB)
    assert bench.states(log_id) == (["failed"] * 2 if gone else ["held"] * 2)
    assert all(bool(action.reason) is gone for action in bench.entry(log_id).actions)
    with bench.db.read() as connection:
        assert mirror.count(connection, ref) == (0 if gone else 1)


def stale_plan(bench: Rig, **policy: object) -> None:
    holds = Policy(**policy)  # type: ignore[arg-type]
    made = plan(repo=bench.widget, events=frozenset({EventKind.STALE}), config={"stale_days": 60})
    bench.poller().poll(bench.widget)  # the first look sweeps nothing
    bench.plans[bench.widget] = replace(made, agents=(replace(made.agents[0], policy=holds),))


def swept(bench: Rig, days: float = 1) -> list[int]:
    """Sweep after so many days; returns the issues that are stale now."""
    bench.forget_work()
    bench.clock.advance(days * DAY + 60)
    assert bench.poller().poll(bench.widget).error == ""
    return [number for number, event, _ in bench.waiting() if event == "stale"]


def test_old_issues_are_swept_ten_a_day_those_quiet_for_longest_first(bench: Rig) -> None:
    numbers = []
    for _ in range(13):
        numbers.append(bench.open().number)
        bench.clock.advance(60)
    stale_plan(bench)

    assert swept(bench, 90) == numbers[:10]
    assert swept(bench)[:3] == numbers[10:]


def test_what_the_list_tells_to_be_kept_is_not_even_looked_at(bench: Rig) -> None:
    planned, liked, assigned, pinned, plain = (bench.open().number for _ in range(5))
    bench.sandbox.add_label(REPO, pinned, "Pinned", by="acme")
    bench.sandbox.plan(REPO, planned, "2.0")
    bench.sandbox.assign(REPO, assigned, "acme")
    for one in range(10):
        bench.sandbox.react(REPO, liked, "+1", by=f"fan{one}")
    stale_plan(bench)

    assert swept(bench, 90) == [plain]


@pytest.mark.parametrize("allow_close", [True, False])
def test_a_reminder_without_an_answer_comes_up_again_once_where_closing_is_allowed(
    bench: Rig, allow_close: bool
) -> None:
    ref = bench.open()
    stale_plan(bench, allow_close=allow_close)
    assert swept(bench, 61) == [ref.number]
    bench.decide(ref, ("comment", {"body": "Is this still a problem?"}), event="stale")
    work = bench.executor()
    while work.step():
        continue

    assert swept(bench, 13.9) == []
    assert swept(bench) == ([ref.number] if allow_close else [])
    assert swept(bench) == []
