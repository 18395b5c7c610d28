"""What is printed fits the terminal, is coloured only on one, and is shown page by page where it is long."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from foreman.cli import output, screen
from foreman.printable import width_of

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
LONG = "gitlab:a-group-with-a-name/and-a-subgroup/and-another-one/a-project-with-a-very-long-name-indeed"


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal()
    for name, value in {"COLUMNS": "80", "LINES": "24", "TERM": "xterm", "PAGER": ""}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return made


@pytest.mark.parametrize(
    ("text", "width", "hang", "lines"),
    [
        ("short", 10, 2, ["short"]),
        ("one two three", 8, 2, ["one two", "  three"]),
        ("  kept indent here", 10, 4, ["  kept", "    indent", "    here"]),
        ("abcdefghijkl", 5, 1, ["abcde", " fghi", " jkl"]),
        ("a abcdefghijkl", 6, 0, ["a abcd", "efghij", "kl"]),
        ("グラフの凡例", 6, 0, ["グラフ", "の凡例"]),
        ("x グラフの凡例", 7, 1, ["x グラ", " フの凡", " 例"]),
        ("", 5, 2, [""]),
        ("two  spaces stay", 40, 0, ["two  spaces stay"]),
    ],
)
def test_a_line_is_broken_at_spaces_and_by_columns(text: str, width: int, hang: int, lines: list[str]) -> None:
    assert screen.wrapped(text, width, hang=hang) == lines


def test_no_text_is_lost_and_no_line_is_too_wide() -> None:
    text = f"{LONG}#12 “グラフの凡例で日本語が文字化けする” by tanaka-y, " * 5
    for width in range(20, 90, 7):
        lines = screen.wrapped(text, width, hang=8)

        assert max(map(width_of, lines)) <= width
        assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    environment: dict[str, str], coloured: bool, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with redirect_stdout(terminal):
        output.line("needs a person:", style="bold yellow")
        output.table(("repo", "state"), [("a/b", "done")], states=("state",))

    assert ("\x1b[" in terminal.getvalue()) is coloured


def test_elsewhere_there_is_none_unless_it_is_forced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    output.line("word " * 40, style="red")
    plain = capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    output.line("forced", style="red")

    assert plain == "word " * 40 + "\n", "a script gets one line"
    assert "\x1b[31mforced" in capsys.readouterr().out


def test_every_reading_command_fits_eighty_columns(demo, run, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [entry["id"] for entry in json.loads(run("log", "--json", config=demo.config).answer)]
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    for words in (["status"], ["log"], ["log", "--cost"], ["explain", ids[0]], ["explain", ids[-1]], ["pending"]):
        answer = ESCAPE.sub("", run(*words, config=demo.config).answer)

        assert answer
        assert [line for line in answer.splitlines() if width_of(line) > 80] == [], words


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: Terminal) -> Path:
    """Let a pager write down what it is given."""
    taken = tmp_path / "taken"
    pager = tmp_path / "the pager"
    pager.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$LESS\" > '{taken}'\nexec cat >> '{taken}'\n")
    pager.chmod(0o755)
    monkeypatch.setenv("PAGER", f"'{pager}'")
    monkeypatch.delenv("LESS", raising=False)
    return taken


def _print(count: int) -> None:
    for number in range(count):
        output.line(f"line {number} グ")


def test_what_is_longer_than_the_terminal_goes_to_the_pager(pages: Path, terminal: Terminal) -> None:
    with redirect_stdout(terminal):
        output.emit([], as_json=False, page=True, show=lambda: _print(30))

    assert terminal.getvalue() == ""
    assert pages.read_text().splitlines() == ["FRX", *(f"line {number} グ" for number in range(30))]


@pytest.mark.parametrize("how", ["short", "unwanted", "switched off", "missing", "json"])
def test_the_rest_is_printed(how: str, pages: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    if how in ("switched off", "missing"):
        monkeypatch.setenv("PAGER", "cat" if how == "switched off" else "/nowhere/less")
    count = 5 if how == "short" else 30
    with redirect_stdout(terminal):
        output.emit(["x"], as_json=how == "json", page=how != "unwanted", show=lambda: _print(count))

    assert len(terminal.getvalue().splitlines()) == {"short": 5, "json": 3}.get(how, 30)
    assert not pages.exists()


def test_what_was_printed_before_an_error_is_shown(pages: Path, terminal: Terminal) -> None:
    def show() -> None:
        _print(2)
        raise OSError

    with pytest.raises(OSError), redirect_stdout(terminal):
        output.emit([], as_json=False, page=True, show=show)

    assert terminal.getvalue().splitlines() == ["line 0 グ", "line 1 グ"]
