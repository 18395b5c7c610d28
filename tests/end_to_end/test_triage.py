"""The bundled triage agent through the real daemon: asked once ever, and triaged again when the reporter answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.issue_triage.agent import decide
from foreman.protocol import Task
from tests.agents.tasks import reply
from tests.end_to_end.conftest import on_both
from tests.gateway import Gateway, gateway
from tests.world import REPO, World

__all__ = ["gateway"]

LACKS = "This cannot be looked into yet. Please add:"


def _real(task: dict[str, Any]) -> dict[str, Any]:
    return decide(Task.model_validate(task)).model_dump(mode="json", exclude_none=True)


class Days:
    """A clock that a test turns by days."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def days() -> Days:
    """Return the clock of the world."""
    return Days()


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path, days: Days) -> Any:
    made = World(tmp_path, days, kind=getattr(request, "param", "github"))
    made.agent.answer = _real
    (agent,) = made.config["repos"][0]["agents"]
    agent["config"] |= {"needs_info_label": "needs-info", "labels": {"bug": ["crash"], "question": ["how do I"]}}
    made.config["policy"] = {"labels": {"add": ["bug", "question", "needs-info"], "remove": ["needs-info"]}}
    yield made
    made.close()


def _said(world: World, number: int) -> list[str]:
    return [said.body for said in world.forge.issue(REPO, number).comments if said.author == "acme-foreman"]


@on_both
def test_a_reporter_is_asked_once_ever_and_the_answer_is_triaged_again(world: World, days: Days) -> None:
    number = world.forge.open_issue(REPO, title="It does not work", author="kim", body="help")
    world.once()
    assert world.forge.issue(REPO, number).labels == ("needs-info",)
    (asked,) = _said(world, number)
    assert LACKS in asked

    days.ahead += timedelta(days=1, hours=1)
    world.forge.edit_issue(REPO, number, body="please help", by="kim")
    world.forge.comment(REPO, number, author="robin", body="Same here.")
    world.once()
    assert world.forge.issue(REPO, number).labels == ("needs-info",)

    days.ahead += timedelta(days=1, hours=1)
    text = "With 2.4.1 there is a crash when I press save after opening a second window: `KeyError: slot`."
    world.forge.comment(REPO, number, author="kim", body=text)
    world.once()
    assert world.forge.issue(REPO, number).labels == ("bug",)

    days.ahead += timedelta(days=1, hours=1)
    world.forge.remove_label(REPO, number, "bug", by="robin")
    world.forge.edit_issue(REPO, number, title="It does not work at all", body="", by="kim")
    world.once()
    assert world.forge.issue(REPO, number).labels == (), "a person took it off"
    assert _said(world, number) == [asked]


FIELD = "  - {{type: input, attributes: {{label: {}}}, validations: {{required: true}}}}\n"
FORMS = {
    "github": ".github/ISSUE_TEMPLATE/bug.yml",
    "gitlab": ".gitlab/issue_templates/Bug.md",
}
FORM = {
    "github": f"name: Bug\nbody:\n{FIELD.format('What happened')}{FIELD.format('Import settings')}",
    "gitlab": "## What happened (required)\n\n## Import settings (required)\n",
}
GUIDE = "# Guide\n\nWelcome.\n\n## Server\n\nIt listens on port 8000.\nTo use another, start it with `--port 9000`.\n"


@on_both
@pytest.mark.parametrize("gateway", ["tcp"], indirect=True)
def test_a_question_is_answered_with_a_line_of_the_documentation_and_a_form_is_asked_for_what_it_lacks(
    world: World, gateway: Gateway
) -> None:
    world.forge.write_file(REPO, FORMS[world.kind.value], FORM[world.kind.value])
    world.forge.write_file(REPO, "docs/guide.md", GUIDE)
    found = reply(labels=["question"], answer={"passage": 1, "quote": "To use another, start it"})
    made_up = reply(labels=["question"], answer={"passage": 1, "quote": "Set `server.port` to what you like."})
    backend = {"provider": "anthropic", "model": "m", "base_url": gateway.url, "token": "t"}
    asks = "How do I set the port of the server?"

    def told(task: dict[str, Any]) -> dict[str, Any]:
        task["context"]["llm_backend"] = backend
        gateway.replies.clear()
        gateway.says(found if "port" in task["payload"]["issue"]["title"] else made_up)
        return _real(task)

    world.agent.answer = told
    world.config["workers"] = 1
    numbers = [
        world.forge.open_issue(REPO, title=title, author="kim", body=body)
        for title, body in (
            (asks, "I would like port 9000."),
            ("And how do I set the host of the server?", "I would like another host than that of port 8000."),
            ("Crash of the import", "### What happened\n\nIt goes away.\n\n### Import settings\n\n"),
        )
    ]
    world.once()

    answered, silent, asked = ([*_said(world, number), ""][0] for number in numbers)
    assert world.forge.issue(REPO, numbers[0]).labels == ("question",)
    assert "docs/guide.md:8" in answered
    assert "> To use another, start it with `--port 9000`." in answered
    assert silent == ""
    assert world.forge.issue(REPO, numbers[1]).labels == ("question",)
    assert f"{LACKS}\n\n- Import settings" in asked
