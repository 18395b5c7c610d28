from __future__ import annotations

from pathlib import Path

import pytest

from foreman.learn import train
from foreman.model import RepoRef
from foreman.priors import describe
from foreman.priors.retraining import LEAST_EXAMPLES
from foreman.store.database import Database
from tests.learn.corpus import LABELS
from tests.priors.conftest import US, fill, planned, several
from tests.priors.test_retraining import LOOK_EVERY, Trainer, child

PLANS = [planned("o/plain"), planned("o/empty"), planned("o/secret")]


def private(repo: RepoRef) -> bool:
    return repo.path == "o/secret"


def test_before_there_is_enough_it_says_how_many_labels_are_missing(db: Database) -> None:
    fill(db, several(12))
    fill(db, several(5, seed=2), first=50, by=US)
    with db.read() as connection:
        told = describe(connection, PLANS, private=private)

    assert [(one.pool, one.examples, one.wanted, one.trained_at) for one in told] == [
        ("all github:o", 12, LEAST_EXAMPLES, None),
        ("only o/secret", 0, LEAST_EXAMPLES, None),
    ]
    assert told[0].labels == LABELS and told[0].repos == (RepoRef.parse("o/plain"), RepoRef.parse("o/empty"))


def test_afterwards_it_says_from_how_many_issues_and_how_sure(db: Database, tmp_path: Path) -> None:
    model = train(several(120), labels=LABELS, folds=2)
    trainer = Trainer(db, child(model, tmp_path))
    fill(db, several(120))
    at = trainer.after(LOOK_EVERY)
    with db.read() as connection:
        pool, _ = describe(connection, PLANS, private=private)

    assert (pool.trained_at, pool.examples) == (at, 120)
    (repo,) = pool.told
    assert (repo.repo, repo.issues) == ("o/plain", 120)
    assert 60 <= repo.right <= repo.sure <= 120
    assert [(label.label, label.issues) for label in repo.labels] == [(name, 40) for name in LABELS]
    assert [label.threshold for label in repo.labels] == pytest.approx(list(model.thresholds["o/plain"]))
