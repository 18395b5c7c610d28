"""Every command block of README and docs is typed, page by page, as a reader would; what it shows, it prints."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.documents import pages
from tests.documents.stage import Stage, missing, steps

_PROJECT = Path(__file__).parent.parent.parent
_TYPED = {
    page.relative_to(_PROJECT).as_posix(): [block for block in pages.blocks(page) if block.language in pages.COMMANDS]
    for page in pages.pages(_PROJECT)
}
_FROM_NOTHING = {"README.md", "docs/getting-started.md"}
"""Pages that begin before there is a token and a configuration."""

MOST_NOT_RUN = 10
"""So many blocks may be left out, each with its reason beside it."""


@pytest.mark.xdist_group("documents")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name, blocks in _TYPED.items() if any(not b.not_run for b in blocks)])
def test_the_commands_of_a_page_do_what_it_says(name, recorded, untouched, tmp_path, project) -> None:
    state = tmp_path / "forge.json"
    shutil.copy(untouched, state)
    home = tmp_path / "home"
    stage = Stage(home, recorded.folder, state, project)
    typed = [step for block in _TYPED[name] if not block.not_run for step in steps(block)]

    with stage.open():
        begins = name in _FROM_NOTHING
        if not begins:
            stage.configure()
        printed = stage.type(typed, folder=stage.checkout if begins else stage.clone, token=not begins)

    told = "\n".join(printed.values())
    last = typed[min(len(printed), len(typed)) - 1]
    assert "end" in printed, f"{last.place} failed: {told[-2000:]}"
    assert "Traceback" not in told
    for number, step in enumerate(typed):
        gone = missing(step.expected, printed[str(number)])
        assert not gone, f"{step.place} does not print {gone!r} but\n{printed[str(number)]}"


def test_what_is_not_run_says_why_and_is_little() -> None:
    every = [block for blocks in _TYPED.values() for block in blocks]
    left_out = {block.place: block.not_run for block in every if block.not_run}
    print(*(f"not run: {place}: {reason}" for place, reason in left_out.items()), sep="\n")

    assert len(every) > 12
    assert len(left_out) <= MOST_NOT_RUN, left_out
    assert [place for place, reason in left_out.items() if len(reason.split()) < 4] == []


def test_what_the_readme_leaves_to_the_checks_of_every_change_is_run_there(project) -> None:
    checks = (project / ".ci" / "run").read_text(encoding="utf-8")

    assert "$(readme_command 'foreman demo')" in checks
    assert "$(readme_command pytest)" in checks


def test_a_line_that_is_not_printed_is_missed() -> None:
    """Control: the comparison is loose about white space, ports and what `...` stands for, and about nothing else."""
    printed = "a   b\nsee http://127.0.0.1:4711/x\nlast  9\n"

    assert missing(["a b", "...", "see http://127.0.0.1:1/x"], printed) == ""
    assert missing(["a ...", "last 9"], printed) == ""
    assert missing(["last 8"], printed) == "last 8"
    assert missing(["last 9", "a b"], printed) == "a b"
