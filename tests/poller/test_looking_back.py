"""Who put labels on older issues, and which original a duplicate has, is read once the issues are there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from foreman.model import ForgeKind, IssueRef
from foreman.poller import leisure, looking_back
from foreman.sandbox import Fault, reply
from foreman.store import mirror, mirror_facts, mirror_reading
from foreman.store.mirror_facts import LabelChange
from tests.poller.conftest import filler
from tests.rig import REPO, Rig, rig

Facts = dict[int, dict[str, str]]


@pytest.fixture(params=["github", "gitlab"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Six issues of a year ago, labelled by a person, by a bot, by us, by nobody, and two of them duplicates."""
    with rig(tmp_path, request.param) as made:
        forge = made.sandbox
        robot = "robot[bot]" if request.param == "github" else "project_7_bot_" + "0a" * 16
        forge.add_collaborator(REPO, "ada", "write")
        forge.add_account(robot, is_bot=True)
        forge.add_collaborator(REPO, robot, "write")
        made.age = timedelta(days=365)
        made.clock.advance(60)
        numbers = [made.open(f"old one {number}").number for number in range(1, 7)]
        for number, label, by in ((1, "bug", "ada"), (2, "bug", robot), (3, "question", made.bot.login)):
            forge.add_label(REPO, number, label, by=by)
        forge.add_label(REPO, 1, "question", by=robot)
        forge.remove_label(REPO, 1, "question", by="ada")
        forge.add_label(REPO, 1, "question", by="ada")
        forge.comment(REPO, 5, body="Duplicate of #1", author="ada")
        forge.close_issue(REPO, 5, by="ada", reason="duplicate")
        forge.close_issue(REPO, 6, by="ada", reason="duplicate", duplicate_of=2)
        forge.plan(REPO, 4, "2.0", by="ada")
        made.age = timedelta(0)
        assert numbers == [1, 2, 3, 4, 5, 6]
        made.poller().poll(made.widget)
        yield made


def look(bench: Rig) -> int:
    """Tend until nothing is asked any more; return the requests."""
    asked = 0
    for _ in range(30):
        bench.clock.advance(leisure.LOOK_SECONDS)
        asked += filler(bench).tend((bench.widget,))
    return asked


def kept(bench: Rig) -> bool:
    """Tell whether all issues are there."""
    with bench.db.read() as connection:
        reading = mirror_reading.get(connection, bench.widget)
    return reading is not None and reading.done_at is not None


def known(bench: Rig) -> Facts:
    with bench.db.read() as connection:
        return mirror_facts.labels_of_repo(connection, bench.widget)


def originals(bench: Rig) -> dict[int, int]:
    with bench.db.read() as connection:
        said = {
            number: next(
                (one.duplicate_of for one in mirror_facts.comments(connection, ref) if one.duplicate_of), None
            )
            or issue.duplicate_of
            for issue in mirror.of_repo(connection, bench.widget)
            for ref, number in [(issue.issue, issue.issue.number)]
        }
    return {number: original for number, original in said.items() if original}


def test_who_labelled_is_known_and_which_original_a_duplicate_has(bench: Rig) -> None:
    before = len(bench.sandbox.ledger)
    asked = look(bench)

    assert known(bench) == {1: {"bug": "person", "question": "person"}, 2: {"bug": "bot"}, 3: {"question": "us"}}
    gitlab = bench.widget.forge is ForgeKind.GITLAB
    assert originals(bench) == ({6: 2} if gitlab else {5: 1})
    assert asked == len(bench.sandbox.ledger) - before or gitlab
    with bench.db.read() as connection:
        reading = mirror_reading.get(connection, bench.widget)
    assert reading is not None and reading.facts_done_at is not None
    assert (reading.labels_read, reading.duplicates_read) == ((3, 0) if gitlab else (1, 1))
    assert look(bench) == 0


def test_the_mirror_knows_the_milestone_and_when_an_issue_was_closed(bench: Rig) -> None:
    look(bench)
    with bench.db.read() as connection:
        found = {issue.issue.number: issue for issue in mirror.of_repo(connection, bench.widget)}

    assert {number: issue.milestone for number, issue in found.items() if issue.milestone} == {4: "2.0"}
    assert [number for number, issue in found.items() if issue.closed_at is not None] == [6, 5]
    assert {found[number].state_reason for number in (5, 6)} == (
        {"", "duplicate"} if bench.widget.forge is ForgeKind.GITLAB else {"duplicate"}
    )


def test_what_polling_has_told_is_not_replaced(bench: Rig) -> None:
    issue = bench.forge.issue(IssueRef(bench.widget, 1))
    with bench.db.transaction() as connection:
        mirror_facts.note_labels(
            connection,
            issue,
            [LabelChange(label="bug", account=bench.bot, at=bench.clock())],
            bot_id=bench.bot.id,
        )
    look(bench)

    assert known(bench)[1] == {"bug": "us", "question": "unknown"}


def test_trouble_is_waited_out_and_an_issue_that_is_gone_is_left_out(bench: Rig) -> None:
    where = r".*/(issues/events|resource_label_events)$"
    bench.sandbox.inject(Fault(method="GET", path=where, times=1, action=reply(502)))
    fill = filler(bench)
    while not kept(bench):
        bench.clock.advance(leisure.LOOK_SECONDS)
        fill.tend((bench.widget,))
    bench.sandbox.add_repo("acme/elsewhere", labels=["bug"])
    bench.sandbox.add_collaborator("acme/elsewhere", bench.bot.login, "write")
    bench.sandbox.transfer(REPO, 5, "acme/elsewhere", by="ada")
    bench.sandbox.delete_issue(REPO, 2)
    look(bench)

    assert known(bench)[3] == {"question": "us"}
    assert known(bench)[1] == {"bug": "person", "question": "person"}
    with bench.db.read() as connection:
        reading = mirror_reading.get(connection, bench.widget)
    assert reading is not None and reading.facts_done_at is not None


@pytest.mark.parametrize("bench", ["github"], indirect=True)
def test_no_more_pages_are_read_than_the_bound(bench: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking_back, "MOST_PAGES", 1)
    for number in range(120):
        (bench.sandbox.add_label if number % 2 == 0 else bench.sandbox.remove_label)(REPO, 4, "wontfix", by="ada")
    look(bench)

    with bench.db.read() as connection:
        reading = mirror_reading.get(connection, bench.widget)
    assert reading is not None and reading.labels_read == 1
    assert 2 not in known(bench)
