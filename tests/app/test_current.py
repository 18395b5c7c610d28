from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foreman.app.current import CurrentConfig
from foreman.config.load import load
from foreman.model import RepoRef
from foreman.store import discovered, polls
from foreman.store.database import Database
from foreman.store.discovered import Found

BASE = """
identity: {github_token: "${GITHUB_TOKEN}", github_user: bot}
defaults: {agents: [{type: issue-triage}]}
mode: %s
"""


@pytest.fixture
def current(tmp_path: Path) -> Iterator[CurrentConfig]:
    (tmp_path / "base.yaml").write_text(BASE % "shadow")
    (tmp_path / "main.yaml").write_text("extends: base.yaml\nrepos: [{owner: acme, name: widget}]\n")
    source = tmp_path / "main.yaml"
    database = Database.open(tmp_path / "memory.db")
    yield CurrentConfig(load(source), source=source, db=database, now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    database.close()


def mode(current: CurrentConfig) -> str:
    (plan,) = current.plans
    return plan.agents[0].policy.mode.value


def test_a_reload_reads_the_files_below_again(current, tmp_path: Path) -> None:
    assert mode(current) == "shadow"

    (tmp_path / "base.yaml").write_text(BASE % "approve")

    assert current.reload()
    assert mode(current) == "approve"


def test_a_fault_in_a_file_below_leaves_all_as_it_was(current, tmp_path: Path) -> None:
    for broken in (BASE % "fast", "extends: main.yaml", None):
        if broken is None:
            (tmp_path / "base.yaml").unlink()
        else:
            (tmp_path / "base.yaml").write_text(broken)

        assert not current.reload()
        assert mode(current) == "shadow"


NOW = datetime(2026, 1, 1, tzinfo=UTC)
WIDGET = RepoRef.parse("acme/widget")


def test_nobody_waits_out_an_interval_that_was_made_shorter(current, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE % "shadow" + "polling: {interval_seconds: 86400}\n")
    assert current.reload()
    failing, other = RepoRef.parse("acme/failing"), RepoRef.parse("other/one")
    with current._db.transaction() as connection:
        for repo, failures in ((WIDGET, 0), (failing, 2), (other, 0)):
            later = NOW + timedelta(hours=20)
            polls.save(connection, polls.PollState(repo=repo, next_poll_at=later, failures=failures))
    (tmp_path / "base.yaml").write_text(BASE % "shadow" + "polling: {interval_seconds: 30}\n")
    assert current.reload()

    with current._db.read() as connection:
        waits = {state.repo: state.next_poll_at - NOW for state in polls.all(connection)}
    assert waits == {WIDGET: timedelta(minutes=5), failing: timedelta(hours=20), other: timedelta(hours=20)}


def test_what_a_pattern_stands_for_has_a_plan_until_it_is_gone(current, tmp_path: Path) -> None:
    found = Found(pattern="acme/*", repo=WIDGET, forge_id=7, skipped="", seen_at=NOW)
    (tmp_path / "main.yaml").write_text("extends: base.yaml\nrepos: [{owner: acme, name: '*'}]\n")
    assert current.reload()
    before = ([plan.repo for plan in current.plans], current.plan_of(WIDGET))
    with current._db.transaction() as connection:
        discovered.save(connection, found)
    current.rediscovered()
    there = ([plan.repo for plan in current.plans], current.plan_of(WIDGET))
    with current._db.transaction() as connection:
        discovered.save(connection, replace(found, gone_at=NOW))
    current.rediscovered()
    gone = ([plan.repo for plan in current.plans], current.plan_of(WIDGET))

    # What no lookup has come by yet is not polled, but may be asked for by hand.
    assert before[0] == []
    assert before[1] is not None
    assert there[0] == [WIDGET]
    assert there[1] is not None
    assert gone == ([], None)
    assert current.plan_of(RepoRef.parse("elsewhere/widget")) is None
