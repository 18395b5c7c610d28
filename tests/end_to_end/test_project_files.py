"""What a repository says of itself reaches the agent, on both forges; what cannot be read is not there."""

from __future__ import annotations

import json

from foreman.sandbox import Fault, reply
from tests.command import Command
from tests.end_to_end.conftest import on_both
from tests.world import REPO, World, decision

TOKEN = "ghp_" + "Zz9y" * 9
FORM = {
    "github": (
        ".github/ISSUE_TEMPLATE/bug.yml",
        """
name: Bug
body:
  - {type: input, attributes: {label: Version}, validations: {required: true}}
  - {type: textarea, attributes: {label: Steps}, validations: {required: true}}
""",
    ),
    "gitlab": (".gitlab/issue_templates/Bug.md", "## Version (required)\n\n## Steps (required)\n"),
}
GUIDE = "# Guide\n\nWelcome.\n\n## Exporting\n\nTo export layers, choose *File > Export layers*.\n"
TITLE, BODY = "Export of layers hangs", "### Version\n\n1.4\n\n### Steps\n\n_No response_\n"


def stock(world: World) -> None:
    path, form = FORM[world.kind.value]
    mission = f"<!-- for us: {TOKEN} -->We make a drawing program. Old token: {TOKEN}.\n"
    for name, text in (("MISSION.md", mission), ("docs/guide.md", GUIDE), (path, form)):
        world.forge.write_file(REPO, name, text)
    world.config["repos"][0]["agents"][0]["config"]["instructions"] = "Be brief."


@on_both
def test_mission_form_and_documentation_reach_the_agent_of_a_dry_run_and_of_the_daemon(
    world: World, foreman: Command
) -> None:
    stock(world)
    world.agent.answer = decision
    number = world.forge.open_issue(REPO, title=TITLE, author="kim", body=BODY)
    world.forge.clear_ledger()

    assert foreman("triage", f"{world.key()}#{number}", "--dry-run", "--json").code == 0
    again = world.forge.open_issue(REPO, title=TITLE, author="kim", body=BODY)
    world.once()

    first, _ = world.agent.asked_about(number)
    (second,) = world.agent.asked_about(again)
    assert (first["context"]["instructions"], first["context"]["docs"]) == (
        second["context"]["instructions"],
        second["context"]["docs"],
    )
    told = second["context"]["instructions"]
    assert told.startswith("We make a drawing program. Old token: [secret removed].")
    assert told.endswith("Be brief.")
    assert TOKEN[4:] not in json.dumps(world.agent.tasks)
    (passage,) = second["context"]["docs"]
    assert (passage["path"], passage["line"], passage["heading"]) == ("docs/guide.md", 7, "Guide > Exporting")
    assert passage["text"] == "To export layers, choose *File > Export layers*."
    assert passage["url"].startswith(f"{world.forge.url}/{REPO}/")
    assert passage["url"].endswith("/docs/guide.md?plain=1#L7")
    form = second["payload"]["issue"]["form"]
    assert (form["required"], form["missing"]) == (["Version", "Steps"], ["Steps"])
    assert world.effects() == []


def test_files_that_cannot_be_read_keep_nobody_from_deciding(world: World, foreman: Command) -> None:
    stock(world)
    world.forge.write_file(REPO, "README.md", b"\xff\xfe\x00binary")
    world.forge.write_file(REPO, "docs/huge.md", "word " * 60_000)
    world.forge.inject(Fault(path="contents|repository", action=reply(403), times=None))
    number = world.forge.open_issue(REPO, title=TITLE, author="kim", body=BODY)

    world.once()
    checked = json.loads(foreman("check", "--json").answer)["findings"]

    (task,) = world.agent.asked_about(number)
    assert (task["context"]["instructions"], task["context"]["docs"]) == ("Be brief.", [])
    assert task["payload"]["issue"]["form"] is None
    assert world.states(number) == [("add_label", "done")]
    (files,) = [one for one in checked if one["what"].endswith(" files")]
    assert files["result"] == "warn"
    assert "MISSION.md" in files["text"]


@on_both
def test_the_bundled_agent_asks_for_the_field_of_the_form_that_was_left_empty(world: World) -> None:
    stock(world)
    world.config["agents"] = {"issue-triage": {"runtime": "process"}}
    world.config["repos"][0]["agents"][0]["config"]["needs_info_label"] = "needs-info"
    number = world.forge.open_issue(REPO, title="Crash", author="kim", body="### Version\n\n1.4\n\n### Steps\n\n")

    world.once()

    (said,) = world.forge.issue(REPO, number).comments
    assert "- Steps" in said.body.splitlines()
    assert "- Version" not in said.body.splitlines()
    assert "needs-info" in world.forge.issue(REPO, number).labels
