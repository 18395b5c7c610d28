from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foreman.model import Account, ActionState, Issue, IssueRef, RepoRef, Role
from foreman.store import actions, breakers, discovered, mirror, mirror_facts, mirror_text, polls, priors, quotas
from foreman.store.actions import NewAction, NewDecision
from foreman.store.database import Database
from foreman.store.mirror_facts import LabelFact
from tests.world import REPO


@pytest.fixture
def store(world):
    """Return a world's database, made and open."""
    db = Database.open(Path(world.config["storage"]["path"]))
    yield db
    db.close()


def test_when_all_is_well_it_says_so_in_one_screen(own_demo, run) -> None:
    # One of the samples is a report of a security hole.
    (left,) = json.loads(run("status", "--json", config=own_demo.config).answer)["attention"]
    assert "#23 may report a security hole in public" in left
    assert run("seen", re.search(r"seen (\d+)", left)[1], config=own_demo.config).code == 0
    done = run("status", config=own_demo.config)
    facts = json.loads(run("status", "--json", config=own_demo.config).answer)

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
    entries = json.loads(run("log", "--json", "--limit", 1000, config=own_demo.config).answer)
    states = [action["state"] for entry in entries for action in entry["actions"]]
    assert facts["actions"] == {state: states.count(state) for state in facts["actions"]}
    assert facts["actions"]["done"] > 10
    assert facts["inbox"]["dead"] == 0
    assert facts["spend"] == {
        "usd": 0.0,
        "budget_usd": 2.0,
        "calls": 0,
        "unpriced": 0,
        "saved_tasks": 0,
        "saved_usd": 0.0,
    }


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


def test_a_quota_and_the_slower_pace_it_brings_are_shown_until_it_is_filled_again(world, store, run) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    reset = now + timedelta(minutes=40)
    told = quotas.QuotaState(
        scope="account:github", limit=5000, remaining=700, reset_at=reset, told_at=now, stretch=2.54
    )
    with store.transaction() as connection:
        quotas.save(connection, told)
        polls.save(
            connection,
            polls.PollState(repo=RepoRef.parse(REPO), last_poll_at=now, last_ok_at=now, interval_seconds=153),
        )
    low = run("status", config=world.file)
    facts = json.loads(run("status", "--json", config=world.file).answer)
    with store.transaction() as connection:
        quotas.save(connection, replace(told, reset_at=now - timedelta(seconds=1)))
    full = run("status", config=world.file)

    assert "quota     github: 700 of 5,000 requests left until " in low.answer
    assert "; looks 2.5 times less often" in low.answer
    assert (facts["quotas"][0]["name"], facts["quotas"][0]["remaining"], facts["quotas"][0]["slowed"]) == (
        "github",
        700,
        2.5,
    )
    assert facts["repos"][0]["polled_every_seconds"] == 153
    assert low.code == 0
    assert "5,000 of 5,000 requests left\n" in full.answer
    assert "less often" not in full.answer


def test_a_pattern_is_shown_with_what_it_stands_for(world, run) -> None:
    world.config["repos"] = [world.repo("acme/*")]
    for name in ("gadget", "old"):
        world.forge.add_repo(f"acme/{name}")
    world.forge.archive("acme/old")
    before = run("status", config=world.file)
    once = run("run", "--once", config=world.file)
    after = run("status", config=world.file)
    facts = json.loads(run("status", "--json", config=world.file).answer)

    assert before.code != 0
    assert once.code == 0
    assert "pattern   acme/*: 2 repositories, 1 archived; looked up " in after.answer
    assert [repo["repo"] for repo in facts["repos"]] == [REPO, "acme/gadget"]
    assert facts["patterns"][0]["skipped"] == {"archived": 1}


def test_a_pattern_that_needs_a_person_is_named(world, store, run) -> None:
    world.config["repos"].append(world.repo("acme/*"))
    with store.transaction() as connection:
        discovered.save_state(
            connection, discovered.PatternState(pattern="acme/*", failures=3, last_error="404", cut=True)
        )
        for number, skipped in enumerate(["", "beyond the 2000 of a pattern", "archived"]):
            discovered.save(
                connection,
                discovered.Found(
                    pattern="acme/*",
                    repo=RepoRef.parse(f"acme/n{number}"),
                    forge_id=number,
                    skipped=skipped,
                    seen_at=datetime.now(UTC),
                ),
            )
    done = run("status", "--json", config=world.file)

    assert done.code == 1
    assert json.loads(done.answer)["attention"] == [
        "acme/* could not be looked up 3 times in a row: 404",
        "acme/* takes no more than 1 repositories, 1 are left out: narrow it by `include`, or part it",
    ]


def test_of_hundreds_only_those_with_trouble_are_shown_one_by_one(world, store, run) -> None:
    world.config["repos"] = [world.repo(f"acme/n{number}") for number in range(60)]
    with store.transaction() as connection:
        polls.save(connection, polls.PollState(repo=RepoRef.parse("acme/n7"), failures=1, last_error="503"))
    done = run("status", config=world.file)

    assert "acme/n7 " in done.answer
    assert "acme/n8 " not in done.answer
    assert "59 more repositories without trouble" in done.answer


def test_a_close_that_was_announced_is_shown_with_its_time(world, store, run) -> None:
    close = NewAction(
        type="close",
        payload={"type": "close", "reason": "duplicate", "duplicate_of": 1},
        state=ActionState.PLANNED,
        not_before=datetime(2031, 1, 2, 3, 4, tzinfo=UTC),
    )
    logged = NewDecision(
        issue=IssueRef.parse(f"{REPO}#2"),
        task_id="announced",
        agent="issue-triage",
        task_type="issue.triage",
        decision="close",
        actions=(close,),
    )
    with store.transaction() as connection:
        actions.record(connection, logged, now=datetime.now(UTC))

    told = run("status", config=world.file).answer
    assert f"{REPO}#2 closes as a duplicate of #1 in " in told
    assert " h (2031-01-02 03:04 UTC) unless somebody objects (`foreman reject 1` stops it)" in told


def test_what_was_learned_of_labels_is_told_and_how_much_is_missing(world, store, run) -> None:
    now = datetime.now(UTC)
    world.config["repos"] += [world.repo("acme/new"), world.repo("acme/empty"), world.repo("other/known")]
    by = {"by_id": 7, "at": now}
    with store.transaction() as connection:
        for number in range(1, 16):
            ref = IssueRef(RepoRef.parse("acme/new"), number)
            seen = Issue(
                ref=ref,
                id=number,
                title="t",
                body="",
                author=Account(login="kim", id=5),
                role=Role.NONE,
                state="closed",
                labels=("bug",) if number > 1 else (),
                created_at=now,
                updated_at=now,
                url="",
            )
            mirror.save(connection, mirror_text.clean(seen, str), now=now)
        ours = (LabelFact(label="bug", by="us", **by),)
        mirror_facts.set_label_facts(connection, IssueRef(RepoRef.parse("acme/new"), 2), ours)
        proof = {"issues": 40, "sure": 20, "right": 19, "labels": [["bug", 25, 0.8], ["docs", 0, None]]}
        facts = {"examples": 40, "labels": ["bug", "docs"], "proofs": {"acme/widget": proof}}
        priors.save(connection, "only acme/widget", b"", facts, now)
        priors.save(connection, "all github:other", b"", {"examples": 21, "labels": ["bug"], "proofs": {}}, now)

    lines = run("status", config=world.file).answer.splitlines()
    shown = [line for line in lines if line.startswith("learned") or " sure of " in line]
    told = json.loads(run("status", "--json", config=world.file).answer)["learned"]

    assert shown == [
        "learned   all github:other: 21 labelled issues, but too few of each label",
        f"learned   only acme/widget: 1 label from 40 issues on {now:%Y-%m-%d}",
        "          sure of 50% without a model, right in 95% of these",
        "learned   acme/new: not enough labels yet, 13 of 20 issues",
    ]
    assert [(one["issues"], one["wanted"], one["sure"]) for one in told] == [
        (21, 20, None),
        (40, 20, 0.5),
        (13, 20, None),
        (0, 20, None),
    ]
