"""Labels that maintainers gave are learned from, and then given without a model: from the forge to the forge."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from agents.issue_triage.agent import decide
from foreman.app.workshop import Workshop
from foreman.model import RepoRef
from foreman.poller import Backfill
from foreman.priors import Retraining, describe
from foreman.protocol import Task
from tests.end_to_end.conftest import on_both
from tests.world import REPO, World, wait_until

NAMES = {"bug": ["crash"], "question": [], "docs": []}
TITLES = {"bug": "Export stops halfway in part {}", "question": "Can anyone tell where part {} is kept?"}
BODIES = {"bug": "Half of the rows are lost, every time.", "question": "I looked in the manual of part {} in vain."}


def _real(task: dict[str, Any]) -> dict[str, Any]:
    return decide(Task.model_validate(task)).model_dump(mode="json", exclude_none=True)


def _read_the_past_and_learn(world: World, shop: Workshop) -> None:
    plans = shop.config.plans
    reader = shop.connections[world.kind].reader
    backfill = Backfill(
        db=shop.db, reader=reader, plan=lambda _: plans[0], redact=str, now=shop.now, monotonic=time.monotonic
    )
    while backfill.read_on(plans[0]).done_at is None:
        pass
    training = Retraining(
        db=shop.db, plans=lambda: plans, private=lambda _: False, now=shop.now, stop=threading.Event()
    )
    training.tend()


@on_both
def test_without_a_model_new_issues_get_the_labels_that_people_gave_to_such_ones(world: World) -> None:
    world.agent.answer = _real
    world.config["polling"]["first_run"] = "new"
    world.config["repos"][0]["agents"][0]["config"] = {"labels": NAMES}
    world.config["policy"] = {"labels": {"add": list(NAMES)}}
    for number in range(48):
        kind = ("bug", "question")[number % 2]
        world.forge.open_issue(
            REPO,
            title=TITLES[kind].format(number % 7),
            body=BODIES[kind].format(number % 5),
            author="kim",
            labels=[kind],
            at=datetime.now(UTC) - timedelta(days=100 - number),
        )
    world.once()
    with world.shop() as shop:
        _read_the_past_and_learn(world, shop)
        with shop.db.read() as connection:
            (story,) = describe(connection, shop.config.plans, private=lambda _: False)
    assert world.agent.tasks == [] and not world.effects()
    assert (story.repos, story.examples) == ((RepoRef(world.kind, REPO),), 48)
    assert all(label.threshold for label in story.told[0].labels)

    bug = world.forge.open_issue(REPO, title="Import stops halfway", author="kim", body="Rows are lost, every time.")
    other = world.forge.open_issue(
        REPO, title="Can anyone tell where a plugin is kept?", author="kim", body="In vain."
    )
    world.once()

    assert [world.forge.issue(REPO, number).labels for number in (bug, other)] == [("bug",), ("question",)]
    entry = world.entries(bug)[0]
    assert re.fullmatch(
        r"No model was asked; learned labels speak for bug \(9\d%, sure from \d\d%: [a-z, ]+\)\.", entry.rationale
    )
    assert "stops" in entry.rationale
    assert (entry.model, entry.input_tokens, entry.usd) == ("", 0, 0)

    # Not within the second in which it was opened: nobody manages that, and whole seconds would not show it.
    second = world.forge.issue(REPO, bug).created_at.replace(microsecond=0) + timedelta(seconds=1)
    wait_until(lambda: datetime.now(UTC) >= second, "the next second")
    world.forge.remove_label(REPO, bug, "bug", by="robin")
    world.once()
    alike = world.forge.open_issue(REPO, title="Import stops halfway", author="kim", body="Rows are lost, always.")
    world.once()
    assert world.forge.issue(REPO, alike).labels == ()
    assert world.agent.asked_about(alike)[-1]["context"]["label_priors"][0]["label"] != "bug"
