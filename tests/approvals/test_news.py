"""The dashboard tells of the last days beside what waits: seldom, and only when it is something else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from foreman.approvals.news import MAX_CHARS
from foreman.model import EventKind, RepoRef
from foreman.store import inbox
from tests.approvals.conftest import OPS, Office, plan
from tests.rig import WIDGET

LABEL = ("add_label", {"label": "bug"})
HOUR = 3_601


class Told:
    """A dashboard whose news are what the test says."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.text = ""
        self.asked: list[tuple[tuple[RepoRef, ...], bool]] = []
        office.news = self._news
        office.restart()

    def _news(self, repos: Sequence[RepoRef], public: bool) -> str:
        self.asked.append((tuple(repos), public))
        return self.text

    @property
    def edits(self) -> int:
        return sum(a.type == "edit_issue" for entry in self.office.noted() for a in entry.actions)


@pytest.fixture
def told(office: Office) -> Told:
    return Told(office)


def test_news_open_a_page_change_it_hourly_and_never_without_need(told: Told, office: Office) -> None:
    office.turn()
    assert office.rig.sandbox.issues(OPS.path) == ()
    told.text = "## first"
    office.turn(HOUR)
    assert office.body.endswith("Nothing waits.\n\n---\n\n## first")
    for number in range(40):
        told.text = f"## {number}"
        office.turn(180)
    assert 1 <= told.edits <= 2, "two hours went by"

    office.restart()
    office.turn(HOUR)
    written = told.edits
    office.rig.sandbox.clear_ledger()
    for _ in range(5):
        office.restart()
        office.turn(HOUR)
    assert told.edits == written
    assert [one for one in office.rig.sandbox.ledger if "/repos/acme/ops" not in one.path] == []


def test_what_waits_is_not_kept_back_by_news(told: Told, office: Office) -> None:
    told.text = "## first"
    office.turn()
    (label,) = office.hold(LABEL)
    office.turn(1)

    assert office.shown() == [label.payload_hash[:8]]
    assert "## first" in office.body
    office.approve(label)
    office.turn()
    assert office.state(label) == "done"


def test_news_wait_for_work_that_is_under_way_but_not_for_ever(told: Told, office: Office) -> None:
    ref = office.rig.open()
    with office.rig.db.transaction() as connection:
        inbox.enqueue(
            connection,
            issue=ref,
            agent="issue-triage",
            task_type="issue.triage",
            event=EventKind.OPENED,
            event_key="k",
            now=office.rig.clock(),
        )
    told.text = "## first"
    office.turn()
    assert office.rig.sandbox.issues(OPS.path) == ()
    office.turn(601)
    assert "## first" in office.body


def test_of_private_repositories_no_public_page_tells(told: Told, office: Office) -> None:
    secret = RepoRef(WIDGET.forge, "acme/secret")
    office.rig.sandbox.add_repo(secret.path, private=True)
    office.plans = (plan(), plan(secret))
    told.text = "## first"
    office.turn()
    assert told.asked[-1] == ((WIDGET, secret), False), "on a private page"

    office.plans = (plan(dashboard=WIDGET.path), plan(secret, dashboard=WIDGET.path))
    office.restart()
    office.turn(HOUR)
    assert told.asked[-1] == ((WIDGET,), True)


def test_too_much_news_is_cut_at_a_line(told: Told, office: Office) -> None:
    told.text = "\n".join(f"* line {number}" for number in range(5_000))
    office.turn()

    assert len(office.body) < MAX_CHARS + 2_000
    assert office.body.endswith("There is more than fits: `foreman digest`")
