"""A real database with a mirror of issues that people labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foreman.config.effective import AgentPlan, Policy, RepoPlan
from foreman.learn import Example
from foreman.model import Account, EventKind, Issue, IssueRef, RepoRef, Role
from foreman.store import mirror, mirror_facts
from foreman.store.database import Database
from foreman.store.mirror_facts import LabelChange
from tests.learn.corpus import written

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
US, ADA, ROBOT = Account(login="us", id=99), Account(login="ada", id=7), Account(login="robot", id=8, is_bot=True)
TRIAGE = AgentPlan(
    agent="issue-triage",
    events=frozenset(EventKind),
    config={"labels": {"bug": ["crash"], "feature": [], "question": []}, "stale_label": "stale"},
    policy=Policy(),
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "memory.db")
    yield database
    database.close()


def planned(key: str, **more: object) -> RepoPlan:
    plan = RepoPlan(repo=RepoRef.parse(key), enabled=True, interval_seconds=60, first_run=None, agents=(TRIAGE,))
    return replace(plan, **more)  # type: ignore[arg-type]


def issue_of(example: Example, number: int, *, confidential: bool = False) -> Issue:
    return Issue(
        ref=IssueRef(RepoRef.parse(example.repo), number),
        id=abs(hash(example.repo)) % 1000 * 10_000 + number,
        title=example.title,
        body=example.body,
        author=ADA,
        role=Role.NONE,
        state="closed",
        state_reason="completed",
        labels=tuple(sorted(example.labels)),
        created_at=example.at,
        updated_at=example.at + timedelta(hours=1),
        confidential=confidential,
    )


def fill(db: Database, examples: Sequence[Example], *, first: int = 1, by: Account | None = ADA) -> list[Issue]:
    """Mirror issues, and who labelled them."""
    made = [issue_of(example, first + at) for at, example in enumerate(examples)]
    with db.transaction() as connection:
        for issue in made:
            mirror.save(connection, issue, now=NOW)
            if by is not None:
                changes = [LabelChange(label=label, account=by, at=issue.created_at) for label in issue.labels]
                mirror_facts.note_labels(connection, issue, changes, bot_id=US.id)
    return made


def several(count: int, *, repo: str = "o/plain", seed: int = 1) -> list[Example]:
    return written(count, seed=seed, noise=0, repos=(repo,))
