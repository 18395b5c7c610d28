"""Which step people's deeds speak for, and that what they kept reversing waits for them until one of them lifts it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from foreman.app.ladder import suggest
from foreman.model import ActionState, IssueRef, Mode, RepoRef
from foreman.store import actions, corrections, ladder
from foreman.store.actions import NewAction, NewDecision
from foreman.store.agreement import Agreement
from foreman.store.database import Database
from tests.command import command
from tests.world import REPO, World

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("mode", "kept", "reversed_", "step"),
    [
        (Mode.SHADOW, 18, 2, Mode.APPROVE),
        (Mode.APPROVE, 20, 0, Mode.AUTO),
        (Mode.AUTO, 50, 0, None),
        (Mode.APPROVE, 19, 0, None),  # not enough yet
        (Mode.APPROVE, 17, 3, None),  # 85 %
        (Mode.AUTO, 7, 3, Mode.APPROVE),
        (Mode.AUTO, 8, 2, None),
        (Mode.AUTO, 0, 9, None),  # not enough yet
        (Mode.APPROVE, 4, 6, Mode.SHADOW),
        (Mode.APPROVE, 5, 5, None),
        (Mode.SHADOW, 0, 30, None),  # there is nothing below
    ],
)
def test_a_step_is_suggested_from_twenty_of_which_nine_in_ten_stand(
    mode: Mode, kept: int, reversed_: int, step: Mode | None
) -> None:
    counted = Agreement(action_type="comment", kept=kept, reversed=reversed_, since=NOW, shadow=mode is Mode.SHADOW)

    assert suggest(mode, counted) is step
    assert suggest(mode, None) is None


def test_what_was_thought_of_in_the_shadow_speaks_for_nothing_above_it() -> None:
    shadow = Agreement(action_type="add_label", kept=30, reversed=0, since=NOW, shadow=True)

    assert suggest(Mode.APPROVE, shadow) is None


def _done(connection: Any, number: int) -> int:
    decision = NewDecision(
        issue=IssueRef(RepoRef.parse(REPO), number),
        task_id=f"t{number}",
        agent="issue-triage",
        task_type="issue.triage",
        decision="label_and_respond",
        actions=(NewAction(type="add_label", payload={"label": "bug"}, state=ActionState.DONE),),
    )
    log_id = actions.record(connection, decision, now=datetime.now(UTC))
    return actions.entry(connection, log_id).actions[0].id


def _reverse(connection: Any, action_id: int) -> None:
    action = actions.get(connection, action_id)
    corrections.add(
        connection,
        issue=action.issue,
        kind="removed",
        action_type=action.type,
        value="bug",
        by="kim",
        action_id=action_id,
        now=datetime.now(UTC),
    )


def test_status_suggests_the_next_step_and_names_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(tmp_path)
    try:
        world.config["mode"] = "approve"
        file = world.file
        db = Database.open(Path(world.config["storage"]["path"]))
        with db.transaction() as connection:
            for number in range(1, 21):
                _done(connection, number)
        db.close()

        shown = command(capsys, "-c", file, "status")
        (rung,) = json.loads(command(capsys, "-c", file, "status", "--json").answer)["ladder"]
    finally:
        world.close()

    assert f"agreed    {REPO}: add_label 20 of 20 kept since" in shown.answer
    assert "`repos[0].policy.modes.add_label: auto` would be the next step (config.yaml:" in shown.answer
    assert (rung["kept"], rung["reversed"], rung["mode"], rung["suggested"]) == (20, 0, "approve", "auto")


def test_what_people_kept_reversing_waits_until_a_person_lifts_that(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path)
    try:
        file = world.file
        db = Database.open(Path(world.config["storage"]["path"]))
        with db.transaction() as connection:
            done = [_done(connection, number) for number in range(901, 921)]
            for action_id in done[: ladder.BOUND]:
                _reverse(connection, action_id)
        db.close()
        number = world.forge.open_issue(REPO, title="It crashes", author="kim")
        world.agent.answer = lambda task: {
            "task_id": task["task_id"],
            "decision": "label_and_respond",
            "rationale": "keywords",
            "actions": [{"type": "add_label", "label": "bug"}],
        }

        command(capsys, "-c", file, "triage", f"{REPO}#{number}")
        (waits,) = json.loads(command(capsys, "-c", file, "pending", "--json").answer)
        status = command(capsys, "-c", file, "status")
        said = command(capsys, "-c", file, "log", REPO, "--limit", 30)
        explained = command(capsys, "-c", file, "explain", waits["decision_id"])
        (own,) = [
            one for one in json.loads(command(capsys, "-c", file, "log", "--json").answer) if one["agent"] == "ladder"
        ]
        step = command(capsys, "-c", file, "explain", own["id"])
        counted = json.loads(command(capsys, "-c", file, "digest", "--json").answer)
        lift = ("-c", file, "resume", REPO, "--action", "add_label")
        lifted, again = command(capsys, *lift), command(capsys, *lift)
        after = command(capsys, "-c", file, "status")
        replayed = command(capsys, "-c", file, "replay", "--since", "1h", "--json")
    finally:
        world.close()

    assert (waits["state"], waits["reason"]) == ("held", "stepped_down")
    assert status.code == 1
    assert f"`foreman resume {REPO} --action add_label` lifts that" in status.answer
    assert "waits for a person since" in status.answer
    assert "step_down" in said.answer
    assert f"on {REPO}: step_down" in step.answer
    told = json.dumps(counted)
    assert "each add_label waits for your word, since people reversed too many" in told
    assert "step_down" not in told  # no agent decided that
    assert {one["agent"] for one in json.loads(replayed.answer)} == {"issue-triage"}
    assert f"or `foreman resume {REPO} --action add_label`" in explained.answer
    assert lifted.code == 0
    assert f"{REPO}: add_label goes by its mode again" in lifted.answer
    assert (again.code, again.answer) == (2, "")
    assert "does not wait" in again.story
    assert "nothing does anywhere" in again.story
    assert "lifts that" not in after.answer
