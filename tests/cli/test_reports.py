"""`--html` and `--csv` of `foreman backtest` and `replay`: files beside the answer, refused before the work begins."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.world import REPO, World, decision

TITLE = "=It crashes <script>alert(1)</script>"


@pytest.fixture
def done_with(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """An issue that was decided about and that a person closed since."""
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path / "data"))
    world.forge.add_account("mira")
    world.forge.add_collaborator(REPO, "mira", permission="write")
    world.agent.answer = lambda task: decision(task, {"type": "add_label", "label": "bug"}, confidence=0.9)
    number = world.forge.open_issue(REPO, title=TITLE, body="Always.", author="kim")
    world.once()
    world.forge.close_issue(REPO, number, by="mira", reason="completed")
    world.once()
    return world


@pytest.mark.parametrize(
    ("command", "head"),
    [
        (("backtest", REPO), "Backtest of issue-triage on acme/widget"),
        (("replay", "--since", "1h"), "Replay of 1 decision"),
    ],
)
def test_a_page_and_rows_are_left_beside_the_answer(done_with, run, tmp_path, command, head) -> None:
    page, rows = tmp_path / "a page.html", tmp_path / "rows.csv"

    done = run(*command, "--json", "--html", page, "--csv", rows, config=done_with.file)

    assert done.code == 0
    assert json.loads(done.answer)
    assert f"written: {page}" in done.story
    assert f"written: {rows}" in done.story
    shown = page.read_text(encoding="utf-8")
    assert f"<h1>{head}</h1>" in shown
    assert "<script>" not in shown
    assert done_with.token not in shown
    with rows.open(newline="") as file:
        (row,) = csv.DictReader(file, strict=True)
    assert row["title"] == f"'{TITLE}"


def test_replay_says_in_a_table_what_would_be_done_and_how_right_that_is(done_with, run) -> None:
    done_with.agent.answer = lambda task: decision(task, {"type": "add_label", "label": "docs"}, confidence=0.8)

    shown = run("replay", "--since", "1h", config=done_with.file).answer

    cells = [line.split() for line in shown.splitlines()]
    assert ["THEN", "NOW"] in cells
    assert ["label", "precision", "1.00", "0.00"] in cells
    assert "beside the labels that stand on 1 closed issue\n" in shown
    assert shown.endswith("1 decision made again: 1 differs\n")


def test_a_place_that_cannot_be_written_to_is_refused_before_anything_is_asked(done_with, run, tmp_path) -> None:
    asked = len(done_with.agent.tasks)

    for command in (("backtest", REPO), ("replay", "--since", "1h")):
        done = run(*command, "--html", tmp_path / "no such folder" / "x.html", config=done_with.file)
        assert (done.code, done.answer) == (2, "")
        assert "no such folder: make it first" in done.story
    assert len(done_with.agent.tasks) == asked
