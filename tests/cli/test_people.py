"""Approving, refusing, taking back: on a real forge over HTTP, with and without a daemon."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from foreman.store.database import Database
from foreman.store.lease import DaemonLease
from tests.world import REPO, decision, wait_until

BODY = "Which version is that?\n\n```\n--version\n```"


@pytest.fixture
def waiting(world, run):
    """Return a world in which a label and a comment on one issue wait for a person."""
    world.config["mode"] = "approve"
    world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.agent.answer = lambda task: decision(
        task, {"type": "add_label", "label": "bug"}, {"type": "comment", "body": BODY}
    )
    assert run("run", "--once", config=world.file).code == 0
    assert world.effects() == []
    return world


def held(world, run) -> list[dict]:
    return json.loads(run("pending", "--json", config=world.file).answer)


def test_pending_shows_exactly_what_would_be_sent(waiting, run) -> None:
    label, comment = held(waiting, run)
    people = run("pending", REPO, config=waiting.file)

    assert (label["type"], label["payload"]["label"], label["reason"]) == ("add_label", "bug", "mode_approve")
    assert BODY in comment["payload"]["body"]
    assert label["explanation"]
    assert people.code == 0
    for one in (label, comment):
        assert f"{one['id']}:{one['hash'][:8]}  {REPO}#1" in people.answer
    for line in comment["payload"]["body"].splitlines():
        assert f"    | {line}\n" in people.answer
    assert run("pending", "acme/other", config=waiting.file).answer == "nothing waits for a person\n"


def test_what_is_approved_is_done_at_once_and_nothing_else(waiting, run) -> None:
    label, comment = held(waiting, run)

    done = run("approve", f"{label['id']}:{label['hash'][:8]}", config=waiting.file)

    assert (done.code, done.answer) == (0, f"{REPO}#1: +bug: done\n")
    assert waiting.forge.issue(REPO, 1).labels == ("bug",)
    assert [one["id"] for one in held(waiting, run)] == [comment["id"]]

    (posted,) = json.loads(run("approve", comment["id"], "--json", config=waiting.file).answer)
    assert posted["state"] == "done"
    assert posted["approved_by"]
    (on_forge,) = waiting.forge.issue(REPO, 1).comments
    assert BODY in on_forge.body


def test_what_is_rejected_is_never_done_and_remembered(waiting, run) -> None:
    label, comment = held(waiting, run)

    done = run("reject", label["id"], comment["id"], "--because", "not a crash", config=waiting.file)
    run("run", "--once", config=waiting.file)

    assert done.code == 0
    assert done.answer.splitlines() == [f"{REPO}#1: +bug: denied, rejected", f"{REPO}#1: comment: denied, rejected"]
    assert waiting.effects() == []
    corrections = [row for row in json.loads(run("memory", "export", config=waiting.file).answer) if "because" in row]
    assert [row["because"] for row in corrections] == ["not a crash"] * 2
    assert "rejected: add_label bug" in run("memory", "show", f"{REPO}#1", config=waiting.file).answer


def test_one_wrong_id_and_nothing_is_approved(waiting, run) -> None:
    label, comment = held(waiting, run)
    run("reject", comment["id"], config=waiting.file)

    done = run(
        "approve", label["id"], comment["id"], "99", "bug", f"{label['id']}:00000000", f"{label['id']}:1",
        config=waiting.file,
    )  # fmt: skip

    assert done.code == 2
    for text in (
        f"action {comment['id']} is denied, it does not wait for a person",
        "there is no action 99",
        "'bug' is no id",
        f"action {label['id']} is not the one that was shown as '00000000'",
        f"action {label['id']} is not the one that was shown as '1'",
    ):
        assert text in done.story
    assert waiting.effects() == []
    assert [one["id"] for one in held(waiting, run)] == [label["id"]]


def test_an_approval_while_paused_waits_and_says_so(waiting, run) -> None:
    label, _ = held(waiting, run)
    run("pause", config=waiting.file)

    done = run("approve", label["id"], config=waiting.file)

    assert done.code == 1
    assert "+bug: planned" in done.answer
    assert "done by the next `foreman run`" in done.answer
    assert waiting.effects() == []
    run("resume", config=waiting.file)
    assert run("run", "--once", config=waiting.file).code == 0
    assert len(waiting.effects()) == 1


def test_while_a_daemon_runs_it_does_what_is_approved_and_the_command_waits(waiting, run) -> None:
    label, _ = held(waiting, run)
    path = waiting.config["storage"]["path"]
    with waiting.running():
        wait_until(lambda: DaemonLease.holder(Path(path)) is not None, "the daemon has its lease")
        status = json.loads(run("status", "--json", config=waiting.file).answer)
        done = run("approve", label["id"], config=waiting.file)

        assert done.code == 0, done.story
        assert done.answer == f"{REPO}#1: +bug: done\n"
        assert status["daemon_pid"] == DaemonLease.holder(Path(path))
        undone = run("undo", label["decision_id"], "--yes", config=waiting.file)
        assert "-bug: done" in undone.answer
    assert waiting.forge.issue(REPO, 1).labels == ()


def test_undo_shows_its_plan_first_and_leaves_alone_what_a_person_changed(world, run) -> None:
    for title in ("It crashes", "It crashes too"):
        world.forge.open_issue(REPO, title=title, author="kim")
    run("run", "--once", config=world.file)
    world.forge.remove_label(REPO, 2, "bug", by="kim")

    plan = run("undo", "--since", "1h", "--repo", REPO, "--json", config=world.file)
    facts = json.loads(plan.answer)
    assert plan.code == 0
    assert [(step["issue"], step["type"]) for step in facts["steps"]] == [(f"{REPO}#1", "remove_label")]
    assert [(one["issue"], one["why"]) for one in facts["left"]] == [(f"{REPO}#2", "label bug is gone already")]
    assert facts["carried_out"] is None
    assert world.forge.issue(REPO, 1).labels == ("bug",)

    done = run("undo", "--since", "1h", "--yes", config=world.file)
    assert done.code == 0
    assert world.forge.issue(REPO, 1).labels == ()
    again = run("undo", facts["steps"][0]["decision_id"], "--yes", config=world.file)
    assert again.answer == "there is nothing to take back\n"
    explained = json.loads(run("explain", facts["steps"][0]["decision_id"], "--json", config=world.file).answer)
    assert explained["undone_by"]
    assert explained["actions"][0]["state"] == "undone"


def test_undo_works_on_the_demo_and_its_forge_keeps_it(own_demo, run) -> None:
    (entry,) = json.loads(run("log", "acme/widget#12", "--json", config=own_demo.config).answer)

    shown = json.loads(run("undo", entry["id"], "--json", config=own_demo.config).answer)
    assert {step["type"] for step in shown["steps"]} == {"edit_comment", "remove_label"}
    done = run("undo", entry["id"], "--delete-comments", "--yes", "--json", config=own_demo.config)

    assert done.code == 0
    carried = json.loads(done.answer)["carried_out"]
    assert {(action["type"], action["state"]) for action in carried} == {
        ("delete_comment", "done"),
        ("remove_label", "done"),
    }
    again = json.loads(run("undo", entry["id"], "--json", config=own_demo.config).answer)
    assert again["steps"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say what to take back: decisions by ID, or --since"),
        (["1", "--since", "2h"], "say what to take back"),
        (["--since", "soon"], "'soon' is no time"),
        (["--since", "2h", "--repo", "acme/widget#1"], "is an issue: a repository is meant"),
        (["4711"], "there is no decision 4711 in the log"),
        (["9" * 30], "ID"),
    ],
)
def test_undo_of_what_is_not_there_is_wrong_usage(arguments, message, demo, run) -> None:
    done = run("undo", *arguments, config=demo.config)

    assert (done.code, done.answer) == (2, "")
    assert message in done.story


def test_behind_another_command_that_ends_it_is_done_here_after_all(waiting, run) -> None:
    label, _ = held(waiting, run)
    path = Path(waiting.config["storage"]["path"])
    db = Database.open(path)
    lease = DaemonLease.acquire(db, path, holder="another command")

    def end_when_it_is_queued() -> None:
        try:
            wait_until(lambda: ("add_label", "planned") in waiting.states(1), "it is queued")
        finally:
            lease.release()

    other = threading.Thread(target=end_when_it_is_queued)
    other.start()
    try:
        done = run("approve", label["id"], config=waiting.file)
    finally:
        other.join()
        db.close()

    assert (done.code, done.answer) == (0, f"{REPO}#1: +bug: done\n")
    assert len(waiting.effects()) == 1
