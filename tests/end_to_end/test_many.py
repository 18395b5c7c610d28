"""Many repositories by one entry: patterns, `defaults` and a file that is extended, down to the forge's ledger."""

from __future__ import annotations

import json

import yaml

from tests.end_to_end.conftest import Command, on_both
from tests.world import BOT, REPO, World


@on_both
def test_each_repository_of_an_owner_gets_what_its_entry_says(world: World, foreman: Command) -> None:
    for name in ("gadget", "own", "legacy-thing"):
        world.forge.add_repo(f"acme/{name}", labels=["bug", "question"])
        world.forge.add_collaborator(f"acme/{name}", BOT, permission="write")
    usual = world.repo("acme/*")["agents"]
    below = {
        **world.config,
        "defaults": {"agents": usual, "mode": "auto", "polling": {"first_run": 100}},
        "repos": [world.repo("acme/own", mode="shadow")],
    }
    del below["repos"][0]["agents"]
    (world.folder / "base.yaml").write_text(yaml.safe_dump(below))
    pattern = {"forge": world.kind.value, "owner": "acme", "name": "*", "exclude": ["legacy-*"]}
    world.config = {"extends": "base.yaml", "storage": world.config["storage"], "repos": [pattern]}
    for name in ("widget", "gadget", "own", "legacy-thing"):
        world.forge.open_issue(f"acme/{name}", title="It crashes", author="kim")

    world.once()

    assert sorted(world.effects()) == ["label+ bug acme/gadget#1", "label+ bug acme/widget#1"]
    assert {(entry.issue.repo.path, entry.mode) for entry in world.entries()} == {
        ("acme/widget", "auto"),
        ("acme/gadget", "auto"),
        ("acme/own", "shadow"),
    }
    shown = json.loads(foreman("config", "show", world.key("acme/gadget"), "--json").answer)
    assert shown["entry"] == f"{world.key('acme/any').removesuffix('any')}* (not legacy-*)"
    assert shown["agents"][0]["settings"][0]["level"] == "defaults"
    assert foreman("config", "show", world.key("acme/legacy-thing")).code == 2


def test_a_repository_of_a_pattern_has_one_spelling(world: World, foreman: Command) -> None:
    world.config["repos"] = [world.repo("acme/*", polling={"first_run": 100})]
    world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.once()

    done = foreman("triage", "Acme/Widget#1")

    assert (done.code, "Acme/Widget is spelled acme/widget" in done.story) == (2, True)
    assert foreman("triage", f"{REPO}#1").code == 0


def test_a_pause_holds_however_the_name_is_spelled(world: World, foreman: Command) -> None:
    world.config["repos"] = [world.repo("acme/*", polling={"first_run": 100})]
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")

    assert foreman("pause", "ACME/Widget").code == 0
    world.once()
    assert world.states(number) == [("add_label", "planned")]

    assert "resumed" in foreman("resume", "acme/WIDGET").answer
    world.once()
    assert world.states(number) == [("add_label", "done")]
