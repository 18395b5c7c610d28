from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from foreman.learn import Model, train
from foreman.model import RepoRef
from foreman.priors import Priors, Retraining
from foreman.priors.retraining import COMMAND, EVERY, LOOK_EVERY
from foreman.store import corrections, memory, priors
from foreman.store.database import Database
from tests.learn.corpus import LABELS
from tests.priors.conftest import NOW, TRIAGE, fill, issue_of, planned, several

POOL = "all github:o"


class Trainer:
    """Retraining with a clock that is moved by hand, and a child that is quick when a model is given."""

    def __init__(self, db: Database, command: Sequence[str] = COMMAND) -> None:
        self.db, self.now, self.stop = db, NOW, threading.Event()
        self.plans = [planned("o/plain")]
        self.retraining = Retraining(
            db=db,
            plans=lambda: self.plans,
            private=lambda _: False,
            now=lambda: self.now,
            stop=self.stop,
            command=command,
        )

    def after(self, passed: timedelta) -> datetime | None:
        """Tend after so much time; return when the model there is was trained."""
        self.now += passed
        assert not self.retraining.tend()
        with self.db.read() as connection:
            known = priors.learned(connection, POOL)
        return known.trained_at if known else None


def child(model: Model, folder: Path) -> list[str]:
    """Return the command of a child that has trained already."""
    path = folder / "model"
    path.write_bytes(model.to_bytes())
    script = "import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write(open(sys.argv[1], 'rb').read())"
    return [sys.executable, "-c", script, str(path)]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return child(train(several(90), labels=LABELS, folds=2), tmp_path_factory.mktemp("model"))


def test_a_child_of_its_own_trains_when_there_is_enough_to_learn_from(db: Database) -> None:
    trainer = Trainer(db)
    fill(db, several(19))
    assert trainer.after(timedelta(0)) is None

    fill(db, several(45))
    assert trainer.after(LOOK_EVERY / 2) is None
    assert trainer.after(LOOK_EVERY) == trainer.now
    with db.read() as connection:
        known = priors.learned(connection, POOL)
        model = Model.from_bytes(priors.load(connection, POOL) or b"")
    assert known is not None and known.facts["examples"] == 45
    assert model.labels == LABELS and model.repos == ("o/plain",)


def test_it_is_trained_again_daily_at_the_most_and_only_for_enough_new_labels(db: Database, ready: list[str]) -> None:
    trainer = Trainer(db, ready)
    fill(db, several(60))
    first = trainer.after(timedelta(0))
    assert first is not None
    fill(db, several(5, seed=2), first=100)
    assert trainer.after(EVERY) == first
    fill(db, several(7, seed=3), first=200)
    second = trainer.after(EVERY)
    assert second == trainer.now
    fill(db, several(30, seed=4), first=300)
    assert trainer.after(LOOK_EVERY) == second
    fill(db, several(60, seed=5), first=400)

    assert trainer.after(LOOK_EVERY) == trainer.now


def test_other_labels_are_learned_as_soon_as_they_are_offered(db: Database, ready: list[str]) -> None:
    trainer = Trainer(db, ready)
    fill(db, several(60))
    trainer.after(timedelta(0))
    trainer.plans = [planned("o/plain", agents=(replace(TRIAGE, config={"labels": {"bug": [], "docs": []}}),))]

    assert trainer.after(LOOK_EVERY) == trainer.now


@pytest.mark.parametrize(
    "script", ["import sys; sys.exit(3)", "print('no model')", "import os; os.kill(os.getpid(), 9)"]
)
def test_a_child_that_fails_leaves_the_old_model_and_is_tried_again_in_a_day(
    db: Database, script: str, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    count = f"open({str(runs)!r}, 'a').write('x'); "
    trainer = Trainer(db, [sys.executable, "-c", count + script])
    fill(db, several(30))
    for passed in (timedelta(0), LOOK_EVERY, EVERY / 2, EVERY):
        assert trainer.after(passed) is None

    assert runs.read_text() == "xx"


def test_a_stop_breaks_training_off(db: Database) -> None:
    trainer = Trainer(db, [sys.executable, "-c", "import time; time.sleep(600)"])
    fill(db, several(30))
    threading.Timer(0.3, trainer.stop.set).start()

    assert trainer.after(timedelta(0)) is None


def test_the_priors_of_an_issue_are_those_of_its_pool_and_of_what_is_offered(db: Database, ready: list[str]) -> None:
    trainer, asking = Trainer(db, ready), Priors(db)
    fill(db, several(60))
    bug = issue_of(several(1, seed=7)[0], 500)
    assert asking.of(bug, TRIAGE, private=False) == ()
    trainer.after(timedelta(0))

    told = asking.of(bug, TRIAGE, private=False)
    assert told[0].label == "bug" and len(told) == 3
    assert asking.of(bug, TRIAGE, private=True) == ()
    assert asking.of(replace(bug, confidential=True), TRIAGE, private=False) == ()
    few = replace(TRIAGE, config={"labels": {"question": []}})
    assert [prior.label for prior in asking.of(bug, few, private=False)] == ["question"]


def test_what_a_person_put_right_moves_the_next_answer(db: Database, ready: list[str]) -> None:
    trainer, asking = Trainer(db, ready), Priors(db)
    made = fill(db, several(60))
    trainer.after(timedelta(0))
    before = asking.of(made[0], TRIAGE, private=False)
    with db.transaction() as connection:
        corrections.add(
            connection, issue=made[0].ref, kind="removed", action_type="add_label", value="bug", now=NOW + EVERY
        )
    alike = replace(made[0], body=made[0].body + " again")
    after = asking.of(alike, TRIAGE, private=False)

    assert before[0].label == "bug" and after[0].label != "bug"


def test_a_model_of_another_version_says_nothing_until_it_is_trained_again(db: Database, ready: list[str]) -> None:
    with db.transaction() as connection:
        priors.save(connection, POOL, b"foreman-priors\nof the future", {"labels": list(LABELS), "version": 0}, NOW)
    trainer = Trainer(db, ready)
    issues = fill(db, several(60))

    assert Priors(db).of(issues[0], TRIAGE, private=False) == ()
    assert trainer.after(LOOK_EVERY) == trainer.now
    assert Priors(db).of(issues[0], TRIAGE, private=False)


def test_with_a_repository_what_was_learned_of_it_is_forgotten(db: Database) -> None:
    with db.transaction() as connection:
        for pool in (POOL, "only o/plain", "only o/other"):
            priors.save(connection, pool, b"", {}, NOW)
        assert memory.forget(connection, RepoRef.parse("o/plain"), now=NOW) == 0
        assert priors.load(connection, POOL) is None and priors.learned(connection, "only o/plain") is None
        assert priors.learned(connection, "only o/other") is not None
