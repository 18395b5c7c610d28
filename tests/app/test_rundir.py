"""The folder of a run, and what a run that was killed left behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from foreman.app.rundir import is_bounded, owner_of, run_folder, visitor
from foreman.errors import ConfigError


def test_it_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    with run_folder(tmp_path, owner="o" * 16, alone=True, containers=False) as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700

    assert list(tmp_path.iterdir()) == []


def test_a_database_whose_path_is_no_text_has_an_owner_too() -> None:
    assert owner_of(Path(os.fsdecode(b"/caf\xe9/memory.db"))) != owner_of(Path("/cafe/memory.db"))


def test_what_a_killed_run_left_is_cleared_by_the_next_one_of_the_same_owner_alone(tmp_path: Path) -> None:
    left, others = tmp_path / "foreman-oooooooo-killed", tmp_path / "foreman-pppppppp-running"
    (left / "gateway").mkdir(parents=True)
    others.mkdir()
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "foreman-oooooooo-link"
    link.symlink_to(tmp_path / "elsewhere")

    with run_folder(tmp_path, owner="o" * 16, alone=False, containers=False):
        assert left.exists()
    with run_folder(tmp_path, owner="o" * 16, alone=True, containers=False):
        assert not left.exists()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", link.name, others.name]


def test_what_may_have_left_containers_is_kept_until_the_engine_can_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    left = tmp_path / "foreman-oooooooo-killed"
    left.mkdir()
    (left / "containers").touch()

    with run_folder(tmp_path, owner="o" * 16, alone=True, containers=True) as folder:
        assert left.exists()
        assert (folder / "containers").exists()


def test_a_place_that_is_not_there_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match="FOREMAN_RUN_DIR"),
        run_folder(tmp_path / "nowhere", owner="o" * 16, alone=True, containers=False),
    ):
        pass


def test_a_database_has_one_name_and_a_visitor_a_new_one(tmp_path: Path) -> None:
    assert owner_of(tmp_path / "a" / ".." / "m.db") == owner_of(tmp_path / "m.db") != owner_of(tmp_path / "n.db")
    assert visitor() != visitor()


def test_two_databases_that_are_seen_under_one_path_have_two_names(tmp_path: Path) -> None:
    """As in two containers, each with a volume of its own at the same place."""
    (tmp_path / "state").mkdir()
    one = owner_of(tmp_path / "state" / "m.db")
    (tmp_path / "state").rename(tmp_path / "elsewhere")
    (tmp_path / "state").mkdir()

    assert owner_of(tmp_path / "state" / "m.db") != one


def test_a_disk_is_no_place_that_an_agent_may_fill(tmp_path: Path) -> None:
    assert not is_bounded(tmp_path)
    assert not is_bounded(tmp_path / "nowhere")


def test_the_systemd_unit_keeps_sockets_where_it_may_write_and_the_engine_can_see_them(project: Path) -> None:
    unit = (project / "foreman.service").read_text()

    assert "ProtectSystem=strict" in unit  # so nothing can be written but what is named
    assert "\nRuntimeDirectory=foreman\n" in unit
    assert "FOREMAN_RUN_DIR=/run/foreman" in unit
