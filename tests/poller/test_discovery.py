"""What a pattern stands for, and what becomes of a repository when that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from foreman.config.effective import RepoPattern
from foreman.errors import ForgeAuthError
from foreman.model import ForgeKind, RepoRef
from foreman.poller import Discovery, discovery
from foreman.sandbox import Fault, drop_before, reply
from foreman.store import discovered, polls
from tests.poller.measuring import place
from tests.rig import BOT, Rig, plan

ACME = RepoPattern(forge=ForgeKind.GITHUB, owner="acme")


@dataclass
class Finding:
    bench: Rig
    patterns: list[RepoPattern] = field(default_factory=lambda: [ACME])
    changes: int = 0
    made: Discovery | None = None

    def tend(self, *, again: bool = True) -> bool:
        """Look up, an hour later unless `again` is False."""
        if self.made is None:
            self.made = Discovery(
                db=self.bench.db,
                reader=self.bench.forge,
                patterns=lambda: self.patterns,
                changed=self._count,
                now=self.bench.clock,
            )
        elif again:
            self.bench.clock.advance(3601)
        self.bench.sandbox.clear_ledger()
        return self.made.tend()

    def _count(self) -> None:
        self.changes += 1

    def polled(self, pattern: RepoPattern = ACME) -> list[str]:
        with self.bench.db.read() as connection:
            return [repo.path for repo in discovered.polled(connection, {pattern.key})[pattern.key]]

    def skipped(self) -> dict[str, str]:
        with self.bench.db.read() as connection:
            return {one.repo.path: one.skipped for one in discovered.of_pattern(connection, ACME.key) if one.skipped}

    def state(self) -> discovered.PatternState:
        with self.bench.db.read() as connection:
            return discovered.state(connection, ACME.key)


@pytest.fixture
def finding(bench: Rig) -> Iterator[Finding]:
    for name in ("gadget", "old-thing", "locked", "code-only"):
        bench.sandbox.add_repo(f"acme/{name}", has_issues=name != "code-only")
    bench.sandbox.archive("acme/old-thing")
    bench.sandbox.disable("acme/locked")
    bench.sandbox.add_repo("acme/secret", private=True)
    bench.sandbox.add_repo("other/widget")
    yield Finding(bench)


def test_what_cannot_be_worked_on_is_left_out(finding: Finding) -> None:
    assert finding.tend()
    assert finding.polled() == ["acme/widget", "acme/gadget"]
    assert finding.skipped() == {
        "acme/old-thing": "archived",
        "acme/locked": "locked by the forge",
        "acme/code-only": "without issues",
    }
    assert [entry.path for entry in finding.bench.sandbox.ledger] == ["/users/acme", "/orgs/acme/repos"]


def test_a_pattern_is_looked_up_every_hour_and_when_it_is_new(finding: Finding) -> None:
    finding.tend()
    assert not finding.tend(again=False)
    assert finding.bench.sandbox.ledger == ()

    finding.patterns = [RepoPattern(forge=ForgeKind.GITHUB, owner="acme", include=("gad*",))]
    assert finding.tend(again=False)
    assert len(finding.bench.sandbox.ledger) == 2

    finding.bench.clock.advance(3500)
    assert not finding.tend(again=False)
    assert finding.bench.sandbox.ledger == ()
    finding.tend()
    assert len(finding.bench.sandbox.ledger) == 2


def test_patterns_that_differ_in_their_globs_alone_share_a_lookup(finding: Finding) -> None:
    finding.patterns = [
        RepoPattern(forge=ForgeKind.GITHUB, owner="acme", include=("gad*",)),
        RepoPattern(forge=ForgeKind.GITHUB, owner="acme", exclude=("gad*", "old*")),
    ]
    for _ in range(3):
        finding.tend()
        assert len(finding.bench.sandbox.ledger) == 2
        assert finding.polled() == ["acme/widget", "acme/gadget"]

    del finding.patterns[1]
    finding.tend(again=False)
    assert finding.polled() == ["acme/gadget"]


def test_the_next_process_looks_up_at_once(finding: Finding) -> None:
    finding.tend()
    finding.made = None
    assert not finding.tend()
    assert len(finding.bench.sandbox.ledger) == 2


def test_a_private_repository_is_found_once_the_bot_is_let_in(finding: Finding) -> None:
    finding.tend()
    finding.bench.sandbox.add_collaborator("acme/secret", BOT)

    assert finding.tend()
    assert finding.polled() == ["acme/widget", "acme/gadget", "acme/secret"]
    assert finding.changes == 2


@pytest.mark.parametrize(
    "lose",
    [
        lambda bench: bench.sandbox.remove_repo("acme/gadget"),
        lambda bench: bench.sandbox.archive("acme/gadget"),
        lambda bench: bench.sandbox.rename_repo("acme/gadget", "elsewhere/gadget"),
    ],
    ids=["deleted", "archived", "moved to another owner"],
)
def test_what_is_gone_is_let_go(lose: Callable[[Rig], None], finding: Finding) -> None:
    finding.tend()
    lose(finding.bench)

    assert finding.tend()
    assert finding.polled() == ["acme/widget"]
    assert not finding.tend()


def test_what_is_only_missing_from_the_list_is_asked_for_and_kept(finding: Finding) -> None:
    finding.tend()
    finding.bench.sandbox.inject(Fault(path="/orgs/acme/repos", action=reply(200, body=[])))

    assert not finding.tend()
    assert finding.polled() == ["acme/widget", "acme/gadget"]
    paths = [entry.path for entry in finding.bench.sandbox.ledger]
    assert paths[2:4] == ["/repos/acme/widget", "/repos/acme/gadget"]


def test_a_new_name_is_no_new_repository(finding: Finding) -> None:
    bench = finding.bench
    old, new = RepoRef.parse("acme/gadget"), RepoRef.parse("acme/gizmo")
    bench.plans = {old: plan(repo=old), new: plan(repo=new)}
    bench.sandbox.open_issue("acme/gadget", title="before", author="kim")
    finding.tend()
    watch = bench.poller()
    watch.poll(old)
    bench.sandbox.rename_repo("acme/gadget", "acme/gizmo")
    number = bench.sandbox.open_issue("acme/gizmo", title="after", author="kim")
    finding.tend()
    report = watch.poll(new)

    assert finding.polled() == ["acme/widget", "acme/gizmo"]
    assert (report.first, report.new_events) == (False, 1)
    assert bench.waiting() == [(number, "opened", "issue-triage")]
    with bench.db.read() as connection:
        assert polls.get(connection, old) is None


def test_two_repositories_that_change_names_are_not_taken_for_each_other(finding: Finding) -> None:
    bench = finding.bench
    finding.tend()
    bench.sandbox.rename_repo("acme/gadget", "acme/tmp")
    bench.sandbox.rename_repo("acme/widget", "acme/gadget")
    bench.sandbox.rename_repo("acme/tmp", "acme/widget")
    finding.tend()

    assert finding.polled() == ["acme/gadget", "acme/widget"]
    with bench.db.read() as connection:
        found = {one.repo.path: one.forge_id for one in discovered.of_pattern(connection, ACME.key)}
    for path in ("acme/gadget", "acme/widget"):
        assert found[path] == bench.forge.repository(RepoRef.parse(path)).id


def test_what_a_failed_lookup_found_before_stays_and_it_is_tried_again_soon(finding: Finding) -> None:
    finding.tend()
    finding.bench.sandbox.inject(Fault(path="/orgs/acme/repos", times=2, action=drop_before()))

    for failures in (1, 2):
        assert not finding.tend()
        assert finding.polled() == ["acme/widget", "acme/gadget"]
        state = finding.state()
        assert (state.failures, bool(state.last_error)) == (failures, True)
        assert state.next_at is not None
        assert state.next_at - finding.bench.clock() == timedelta(minutes=failures)
    finding.bench.clock.advance(121)
    finding.tend(again=False)
    assert finding.state().failures == 0


def test_a_refused_token_is_told(finding: Finding) -> None:
    finding.bench.sandbox.revoke(BOT)

    with pytest.raises(ForgeAuthError):
        finding.tend()


def test_thousands_are_bounded_and_told(finding: Finding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "MOST", 3)
    for n in range(120):
        finding.bench.sandbox.add_repo(f"acme/n{n:03}")
    finding.tend()

    assert finding.polled() == ["acme/widget", "acme/gadget", "acme/n000"]
    assert finding.state().cut
    assert len(finding.bench.sandbox.ledger) == 3


def test_a_users_repositories_are_the_public_ones_and_those_the_bot_was_let_into(finding: Finding) -> None:
    sandbox = finding.bench.sandbox
    sandbox.add_account("kim")
    for name, private in (("open", False), ("ours", True), ("theirs", True)):
        sandbox.add_repo(f"kim/{name}", private=private)
    sandbox.add_collaborator("kim/ours", BOT)
    pattern = RepoPattern(forge=ForgeKind.GITHUB, owner="kim")
    finding.patterns = [pattern]
    finding.tend()

    assert finding.polled(pattern) == ["kim/open", "kim/ours"]


def test_a_groups_projects_and_those_of_its_subgroups(tmp_path: Path) -> None:
    with place(tmp_path, ForgeKind.GITLAB) as bench:
        for path in ("tools/one", "tools/deep/two", "tools/deep/deeper/three", "toolsmith/four"):
            bench.sandbox.add_repo(path)
        found = {}
        for nested in (False, True):
            pattern = RepoPattern(forge=ForgeKind.GITLAB, owner="tools", nested=nested, exclude=("deep/deeper/*",))
            finding = Finding(bench, patterns=[pattern])
            finding.tend()
            found[nested] = finding.polled(pattern)

    assert found == {False: ["tools/one"], True: ["tools/one", "tools/deep/two"]}


def test_a_forge_without_patterns_is_not_asked(finding: Finding) -> None:
    finding.patterns = [RepoPattern(forge=ForgeKind.GITLAB, owner="acme")]

    assert not finding.tend()
    assert finding.bench.sandbox.ledger == ()
