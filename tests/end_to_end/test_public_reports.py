"""A security hole that somebody reports in public: nothing is written there, and a person is told what to answer."""

from __future__ import annotations

import json

import pytest

from foreman.store import project_files
from foreman.store.database import Database
from foreman.store.project_files import ProjectFile
from tests.end_to_end.conftest import Command, on_both
from tests.world import REPO, World, decision

POLICY = "https://example.org/acme/widget/SECURITY.md"
EVERYTHING = (
    {"type": "add_label", "label": "bug"},
    {"type": "comment", "body": "Thanks! Which version is that?"},
    {"type": "close", "reason": "not_planned"},
)


@on_both
@pytest.mark.parametrize("answer", ["eager", "escalate"])
def test_nothing_is_written_whatever_the_agent_says_and_a_person_gets_a_draft(
    world: World, foreman: Command, answer: str
) -> None:
    world.config["policy"] = {"allow_close": True}
    world.agent.answer = lambda task: (
        decision(task, *EVERYTHING) if answer == "eager" else decision(task, decision="escalate")
    )
    world.forge.open_issue(
        REPO, title="SQL injection in the search form", body="`' OR 1=1 --` gives all rows.", author="kim"
    )
    world.once()
    (entry,) = world.entries()

    assert world.effects() == []
    assert {action.reason for action in entry.actions} == ({"security_report"} if answer == "eager" else set())
    told = f"{world.key()}#1 may report a security hole in public (`foreman explain {entry.id}`"
    assert told in foreman("status").answer
    without = json.loads(foreman("explain", entry.id, "--json").answer)["draft"]
    assert ("Report a vulnerability" in without) == (world.kind == "github")
    assert ("confidential" in without) == (world.kind == "gitlab")

    db = Database.open(world.folder / "memory.db")
    with db.transaction() as connection:
        file = ProjectFile(path="SECURITY.md", text="Write to us.", sha="1", url=POLICY, read_at=world.clock())
        project_files.save(connection, entry.issue.repo, file)
    db.close()
    explained = foreman("explain", entry.id).answer
    draft = json.loads(foreman("explain", entry.id, "--json").answer)["draft"]
    assert "a draft of what you may tell the reporter" in explained
    assert f"the way SECURITY.md describes: {POLICY}" in draft
    assert "@kim" in draft
    assert "OR 1=1" not in draft
    assert foreman("seen", entry.id).code == 0
    assert told not in foreman("status").answer
    assert world.effects() == []
