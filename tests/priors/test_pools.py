from __future__ import annotations

from dataclasses import replace

import pytest

from foreman.config.effective import Policy
from foreman.learn import Correction
from foreman.model import RepoRef
from foreman.priors import pools
from foreman.priors.pools import CORRECTED_WEIGHT, Pool
from foreman.store import corrections, mirror
from foreman.store.database import Database
from tests.priors.conftest import ADA, NOW, ROBOT, TRIAGE, US, fill, issue_of, planned, several

HERE = RepoRef.parse("o/plain")
POOL = Pool(key="all github:o", repos=(HERE,), labels=("bug", "feature", "question"))


def test_an_owners_public_repositories_learn_together_and_a_private_one_by_itself() -> None:
    plans = [planned("o/a"), planned("O/b"), planned("o/secret"), planned("p/a"), planned("gitlab:o/sub/c")]
    found = pools.pools(plans, private=lambda repo: "secret" in repo.path)

    assert {pool.key: [repo.key for repo in pool.repos] for pool in found} == {
        "all github:o": ["o/a", "O/b"],
        "all github:p": ["p/a"],
        "all gitlab:o": ["gitlab:o/sub/c"],
        "only o/secret": ["o/secret"],
    }


@pytest.mark.parametrize(
    ("config", "add", "labels"),
    [
        ({"labels": {"bug": [], "stale": []}, "stale_label": "stale"}, (), ("bug",)),
        ({"labels": {"bug": []}}, ("bug", "docs"), ("bug",)),
        ({"needs_info_label": "info"}, ("docs", "info"), ("docs",)),
        ({"labels": None}, (), ()),
        ({"labels": ["bug"]}, (), ()),
    ],
)
def test_categories_are_the_labels_with_keywords_or_else_what_may_be_added(
    config: dict[str, object], add: tuple[str, ...], labels: tuple[str, ...]
) -> None:
    plan = replace(TRIAGE, config=config, policy=Policy(labels_add=add))

    assert pools.categories(plan) == labels


def test_what_is_switched_off_or_offers_no_labels_learns_nothing() -> None:
    bare = replace(TRIAGE, config={})
    plans = [planned("o/a", enabled=False), planned("o/b", agents=(bare,)), planned("o/c", agents=())]

    assert pools.pools(plans, private=lambda _: False) == ()


def test_only_what_people_labelled_is_an_example(db: Database) -> None:
    fill(db, several(3), by=ADA)
    fill(db, several(3, seed=2), first=11, by=US)
    fill(db, several(3, seed=3), first=21, by=ROBOT)
    before_us = fill(db, several(3, seed=4), first=31, by=None)
    with db.transaction() as connection:
        mirror.save(connection, issue_of(several(1, seed=5)[0], 41, confidential=True), now=NOW)
        mirror.save(connection, replace(issue_of(several(1, seed=6)[0], 42), labels=()), now=NOW)
        found = pools.examples(connection, POOL)

    titles = {issue.title for issue in before_us} | {one.title for one in several(3)}
    assert len(found) == 6 and {one.title for one in found} == titles


def test_what_a_person_put_right_counts_more_and_is_told_at_once(db: Database) -> None:
    made = fill(db, several(4))
    with db.transaction() as connection:
        for kind, action, value in (("removed", "add_label", "bug"), ("added", "add_label", "question")):
            corrections.add(connection, issue=made[1].ref, kind=kind, action_type=action, value=value, now=NOW)
        corrections.add(connection, issue=made[2].ref, kind="undone", action_type="comment", now=NOW)
        weights = {one.title: one.weight for one in pools.examples(connection, POOL)}
        said = pools.corrections_since(connection, HERE, NOW)
        late = pools.corrections_since(connection, HERE, NOW.replace(year=2027))

    assert weights[made[1].title] == CORRECTED_WEIGHT and weights[made[2].title] == 1.0
    text = {"repo": "o/plain", "title": made[1].title, "body": made[1].body}
    assert said == (
        Correction(label="question", fits=True, **text),
        Correction(label="bug", fits=False, **text),
    )
    assert late == ()
