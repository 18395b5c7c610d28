"""What people change about our work is remembered as a correction, once, whatever events an agent waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from foreman.config.effective import Policy
from foreman.model import EventKind, IssueRef
from foreman.store import corrections, memory
from tests.rig import BOT, REPO, Rig, rig


@pytest.fixture(params=["github", "gitlab"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Rig]:
    with rig(tmp_path, request.param) as made:
        (agent,) = made.plans[made.widget].agents
        quiet = replace(agent, events=frozenset({EventKind.OPENED}), policy=Policy(labels_add=("bug", "question")))
        made.plans[made.widget] = replace(made.plans[made.widget], agents=(quiet,))
        look(made)
        yield made


def look(bench: Rig) -> None:
    bench.clock.advance(900)
    assert bench.poller().poll(bench.widget).error == ""
    bench.clock.advance(60)


def told(bench: Rig, ref: IssueRef) -> list[tuple[str, str, str, str]]:
    with bench.db.read() as connection:
        return [(one.kind, one.action_type, one.value, one.by) for one in corrections.of_issue(connection, ref)]


def after_ours(bench: Rig, *wanted: tuple[str, dict[str, str]]) -> IssueRef:
    """Return an issue on which we have done these, as the poller knows it."""
    ref = bench.open()
    look(bench)
    log_id = bench.decide(ref, *wanted, labels=[])
    work = bench.executor()
    while work.step():
        continue
    assert set(bench.states(log_id)) == {"done"}
    look(bench)
    return ref


def test_labels_that_people_take_off_and_put_on_instead_are_corrections_once(bench: Rig) -> None:
    ref = after_ours(bench, ("add_label", {"label": "bug"}))
    bench.sandbox.remove_label(REPO, ref.number, "bug", by="kim")
    bench.sandbox.add_label(REPO, ref.number, "question", by="kim")
    bench.sandbox.add_label(REPO, ref.number, "wontfix", by="kim")  # which no agent could have set
    look(bench)
    bench.sandbox.comment(REPO, ref.number, author="kim", body="There.", at=bench.clock())
    look(bench)

    assert sorted(told(bench, ref)) == [
        ("added", "add_label", "question", "kim"),
        ("removed", "add_label", "bug", "kim"),
    ]
    with bench.db.read() as connection:
        assert "kim removed: add_label bug." in memory.summary(connection, ref)


@pytest.mark.parametrize("with_word", [False, True])
def test_what_people_take_back_before_the_next_look_is_a_correction_too(bench: Rig, with_word: bool) -> None:
    """Neither our doing nor theirs shows in the list then: the issue is as it was, or has one comment more."""
    wanted = [("add_label", {"label": "bug"}), ("close", {"reason": "not_planned"})]
    if with_word:
        wanted.append(("comment", {"body": "Which version?"}))
    ref = bench.open()
    look(bench)
    log_id = bench.decide(ref, *wanted, labels=[])
    while bench.executor().step():
        continue
    assert set(bench.states(log_id)) == {"done"}
    bench.sandbox.remove_label(REPO, ref.number, "bug", by="kim")
    bench.sandbox.reopen(REPO, ref.number, by="kim")
    look(bench)
    asked = bench.poller().poll(bench.widget)

    assert sorted(told(bench, ref)) == [
        ("removed", "add_label", "bug", "kim"),
        ("reopened", "close", "not_planned", "kim"),
    ]
    assert asked.requests == 1


def test_what_is_opened_again_and_a_comment_that_is_deleted_are_corrections(bench: Rig) -> None:
    ref = after_ours(bench, ("comment", {"body": "Which version?"}), ("close", {"reason": "not_planned"}))
    (said,) = bench.forge.comments(ref)
    bench.sandbox.reopen(REPO, ref.number, by="kim")
    look(bench)
    bench.sandbox.delete_comment(REPO, said.id)
    bench.sandbox.add_label(REPO, ref.number, "wontfix", by="kim")  # deleting moves no time by itself
    look(bench)

    kinds = told(bench, ref)
    assert kinds[0] == ("reopened", "close", "not_planned", "kim")
    assert [kind for kind, *_ in kinds] == ["reopened", "comment_deleted"]


def test_what_we_and_other_bots_change_is_none_and_neither_is_what_people_did_before(bench: Rig) -> None:
    bench.sandbox.add_account("ci[bot]", is_bot=True)
    early = bench.open()
    bench.sandbox.add_label(REPO, early.number, "question", by="kim")
    look(bench)
    bench.decide(early, ("add_label", {"label": "bug"}))
    ref = after_ours(bench, ("add_label", {"label": "bug"}))
    bench.sandbox.remove_label(REPO, ref.number, "bug", by=BOT)
    look(bench)
    bench.sandbox.comment(REPO, early.number, author="kim", body="Hm.", at=bench.clock())
    look(bench)

    assert told(bench, ref) == []
    assert told(bench, early) == []
