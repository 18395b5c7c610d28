"""Take one protection away and the audit must object; with it, under the same trouble, everything is in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from foreman.config.effective import RepoPlan
from foreman.errors import ForgeUnavailable
from foreman.forge.base import ForgeWriter, Probe
from foreman.model import IssueRef
from foreman.poller import Poller
from foreman.poller.tally import Tally
from foreman.sandbox import Action, Fault, commit_late, commit_then_drop, commit_then_status
from foreman.store import polls
from foreman.store.polls import PollState
from tests.durability.yard import Crash, Yard
from tests.world import REPO

PAGE = 100
"""More rows than one page of the list holds hide what is older."""

TRANSACTIONS = 3
"""A poll with news has no more write transactions than these."""


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    made = Yard(tmp_path)
    yield made
    made.close()


class CursorFirst(Poller):
    """Remembers how far it has read before the rows are stored."""

    def _take(self, plan: RepoPlan, state: PollState, probe: Probe, tally: Tally) -> PollState:
        newest = max(issue.updated_at for issue in probe.issues)
        with self._db.transaction() as connection:
            polls.save(connection, replace(state, cursor=newest))
        return super()._take(plan, state, probe, tally)


class Again:
    """A writer that sends a comment again when it got no proper answer."""

    def __init__(self, writer: ForgeWriter) -> None:
        self._writer = writer

    def post_comment(self, ref: IssueRef, body: str) -> int:
        try:
            return self._writer.post_comment(ref, body)
        except ForgeUnavailable:
            return self._writer.post_comment(ref, body)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


@pytest.mark.parametrize(("poller", "holds"), [(Poller, True), (CursorFirst, False)], ids=["together", "cursor first"])
def test_control_the_cursor_is_stored_with_its_rows(yard: Yard, poller: type[Poller], *, holds: bool) -> None:
    numbers = yard.opened(1)
    with yard.crew() as crew:
        yard.rest(crew)
    for count in range(1, TRANSACTIONS + 1):
        numbers += yard.opened(1)
        yard.time.advance(3600)
        for number in range(PAGE):
            yard.forge.open_issue(REPO, title=f"Change {number}", author="kim", pull_request=True)
        with yard.crew(poller=poller) as crew:
            crew.end_before_transaction(count)
            with pytest.raises(Crash):
                crew.account.poll_all()
        with yard.crew(poller=poller) as crew:
            yard.rest(crew)

    assert _only(yard.violations(numbers), "has no label", holds=holds)


@pytest.mark.parametrize("fault", [commit_then_status(500), commit_then_drop()], ids=lambda fault: fault.name)
@pytest.mark.parametrize(("writer", "holds"), [(lambda same: same, True), (Again, False)], ids=["looks", "repeats"])
def test_control_a_write_is_not_repeated_blindly(yard: Yard, fault: Action, writer: Any, *, holds: bool) -> None:
    numbers = yard.opened(2)
    yard.forge.inject(Fault(method="POST", path="/comments$", action=fault))
    with yard.crew(writer=writer) as crew:
        yard.rest(crew)

    assert _only(yard.violations(numbers), "2 comments of ours", holds=holds)


@pytest.mark.parametrize(("settle", "holds"), [(60.0, True), (0.0, False)], ids=["waits", "does not wait"])
def test_control_the_forge_is_given_time_to_finish(yard: Yard, settle: float, *, holds: bool) -> None:
    numbers = yard.opened(1)
    yard.forge.inject(Fault(method="POST", path="/comments$", action=commit_late(2)))
    with yard.crew(settle_seconds=settle) as crew:
        yard.rest(crew)

    assert _only(yard.violations(numbers), "2 comments of ours", holds=holds)


def _only(violations: list[str], harm: str, *, holds: bool) -> bool:
    """Return whether there is nothing to object to where there must not be, and this harm where there must."""
    return violations == [] if holds else any(harm in line for line in violations)
