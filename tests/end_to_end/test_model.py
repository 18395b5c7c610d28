"""The bundled agent as a process with a model behind the gateway: one call, counted; a budget that holds."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from foreman.model import InboxState
from foreman.store import inbox, usage
from foreman.store.database import Database
from tests.llm.providers import ProviderServer
from tests.world import REPO, World

pytestmark = [pytest.mark.xdist_group("litellm"), pytest.mark.timeout(240)]


@pytest.fixture
def provider() -> Iterator[ProviderServer]:
    made = ProviderServer()
    yield made
    made.close()


@pytest.fixture
def with_model(world: World, provider: ProviderServer) -> World:
    world.config["llm"] = {
        "provider": "ollama",
        "model": "llama3",
        "api_base": provider.base("triage", "ollama"),
        "when": "always",
        "timeout_seconds": 60,
    }
    world.config["agents"]["issue-triage"] = {"runtime": "process", "timeout_seconds": 120, "max_retries": 0}
    return world


def test_a_model_is_asked_once_through_the_gateway_and_its_tokens_are_counted(
    with_model: World, provider: ProviderServer
) -> None:
    provider.scenarios["triage"].text = json.dumps(
        {"labels": ["docs"], "comment": "", "rationale": "about a page", "confidence": 0.9}
    )
    number = with_model.forge.open_issue(REPO, title="A strange page", body="x" * 50, author="kim")
    with_model.once()

    (entry,) = with_model.entries(number)
    chats = [seen for seen in provider.scenarios["triage"].seen if seen.path.endswith("/chat")]
    assert len(chats) == 1
    assert (entry.input_tokens, entry.output_tokens) == (7, 3)
    assert with_model.forge.issue(REPO, number).labels == ("docs",)
    assert entry.usd is None  # the price of a model of one's own is not known
    assert entry.model == "llama3"


def test_over_the_budget_a_task_waits_and_nothing_fails(with_model: World, provider: ProviderServer) -> None:
    with_model.config["llm"]["budget"] = {"calls_per_repo_per_day": 0}
    number = with_model.forge.open_issue(REPO, title="A strange page", author="kim")
    done = with_model.once()

    assert done.tasks == {"held": 1}
    assert provider.scenarios["triage"].seen == []
    assert with_model.entries(number) == ()
    db = Database.open(with_model.folder / "memory.db")
    with db.read() as connection:
        assert inbox.counts(connection)[InboxState.HELD] == 1
        assert usage.totals(connection) == ()
    db.close()
