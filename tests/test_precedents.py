"""What bears on an issue: the nearest first, and nothing that is confidential, taken back or to be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from foreman.config.effective import AgentPlan
from foreman.guidance import Guidance
from foreman.model import ForgeKind, Issue, IssueRef, RepoRef
from foreman.precedents import MOST_CORRECTIONS, Known, Precedents
from foreman.recall import Look
from foreman.store import corrections, memory, mirror, project_files
from foreman.store.database import Database
from foreman.store.project_files import ProjectFile
from tests.gate.cases import NOW, facts, make_policy

HERE = facts().issue


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "memory.db")
    yield database
    database.close()


def another(number: int, title: str, *, confidential: bool = False) -> Issue:
    ref = IssueRef(HERE.ref.repo, number)
    return replace(HERE, ref=ref, id=number, title=title, body="", confidential=confidential)


def keep(db: Database, *issues: Issue) -> None:
    with db.transaction() as connection:
        for issue in issues:
            mirror.save(connection, issue, now=NOW)


def correct(db: Database, number: int, kind: str, *, value: str = "bug", action: str = "add_label") -> None:
    with db.transaction() as connection:
        ref = IssueRef(HERE.ref.repo, number)
        corrections.add(connection, issue=ref, kind=kind, action_type=action, value=value, by="robin", now=NOW)


def known(db: Database, title: str) -> Known:
    plan = AgentPlan(agent="issue-triage", events=frozenset(), config={}, policy=make_policy())
    issue = replace(HERE, title=title, body="")
    return Precedents(db).of(Look(facts=replace(facts(), issue=issue), comments=()), plan)


def test_corrections_come_nearest_first_and_then_the_newest(db: Database) -> None:
    titles = ["Printing hangs", "Toolbar loses icons", "Export of layers crashes", "Sound is muted"]
    keep(db, *(another(1000 + place, title) for place, title in enumerate(titles)))
    for number in (1002, 1000, 1001, HERE.ref.number, 1003):
        correct(db, number, "removed")

    found = [one.correction.issue.number for one in known(db, "Layers: export crashes again").corrected]

    assert found == [HERE.ref.number, 1002, 1003, 1001, 1000]


def test_what_is_confidential_not_kept_or_forgotten_bears_on_nothing(db: Database) -> None:
    keep(db, another(1, "Layers export crashes", confidential=True), another(2, "Layers export crashes badly"))
    for number in (1, 2, 3):
        correct(db, number, "removed")
    assert [one.correction.issue.number for one in known(db, "Layers export crashes").corrected] == [2]
    assert [hit.issue.number for hit in known(db, "Layers export crashes").similar] == [2]

    with db.transaction() as connection:
        memory.forget(connection, HERE.ref.repo, now=NOW + timedelta(seconds=1))
    keep(db, another(2, "Layers export crashes badly"))

    assert known(db, "Layers export crashes").corrected == ()


def test_a_thumbs_down_that_was_taken_back_is_none(db: Database) -> None:
    keep(db, another(1, "Printing hangs"))
    for kind in ("thumbs_down", "thumbs_down_withdrawn", "thumbs_down"):
        correct(db, 1, kind, action="comment", value="")

    assert [one.correction.kind for one in known(db, "Printing").corrected] == ["thumbs_down"]


def test_versions_that_a_similar_issue_names_are_told(db: Database) -> None:
    keep(db, another(1, "Printing hangs in 2.3"), another(2, "Printing hangs"))

    found = known(db, "Printing hangs")

    assert {ref.number: named for ref, named in found.versions.items()} == {1: ("2.3",), 2: ()}


def test_there_is_an_end_to_it(db: Database) -> None:
    keep(db, *(another(number, f"Printing hangs {number}") for number in range(1000, 1020)))
    for number in range(1000, 1020):
        correct(db, number, "removed")

    found = known(db, "Printing hangs")

    assert len(found.similar) == 5
    assert len(found.corrected) == MOST_CORRECTIONS


def test_what_the_repositorys_own_files_say_is_told(db: Database) -> None:
    form = "name: Bug\nbody: [{type: input, attributes: {label: Version}, validations: {required: true}}]"
    texts = {
        "MISSION.md": "We make a drawing program.",
        ".github/ISSUE_TEMPLATE/bug.yml": form,
        "docs/export.md": "# Export\n\nLayers are exported one by one.",
        "README.md": "# Draw\n\nInstall it.",
    }
    before = known(db, "Layers are not exported")
    with db.transaction() as connection:
        for path, text in texts.items():
            file = ProjectFile(path=path, text=text, sha="a", url=f"https://x/{path}", read_at=NOW)
            project_files.save(connection, HERE.ref.repo, file)

    after = known(db, "Layers are not exported")

    assert before.guidance == Guidance()
    assert after.guidance.mission == "We make a drawing program."
    assert [one.url for one in after.guidance.passages] == ["https://x/docs/export.md?plain=1#L3"]
    assert after.guidance.form is None, "it was not written with it"


def test_nothing_of_another_repository_bears_on_an_issue(db: Database) -> None:
    title = "Layers export crashes"
    for path in ("acme/other", f"{HERE.ref.repo.path}2", HERE.ref.repo.path):
        forge = ForgeKind.GITLAB if path == HERE.ref.repo.path else ForgeKind.GITHUB
        ref = IssueRef(RepoRef(forge, path), 5)
        keep(db, replace(HERE, ref=ref, id=5, title=title, body=""))
        with db.transaction() as connection:
            corrections.add(
                connection, issue=ref, kind="removed", action_type="add_label", value="bug", by="x", now=NOW
            )
            for name in ("MISSION.md", "docs/export.md"):
                file = ProjectFile(path=name, text=f"# Export\n\n{title} here.", sha="a", url="https://x", read_at=NOW)
                project_files.save(connection, ref.repo, file)

    found = known(db, title)

    assert (found.similar, found.corrected, found.guidance) == ((), (), Guidance())
