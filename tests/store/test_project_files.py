from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from foreman.model import RepoRef
from foreman.store import memory, project_files
from foreman.store.project_files import Kept, ProjectFile

HERE, THERE = RepoRef.parse("acme/widget"), RepoRef.parse("gitlab:acme/deep/widget")


def test_files_are_kept_per_repository_and_the_newest_text_wins(connection: Connection, now: datetime) -> None:
    mission = ProjectFile(path="MISSION.md", text="It counts.\0", sha="a1", url="https://x/MISSION.md", read_at=now)
    project_files.save(connection, HERE, mission)
    project_files.save(connection, HERE, replace(mission, path="README.md"))
    project_files.save(connection, THERE, replace(mission, text="elsewhere"))
    project_files.save(connection, HERE, replace(mission, text="It counts again.", sha="a2"))

    assert [(file.path, file.text, file.sha) for file in project_files.all(connection, HERE)] == [
        ("MISSION.md", "It counts again.", "a2"),
        ("README.md", "It counts.", "a1"),
    ]
    assert project_files.keep_only(connection, HERE, {"README.md"}) == 1
    assert project_files.kept(connection, HERE) == {
        "README.md": Kept(url="https://x/MISSION.md", sha="a1", chars=10),
    }
    assert project_files.forget(connection, HERE) == 1
    assert list(project_files.kept(connection, THERE)) == ["MISSION.md"]


def test_it_is_kept_when_they_were_looked_at_and_what_was_in_the_way(connection: Connection, now: datetime) -> None:
    assert project_files.reading(connection, HERE) is None

    project_files.note(connection, HERE, wanted=["README.md"], trouble="403", now=now)
    project_files.note(connection, THERE, wanted=[], now=now)

    found = project_files.reading(connection, HERE)
    assert found is not None
    assert (found.read_at, found.wanted, found.trouble) == (now, ("README.md",), "403")
    assert [(each.repo, each.trouble) for each in project_files.readings(connection)] == [(HERE, "403"), (THERE, "")]


def test_what_is_forgotten_of_a_repository_is_read_anew(connection: Connection, now: datetime) -> None:
    for repo in (HERE, THERE):
        file = ProjectFile(path="MISSION.md", text="x", sha="a1", url="", read_at=now)
        project_files.save(connection, repo, file)
        project_files.note(connection, repo, wanted=[], now=now)

    memory.forget(connection, HERE, now=now)

    assert project_files.kept(connection, HERE) == {}
    assert [each.repo for each in project_files.readings(connection)] == [THERE]
