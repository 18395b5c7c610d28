"""Every command block of README and docs is typed, page by page, as a reader would; what it shows, it prints."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import pages
from tests.documents.pages import COMMANDS, Block
from tests.documents.stage import Stage, Step, missing, steps

_PROJECT = Path(__file__).parent.parent.parent
_PAGES = {page.relative_to(_PROJECT).as_posix(): pages.blocks(page) for page in pages.pages(_PROJECT)}


def _typed(blocks: list[Block]) -> list[Step]:
    return [step for block in blocks if block.language in COMMANDS and not block.not_run for step in steps(block)]


_TYPED = {name: _typed(blocks) for name, blocks in _PAGES.items()}
_FROM_NOTHING = {"README.md", "docs/getting-started.md"}
"""Pages that begin before there is a token and a configuration."""

_SAME = {"docs/getting-started.md": "README.md"}
"""Pages whose commands another page begins with, word for word; they are typed once."""

MOST_NOT_RUN = 13
"""So many blocks may be left out, each with its reason beside it."""

_TO_BE_TYPED = re.compile(
    r"^[ >]*(?:\$ |\.venv/bin/|(?:foreman|sh|bash|export|curl|git|docker|pip|cd) )", re.MULTILINE
)


def complaint(typed: list[Step], printed: dict[str, str]) -> str:
    """Return what a page says and is not so; empty when all is."""
    told = "\n".join(printed.values())
    if "end" not in printed:
        return f"{typed[len(printed) - 1].place} failed: {told[-2000:]}"
    if "Traceback" in told:
        return told[-2000:]
    for number, step in enumerate(typed):
        if gone := missing(step.expected, printed[str(number)]):
            return f"{step.place} does not print {gone!r} but\n{printed[str(number)]}"
    return ""


@pytest.mark.xdist_group("documents")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name, typed in _TYPED.items() if typed and name not in _SAME])
def test_the_commands_of_a_page_do_what_it_says(name, recorded, untouched, tmp_path, project) -> None:
    state = tmp_path / "forge.json"
    shutil.copy(untouched, state)
    home = tmp_path / "home"
    stage = Stage(home, recorded.folder, state, project)
    with stage.open():
        begins = name in _FROM_NOTHING
        if not begins:
            stage.configure()
        printed = stage.type(_TYPED[name], folder=stage.checkout if begins else stage.clone, token=not begins)

    assert complaint(_TYPED[name], printed) == ""


def test_what_is_typed_once_for_two_pages_is_the_same() -> None:
    for name, other in _SAME.items():
        mine, its = ([step.typed.partition(" #")[0].strip() for step in _TYPED[page]] for page in (name, other))
        assert mine
        assert mine == its[: len(mine)]


def test_what_is_not_run_says_why_and_is_little() -> None:
    every = [block for blocks in _PAGES.values() for block in blocks if block.language in COMMANDS]
    left_out = {block.place: block.not_run for block in every if block.not_run}
    print(*(f"not run: {place}: {reason}" for place, reason in left_out.items()), sep="\n")

    assert len(every) > 12
    assert len(left_out) <= MOST_NOT_RUN, left_out
    assert [place for place, reason in left_out.items() if len(reason.split()) < 4] == []


def test_what_the_readme_leaves_to_the_checks_of_every_change_is_run_there(project) -> None:
    checks = (project / ".ci" / "run").read_text(encoding="utf-8")

    assert "$(readme_command 'foreman demo')" in checks
    assert "$(readme_command pytest)" in checks


def test_nothing_to_be_typed_stands_in_a_block_that_nobody_types() -> None:
    """But in what scripts put there: the recording, and the help, whose examples have a test of their own."""
    made = {"docs/cli.md"}
    others = [block for name, blocks in _PAGES.items() if name not in made for block in blocks if _is_not_typed(block)]

    assert [block.place for block in others if _TO_BE_TYPED.search(block.text)] == []
    assert [name for name in _PAGES if re.search(r"<(?:pre|code)\b", (_PROJECT / name).read_text("utf-8"))] == []


def _is_not_typed(block: Block) -> bool:
    return block.language not in COMMANDS and "docs/record.py" not in block.remark


@pytest.fixture(scope="module")
def stage(recorded, untouched, tmp_path_factory) -> Iterator[Stage]:
    """A place to type made-up pages."""
    home = tmp_path_factory.mktemp("made-up")
    state = home / "forge.json"
    shutil.copy(untouched, state)
    made = Stage(home / "home", recorded.folder, state, _PROJECT)
    with made.open():
        yield made


@pytest.mark.xdist_group("documents")
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("block", "what"),
    [
        ("```sh\nfalse\n```", "page.md:4 failed"),
        ("```sh\ntrue\nfalse  # why\ntrue\n```", "page.md:5 failed"),
        ("```sh\nfalse && true\ntrue\n```", "page.md:4 failed"),
        ("```sh\nfalse | cat\ntrue\n```", "page.md:4 failed"),
        ("```sh\nfor i in 1 2; do\n  false\n  true\ndone\n```", "page.md:4 failed"),
        ("```sh\nforeman nonsense\n```", "page.md:4 failed"),
        ("```sh\nexit 0\n```", "page.md:4 failed"),
        ("```sh\necho $UNSET\n```", "page.md:4 failed"),
        ("~~~sh\nfalse\n~~~", "page.md:4 failed"),
        ("````sh title\nfalse\n````", "page.md:4 failed"),
        ("* so\n\n  ```sh\n  false\n  ```", "page.md:6 failed"),
        ("> ```sh\n> false\n> ```", "page.md:4 failed"),
        ("<!-- ends with 2 -->\n```sh\ntrue\nfalse\n```", "page.md:6 failed"),
        ("```console\n$ false\n$ true\n```", "page.md:4: false failed"),
        ("```console\n$ echo one\ntwo\n```", "does not print 'two'"),
        ("```sh\necho Traceback\n```", "Traceback"),
        ("<!-- ends with 1 -->\n```sh\ntrue\nfalse && true\n```", ""),
        ("```sh\necho 'a\nb' \\\n  c <<E\nd\nE\n```", ""),
    ],
)
def test_a_block_that_fails_is_caught_however_it_is_written(block, what, stage, tmp_path) -> None:
    """Control: made-up blocks in a made-up page."""
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n{block}\n\nMore.\n", encoding="utf-8")
    typed = _typed(pages.blocks(page))

    found = complaint(typed, stage.type(typed, folder=tmp_path, token=True))

    assert what in found if what else not found, found


@pytest.mark.parametrize(
    "block", ["```text\n$ foreman x\n```", "    foreman x", "```\n.venv/bin/foreman\n```", "```text\n> sh x.sh\n```"]
)
def test_a_command_in_a_block_that_nobody_types_is_caught(block, tmp_path) -> None:
    """Control: the same, behind fences that say something else."""
    page = tmp_path / "page.md"
    page.write_text(f"Page\n\n{block}\n", encoding="utf-8")
    (found,) = pages.blocks(page)

    assert _is_not_typed(found)
    assert _TO_BE_TYPED.search(found.text)


def test_a_line_that_is_not_printed_is_missed() -> None:
    """Control: the comparison is loose about white space, ports and what `...` stands for, and about nothing else."""
    printed = "a   b\nsee http://127.0.0.1:4711/x\nlast  9\n"

    assert missing(["a b", "...", "see http://127.0.0.1:1/x"], printed) == ""
    assert missing(["a ...", "last 9"], printed) == ""
    assert missing(["last 8"], printed) == "last 8"
    assert missing(["last 9", "a b"], printed) == "a b"
