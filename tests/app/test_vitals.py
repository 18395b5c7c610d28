from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from foreman.app.gauges import MOST_REPOS
from foreman.app.vitals import Life, StoreVitals
from foreman.config.effective import RepoPlan
from foreman.counting import MOST_SERIES
from foreman.llm.base import ModelCall
from foreman.model import EventKind, ForgeKind, IssueRef, RepoRef
from foreman.server.page import exposition
from foreman.store import breakers, controls, inbox, polls
from foreman.store.database import Database
from foreman.store.polls import PollState
from foreman.store.usage import UsageStore
from tests.server.conftest import fetch
from tests.world import World, wait_until

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
ONE = RepoRef(ForgeKind.GITHUB, "acme/one")
TWO = RepoRef(ForgeKind.GITHUB, "acme/two")


def plan(repo: RepoRef, *, enabled: bool = True) -> RepoPlan:
    return RepoPlan(repo=repo, enabled=enabled, interval_seconds=60, first_run=None, agents=())


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "memory.db")
    yield database
    database.close()


def vitals(db: Database, *plans: RepoPlan, stopping: bool = False) -> StoreVitals:
    return StoreVitals(
        db=db,
        plans=lambda: plans or (plan(ONE), plan(TWO)),
        agents=("issue-triage",),
        life=Life(stopping=lambda: stopping),
        now=lambda: NOW,
    )


def wrong(found: StoreVitals) -> dict[str, str]:
    return {check.name: check.detail for check in found.checks() if not check.ok}


def test_everything_is_well_before_the_first_poll(db: Database) -> None:
    assert wrong(vitals(db)) == {}
    assert [check.name for check in vitals(db).checks()] == [
        "daemon",
        "disk",
        "database",
        "writes",
        "account:github",
        "polls:github",
        "agent:issue-triage",
    ]


def test_a_stop_a_refused_token_and_a_quarantined_agent_are_named(db: Database) -> None:
    with db.transaction() as connection:
        breakers.open_until(
            connection, "account:github", until=NOW + timedelta(minutes=5), reason="wrong token", now=NOW
        )
        breakers.quarantine(connection, "agent:issue-triage", reason="it crashes", now=NOW)
        breakers.quarantine(connection, "agent:not-at-work", reason="it crashes", now=NOW)

    assert wrong(vitals(db, stopping=True)) == {
        "daemon": "it is being stopped",
        "account:github": "wrong token",
        "agent:issue-triage": "it crashes",
    }


def test_a_part_that_hangs_and_a_database_that_refuses_are_named(db: Database) -> None:
    life = Life(stopping=lambda: False, hanging=lambda: "work:1 hangs", trouble=lambda: "no space left")
    ill = StoreVitals(db=db, plans=lambda: (), agents=(), life=life, now=lambda: NOW)

    assert wrong(ill) == {"daemon": "work:1 hangs", "database": "no space left"}


def test_one_lost_repository_is_no_reason_not_to_be_ready_but_all_are(db: Database) -> None:
    lost = PollState(repo=ONE, failures=9, last_error="no such repository", last_ok_at=NOW - timedelta(hours=1))
    with db.transaction() as connection:
        polls.save(connection, lost)
        polls.save(connection, PollState(repo=TWO, last_ok_at=NOW))
    partly = wrong(vitals(db))

    assert partly == {}
    assert wrong(vitals(db, plan(ONE), plan(TWO, enabled=False))) == {
        "polls:github": "no repository can be read; acme/one: no such repository"
    }


def test_every_metric_says_what_the_store_says(db: Database) -> None:
    with db.transaction() as connection:
        for number in (1, 2):
            inbox.enqueue(
                connection,
                issue=IssueRef(ONE, number),
                agent="issue-triage",
                task_type="issue.triage",
                event=EventKind.OPENED,
                event_key=f"k{number}",
                now=NOW - timedelta(seconds=90),
            )
        late = PollState(
            repo=ONE, failures=2, last_ok_at=NOW - timedelta(seconds=300), next_poll_at=NOW - timedelta(seconds=7)
        )
        polls.save(connection, late)
        polls.save(connection, PollState(repo=TWO, last_ok_at=NOW, next_poll_at=NOW + timedelta(seconds=60)))
        controls.pause(connection, "acme/two", "kim", NOW)
        breakers.quarantine(connection, "agent:issue-triage", reason="it crashes", now=NOW)
        breakers.quarantine(connection, "ladder:acme/one!add_label", reason="people reversed 5", now=NOW)
    for started in (NOW, NOW - timedelta(days=1)):
        UsageStore(db).record(
            ModelCall(
                task_id="t",
                repo="acme/one",
                agent="issue-triage",
                provider="anthropic",
                model="m",
                input_tokens=1000,
                output_tokens=50,
                cached_tokens=0,
                usd=Decimal("0.25"),
                started_at=started,
                duration_ms=5,
                error="",
            )
        )

    text = exposition(vitals(db).metrics())[0].decode()

    model = 'agent="issue-triage",model="m",provider="anthropic",repo="acme/one"'
    for line in (
        'foreman_inbox_items{state="ready"} 2.0',
        'foreman_inbox_items{state="dead"} 0.0',
        "foreman_inbox_oldest_ready_seconds 90.0",
        'foreman_actions{state="held"} 0.0',
        "foreman_writes_last_hour 0.0",
        'foreman_poll_age_seconds{repo="acme/one"} 300.0',
        'foreman_poll_lag_seconds{repo="acme/one"} 7.0',
        'foreman_poll_lag_seconds{repo="acme/two"} 0.0',
        'foreman_poll_failures{repo="acme/one"} 2.0',
        'foreman_breaker_open{scope="agent:issue-triage"} 1.0',
        'foreman_stepped_down{action="add_label",repo="acme/one"} 1.0',
        'foreman_paused{scope="acme/two"} 1.0',
        f"foreman_model_calls_today{{{model}}} 1.0",
        f"foreman_model_input_tokens_today{{{model}}} 1000.0",
        f"foreman_model_usd_today{{{model}}} 0.25",
        f"foreman_start_time_seconds {NOW.timestamp()}",
    ):
        name, _, value = line.rpartition(" ")
        shown = [row for row in text.splitlines() if row.startswith(f"{name} ")]
        assert [float(row.rpartition(" ")[2]) for row in shown] == [float(value)], line
    assert 'scope="ladder:' not in text


@pytest.mark.parametrize(("number", "named"), [(MOST_REPOS, True), (MOST_REPOS + 1, False)])
def test_repositories_are_named_only_while_they_are_few_and_the_numbers_are_there_all_the_same(
    db: Database, number: int, named: bool
) -> None:
    repos = [RepoRef(ForgeKind.GITHUB, f"acme/r{n}") for n in range(number)]
    with db.transaction() as connection:
        for repo in repos:
            polls.save(connection, PollState(repo=repo, last_ok_at=NOW - timedelta(seconds=9), next_poll_at=NOW))
            breakers.quarantine(connection, f"ladder:{repo.key}!close", reason="people reversed 3", now=NOW)
        controls.pause(connection, repos[0].key, "kim", NOW)
        controls.pause(connection, "all", "kim", NOW)
    metrics = {metric.name: metric for metric in vitals(db, *(plan(repo) for repo in repos)).metrics()}

    shown = {sample.labels["repo"] for one in metrics.values() for sample in one.samples if "repo" in sample.labels}
    assert shown == ({repo.key for repo in repos} if named else {""})
    assert {sample.labels["scope"] for sample in metrics["foreman_paused"].samples} == {
        "all",
        repos[0].key if named else "repo",
    }
    assert sum(sample.value for sample in metrics["foreman_stepped_down"].samples) == number
    assert [sample.value for sample in metrics["foreman_repos"].samples] == [number]
    assert [sample.value for sample in metrics["foreman_poll_age_max_seconds"].samples] == [9.0]


def test_a_model_that_is_called_something_else_in_each_answer_fills_no_memory(db: Database) -> None:
    for number in range(MOST_SERIES + 20):
        UsageStore(db).record(
            ModelCall(
                task_id="t",
                repo="acme/one",
                agent="issue-triage",
                provider="evil\n",
                model=f"m{number}",
                input_tokens=1,
                output_tokens=1,
                cached_tokens=0,
                usd=None,
                started_at=NOW,
                duration_ms=5,
                error="",
            )
        )
    (today,) = (metric for metric in vitals(db).metrics() if metric.name == "foreman_model_calls_today")

    assert len(today.samples) == MOST_SERIES + 1
    assert sum(sample.value for sample in today.samples) == MOST_SERIES + 20
    assert {sample.labels["provider"] for sample in today.samples} == {"evil_"}


def test_what_a_reload_has_just_brought_is_not_late(db: Database) -> None:
    looked_after, now = [plan(ONE)], NOW
    long_running = StoreVitals(
        db=db, plans=lambda: looked_after, agents=(), life=Life(stopping=lambda: False), now=lambda: now
    )
    assert wrong(long_running) == {}
    now += timedelta(hours=2)
    with db.transaction() as connection:
        polls.save(connection, PollState(repo=ONE, last_ok_at=now, next_poll_at=now + timedelta(seconds=60)))
    looked_after.append(plan(TWO))
    just_now = wrong(long_running)
    now += timedelta(seconds=59)
    soon = wrong(long_running)
    now += timedelta(minutes=3)
    late = wrong(long_running)

    assert (just_now, soon) == ({}, {})
    assert late["polls:github"].startswith("1 of 2 repositories should have been polled long ago, acme/two first")


def test_the_handbook_lists_every_metric_and_no_other(db: Database, project: Path) -> None:
    own = {metric.name for metric in vitals(db).metrics()}
    text = (project / "docs" / "operations.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(foreman_[a-z_]+)`", text, re.MULTILINE)) == own


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def started_at(world: World) -> str:
    """Return the health server's address, by the daemon's own log."""
    for line in world.log.splitlines():
        if "health_server_started" in line:
            return str(json.loads(line)["url"])
    return ""


def test_the_daemon_serves_it_and_a_second_one_on_the_port_ends_with_one_line(world: World) -> None:
    world.config["server"] = {"enabled": True, "port": 0}
    with world.running():
        url = wait_until(lambda: started_at(world), "the health server's address")
        ready = wait_until(lambda: (answer := fetch(url, "/healthcheck/ready")).status == 200 and answer, "readiness")
        metrics = fetch(url, "/metrics").body

    assert ready.data["checks"]["account:github"] is True
    assert 'foreman_poll_failures{repo="acme/widget"} 0.0' in metrics

    with socket.create_server(("127.0.0.1", 0)) as taken:
        world.config["server"]["port"] = taken.getsockname()[1]
        second = subprocess.run(
            [sys.executable, "-m", "foreman.cli.main", "--config", str(world.file), "run"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert second.returncode == 2
    assert "server.port" in second.stderr
    assert "Traceback" not in second.stderr
