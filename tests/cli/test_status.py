from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foreman.model import ActionState, IssueRef, RepoRef
from foreman.store import actions, breakers, polls
from foreman.store.actions import NewAction, NewDecision
from foreman.store.database import Database
from tests.world import REPO


@pytest.fixture
def store(world):
    """Return a world's database, made and open."""
    db = Database.open(Path(world.config["storage"]["path"]))
    yield db
    db.close()


def test_when_all_is_well_it_says_so_in_one_screen(demo, run) -> None:
    done = run("status", config=demo.config)
    facts = json.loads(run("status", "--json", config=demo.config).answer)

    assert (done.code, done.story) == (0, "")
    assert len(done.answer.splitlines()) < 24
    assert "daemon    not running" in done.answer
    assert "agent     issue-triage: well" in done.answer
    assert facts["attention"] == []
    (repo,) = facts["repos"]
    assert (repo["repo"], repo["enabled"], repo["failing"], repo["paused"]) == ("acme/widget", True, False, False)
    assert repo["modes"] == {"issue-triage": "auto"}
    assert repo["lag_seconds"] >= 0
    assert facts["daemon_pid"] is None
    entries = json.loads(run("log", "--json", "--limit", 1000, config=demo.config).answer)
    states = [action["state"] for entry in entries for action in entry["actions"]]
    assert facts["actions"] == {state: states.count(state) for state in facts["actions"]}
    assert facts["actions"]["done"] > 10
    assert facts["inbox"]["dead"] == 0
    assert facts["spend"] == {"usd": 0.0, "budget_usd": 2.0, "calls": 0, "unpriced": 0}


def _unknown(connection, now) -> None:
    decision = NewDecision(
        issue=IssueRef.parse(f"{REPO}#1"),
        task_id="t",
        agent="issue-triage",
        task_type="issue.triage",
        decision="label",
        actions=(NewAction(type="add_label", payload={"label": "bug"}, state=ActionState.UNKNOWN),),
    )
    actions.record(connection, decision, now=now)


def _failing(connection, now) -> None:
    state = polls.PollState(
        repo=RepoRef.parse(REPO), last_poll_at=now, last_ok_at=now - timedelta(minutes=5), failures=4, last_error="503"
    )
    polls.save(connection, state)


def _refused(connection, now) -> None:
    breakers.open_until(connection, "account:github", until=now + timedelta(minutes=5), reason="401", now=now)


def _ill(connection, now) -> None:
    breakers.quarantine(connection, "agent:issue-triage", reason="answers nonsense", now=now)


def _flood(connection, now) -> None:
    breakers.open_until(connection, "flood", until=now + timedelta(minutes=5), reason="900 writes", now=now)


@pytest.mark.parametrize(
    ("trouble", "line"),
    [
        (_unknown, "1 sent with unknown outcome: look on the forge (`foreman log --status unknown`)"),
        (_failing, f"{REPO} could not be polled 4 times in a row: 503"),
        (_refused, "github refuses the bot's token (401): put a valid one into the environment"),
        (_ill, "agent issue-triage is kept away from work: answers nonsense (`foreman agent test issue-triage`)"),
        (
            _flood,
            "all writing stops: 900 writes (`foreman log` shows what was done, `foreman pause` keeps it stopped)",
        ),
    ],
)
def test_what_needs_a_person_is_named_with_what_to_do_and_code_1(trouble, line, world, store, run) -> None:
    with store.transaction() as connection:
        trouble(connection, datetime.now(UTC))

    people = run("status", config=world.file)
    done = run("status", "--json", config=world.file)

    assert (people.code, done.code) == (1, 1)
    assert f"needs a person:\n  {line}\n" in people.answer
    assert json.loads(done.answer)["attention"] == [line]


def test_one_failed_poll_is_shown_but_needs_nobody_yet(world, store, run) -> None:
    now = datetime.now(UTC)
    world.config["polling"]["interval_seconds"] = 60
    with store.transaction() as connection:
        state = polls.PollState(
            repo=RepoRef.parse(REPO), last_poll_at=now, last_ok_at=now, failures=1, last_error="503 from the forge"
        )
        polls.save(connection, state)

    done = run("status", config=world.file)

    assert done.code == 0
    assert "503 from the forge" in done.answer


def test_a_disabled_repository_needs_nobody(world, store, run) -> None:
    world.config["repos"].append(world.repo("acme/resting", enabled=False))
    with store.transaction() as connection:
        polls.save(connection, polls.PollState(repo=RepoRef.parse("acme/resting"), failures=9, last_error="gone"))

    done = run("status", config=world.file)

    assert done.code == 0
    assert "disabled" in done.answer
