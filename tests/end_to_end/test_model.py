"""The bundled agent as a process with a model behind the gateway: counted, recorded, replayed; a budget that holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from foreman.model import InboxState
from foreman.store import inbox, usage
from foreman.store.database import Database
from tests.end_to_end.conftest import Command
from tests.llm.providers import ProviderServer
from tests.world import REPO, World

pytestmark = [pytest.mark.xdist_group("litellm"), pytest.mark.timeout(600)]

ANSWER = {"labels": ["docs"], "comment": "", "reason": "about a page", "confidence": 0.9}
TEXT = {"title": "A strange page", "body": "The second page of the manual looks odd since Monday.", "author": "kim"}


class Day:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, 22, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def provider() -> Iterator[ProviderServer]:
    made = ProviderServer()
    yield made
    made.close()


@pytest.fixture
def day() -> Day:
    return Day()


@pytest.fixture
def world(tmp_path: Path, day: Day, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return a world whose agent asks a model about everything, with a place for records."""
    monkeypatch.setenv("FOREMAN_LLM_RECORD", str(tmp_path / "answers"))
    made = World(tmp_path, clock=day)
    made.config["agents"]["issue-triage"] = {"runtime": "process", "timeout_seconds": 120, "max_retries": 0}
    made.config["workers"] = 1
    yield made
    made.close()


def _counts(world: World) -> tuple[dict[InboxState, int], tuple[usage.UsageTotal, ...]]:
    db = Database.open(world.folder / "memory.db")
    try:
        with db.read() as connection:
            return inbox.counts(connection), usage.totals(connection)
    finally:
        db.close()


def _priced_record(folder: Path, usd: str | None) -> None:
    """Give the one record there is a price; it says from then on that a hand was in it."""
    (file,) = folder.iterdir()
    record: dict[str, Any] = json.loads(file.read_text())
    file.write_text(json.dumps({**record, "made": "by hand", "usd": usd}))


def test_a_model_is_asked_once_counted_recorded_and_replayed_and_a_spent_day_holds_what_comes_next(
    world: World, provider: ProviderServer, day: Day, foreman: Command
) -> None:
    scenario = provider.scenarios["triage"]
    scenario.text = json.dumps(ANSWER)
    base = provider.base("triage", "ollama")
    world.config["llm"] = {"provider": "ollama", "model": "llama3", "api_base": base, "when": "always"}
    world.config["polling"]["mirror_issues"] = 0  # the question is the same only where no earlier issue is told of
    number = world.forge.open_issue(REPO, **TEXT)
    world.once()

    (entry,) = world.entries(number)
    assert len([seen for seen in scenario.seen if seen.path.endswith("/chat")]) == 1
    assert (entry.input_tokens, entry.output_tokens, entry.model) == (7, 3, "llama3")
    assert world.forge.issue(REPO, number).labels == ("docs",)
    assert entry.usd is None  # the price of a model of one's own is not known
    (cost,) = json.loads(foreman("log", "--cost", "--json").answer)
    assert cost["usd"] is None
    assert foreman("log", "--cost").answer.splitlines()[1].split()[-1] == "?"

    # The same question again is answered from the record, without the provider; now it has a price.
    scenario.seen.clear()
    _priced_record(world.folder / "answers", "0.30")
    world.config["llm"] = {
        "provider": "recorded",
        "model": "llama3",
        "when": "always",
        "budget": {"usd_per_day": 0.25},
    }
    both = world.forge.open_issue(REPO, **TEXT), world.forge.open_issue(REPO, **TEXT)
    assert world.once().tasks == {"decided": 1, "held": 1}
    assert scenario.seen == []
    (third,) = [number for number in both if not world.entries(number)]
    assert sorted(world.forge.issue(REPO, number).labels for number in both) == [(), ("docs",)]

    # Nothing changes until midnight, whatever is started again; then the rest is done, and no attempt was used up.
    day.now += timedelta(hours=1)
    assert world.once().tasks == {}
    day.now += timedelta(hours=1, minutes=1)
    assert world.once().tasks == {"decided": 1}
    assert world.forge.issue(REPO, third).labels == ("docs",)
    assert [entry.attempt for entry in world.entries(third)] == [1]
    counts, totals = _counts(world)
    assert counts[InboxState.HELD] == counts[InboxState.DEAD] == 0
    assert {(total.repo, total.agent, total.model, total.calls, total.unpriced) for total in totals} == {
        (REPO, "issue-triage", "llama3", 3, 1)
    }
    assert {effect for effect in world.effects() if "comment" in effect} == set()


def test_over_the_budget_a_task_waits_and_nothing_fails(world: World, provider: ProviderServer) -> None:
    world.config["llm"] = {
        "provider": "ollama",
        "model": "llama3",
        "api_base": provider.base("triage", "ollama"),
        "budget": {"calls_per_repo_per_day": 0},
    }
    number = world.forge.open_issue(REPO, **TEXT)
    done = world.once()

    assert done.tasks == {"held": 1}
    assert provider.scenarios["triage"].seen == []
    assert world.entries(number) == ()
    counts, totals = _counts(world)
    assert counts[InboxState.HELD] == 1
    assert totals == ()
