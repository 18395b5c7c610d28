"""What an agent may be shown of a closed issue in a backtest: nothing that happened after it was opened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from foreman.app.past import Past
from foreman.config.load import load
from foreman.model import Account, Issue, IssueRef, RepoRef, Role
from foreman.store import corrections, mirror, mirror_facts, mirror_text
from foreman.store.database import Database
from foreman.store.mirror_facts import LabelFact

REPO = RepoRef.parse("acme/widget")
DAY = timedelta(days=1)
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
KINDS = {"bug": "the renderer crashes with a traceback", "question": "how do I set the width of a column"}
LATER = BEGAN + 500 * DAY


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "memory.db")
    yield opened
    opened.close()


def _keep(db: Database, number: int, at: datetime, **more: Any) -> None:
    values: dict[str, Any] = {
        "title": f"Report {number}",
        "body": "text",
        "state": "closed",
        "state_reason": "completed",
        "closed_at": at + 2 * DAY,
        "updated_at": at + 2 * DAY,
    }
    issue = Issue(
        ref=IssueRef(REPO, number),
        id=number,
        author=Account(login="reporter", id=5),
        role=Role.NONE,
        created_at=at,
        url="",
        **(values | more),
    )
    with db.transaction() as connection:
        mirror.save(connection, mirror_text.clean(issue, str), now=at)


def _fact(db: Database, number: int, label: str, at: datetime, by: Any = "person") -> None:
    with db.transaction() as connection:
        ref = IssueRef(REPO, number)
        facts = (*mirror_facts.label_facts(connection, ref), LabelFact(label=label, by_id=7, by=by, at=at))
        mirror_facts.set_label_facts(connection, ref, facts)


def _past(db: Database, tmp_path: Path) -> Past:
    path = tmp_path / "config.yaml"
    path.write_text(
        "identity: {github_token: '${T}', github_user: me}\nllm: {provider: none}\nrepos:\n- path: acme/widget\n"
        "  agents:\n  - {type: issue-triage, config: {labels: {bug: [crash], question: [how do]}}}\n"
    )
    config = load(path)
    plan = config.plan_of(REPO)
    assert plan is not None
    return Past(db, REPO, plan.agents[0], config)


def _shown(db: Database, tmp_path: Path, number: int) -> Any:
    past = _past(db, tmp_path)
    (issue,) = [one for one in past.closed(limit=100, since=None) if one.issue.number == number]
    then = past.then(issue)
    return then, past.known(then)


def test_another_issue_is_shown_as_it_stood_when_this_one_was_opened(db, tmp_path) -> None:
    text = {"title": "Crash in render", "body": "the renderer crashes"}
    now = BEGAN + 10 * DAY
    _keep(db, 1, BEGAN, **text, labels=("bug",))  # closed before, not touched since
    _keep(db, 2, BEGAN, **text, labels=("bug", "wontfix"), updated_at=LATER)  # closed before, a label put on later
    _fact(db, 2, "bug", BEGAN + DAY)
    _fact(db, 2, "wontfix", now + DAY)
    late = {"closed_at": now + DAY, "updated_at": now + DAY}
    _keep(db, 3, BEGAN, **text, labels=("bug",), **late, state_reason="not_planned")  # open then, as far as is known
    _keep(db, 4, now, **text)
    _keep(db, 5, now + DAY, **text)  # later

    then, known = _shown(db, tmp_path, 4)

    told = {hit.issue.number: (hit.state, hit.state_reason, hit.labels) for hit in known.similar}
    assert told == {
        1: ("closed", "completed", ("bug",)),
        2: ("closed", "completed", ("bug",)),
        3: ("open", "", ()),
    }
    assert then.look.comments == then.look.history == ()
    assert known.corrected == ()


def test_nothing_is_learned_from_a_label_before_it_was_put_on(db, tmp_path) -> None:
    now = BEGAN + 100 * DAY
    kinds = list(KINDS.items())
    for number in range(1, 61):
        label, words = kinds[number % 2]
        _keep(db, number, BEGAN + number * DAY, title=f"{words} {number}", body=words, labels=(label,))
        _fact(db, number, label, now + DAY)
    _keep(db, 61, now, title=KINDS["bug"], body=KINDS["bug"], labels=("bug",))
    _keep(db, 62, now + 2 * DAY, title=KINDS["bug"], body=KINDS["bug"], labels=("bug",))

    before, after = _shown(db, tmp_path, 61)[1], _shown(db, tmp_path, 62)[1]

    assert before.priors == ()
    assert after.priors[0].label == "bug"
    assert after.priors[0].probability > 0.7


def test_a_bots_label_is_no_truth_and_teaches_nothing(db, tmp_path) -> None:
    for number in range(1, 41):
        _keep(db, number, BEGAN + number * DAY, title=KINDS["bug"], labels=("bug",))
        _fact(db, number, "bug", BEGAN + number * DAY, by=("bot", "us")[number % 2])

    then, known = _shown(db, tmp_path, 40)

    assert (then.truth.labels, then.truth.known) == (frozenset(), True)
    assert known.priors == ()


def test_what_happens_later_changes_nothing_of_what_was_shown(db, tmp_path) -> None:
    """So an answer that was paid for is not asked for again, and a run that goes on is told what it was told."""
    kinds = list(KINDS.items())
    for number in range(1, 41):
        label, words = kinds[number % 2]
        _keep(db, number, BEGAN + number * DAY, title=f"{words} {number}", labels=(label,))
    _keep(db, 50, BEGAN + 60 * DAY, title="the renderer crashes")
    then, known = _shown(db, tmp_path, 50)

    for number in range(60, 90):
        _keep(db, number, LATER + number * DAY, title=f"Other {number}", labels=("new-label",))
    _keep(db, 40, BEGAN + 40 * DAY, title=f"{KINDS['bug']} 40", labels=("bug",), updated_at=LATER)
    with db.transaction() as connection:
        ref = IssueRef(REPO, 3)
        corrections.add(
            connection, issue=ref, kind="removed", action_type="add_label", value="question", by="m", now=LATER
        )
    again, known_again = _shown(db, tmp_path, 50)

    assert again.digest == then.digest
    assert known_again.priors == known.priors
    assert len(known.priors) == 2
    _keep(db, 30, BEGAN + 30 * DAY, title="Another text altogether", labels=("bug",), updated_at=LATER)
    assert _shown(db, tmp_path, 50)[0].digest != then.digest
