"""README's first screen shows the demo as it is now."""

from __future__ import annotations

import pytest

from tests.documents.scripts import script

record = script("record")


@pytest.mark.xdist_group("documents")
@pytest.mark.timeout(600)
def test_the_readme_shows_the_demo_that_there_is(recorded, project) -> None:
    shown = record.shown_in(project / "README.md")

    assert record.same(shown, record.fenced(recorded.text)), "run python docs/record.py"
    assert len(shown.splitlines()) < 50
    assert max(map(len, shown.split("Try next:")[0].splitlines())) <= record.COLUMNS


@pytest.mark.xdist_group("documents")
@pytest.mark.timeout(600)
def test_a_terminal_shows_each_next_command_whole(recorded) -> None:
    """A command that is broken at the terminal's edge is broken where it is pasted, too."""
    commands = recorded.text.split("Try next:\n")[1].splitlines()

    assert [command.split()[3] for command in commands] == ["explain", "triage", "undo"]
    assert commands[1].endswith(" --dry-run")


def test_only_numbers_that_are_chance_may_differ() -> None:
    """Control: another word, another count or another issue makes a recording stale."""
    one = "18 writes sent\n  foreman explain 17\n"

    assert record.same(one, "18 writes sent\n  foreman explain 21\n")
    assert not record.same(one, "19 writes sent\n  foreman explain 17\n")
    assert not record.same(one, "18 writes sent\n")


def test_a_recording_keeps_what_a_screen_showed_in_the_end() -> None:
    assert record.seen("\x1b[31mred\x1b[0m\r\n10 %\r90 %\rdone  \r\n\x1b]0;title\x07x\r\n") == "red\ndone\nx\n"


def test_what_is_left_out_is_marked() -> None:
    text = "$ x\nISSUE\n#1   a\n     skip\n#2   b\n#9   c\n     why\n#10  d\n\nsum\n"

    assert record.shortened(text) == "$ x\nISSUE\n...\n#9   c\n     why\n...\n\nsum\n"
