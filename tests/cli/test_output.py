from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from foreman.cli import output
from foreman.model import IssueRef, Mode, RepoRef

FORGED = "fine\x1b[31m\nforged\u202e"


@dataclass(frozen=True, slots=True)
class Row:
    issue: IssueRef
    seen: datetime
    cost: Decimal | None


def test_json_has_utc_times_and_references_as_people_write_them(capsys) -> None:
    noon = datetime(2026, 11, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    row = Row(IssueRef.parse("gitlab:a/b/c#7"), noon, Decimal("0.25"))

    output.print_json(
        {
            "row": row,
            "repo": RepoRef.parse("a/b"),
            "mode": Mode.AUTO,
            "set": {"b", "a"},
            "path": Path("/x"),
            "wait": timedelta(minutes=2),
        }
    )

    assert json.loads(capsys.readouterr().out) == {
        "row": {"issue": "gitlab:a/b/c#7", "seen": "2026-11-01T12:00:00Z", "cost": 0.25},
        "repo": "a/b",
        "mode": "auto",
        "set": ["a", "b"],
        "path": "/x",
        "wait": 120.0,
    }


def test_json_refuses_what_has_no_agreed_form() -> None:
    with pytest.raises(TypeError, match="object"):
        output.plain([object()])


def test_nothing_printed_can_steer_a_terminal(capsys) -> None:
    output.line(FORGED)
    output.block(FORGED, indent="  ")
    output.table(["a", "b"], [[FORGED, 1]])
    output.print_json({FORGED: FORGED})
    output.story(FORGED)

    answer, story = capsys.readouterr()
    for line in [*answer.split("\n"), *story.split("\n")]:
        assert line.isprintable()
    assert answer.splitlines()[0] == r"fine\x1b[31m\nforged\u202e"


def test_a_table_without_a_terminal_is_plain_columns(capsys) -> None:
    when = datetime(2026, 11, 1, 12, tzinfo=UTC)

    output.table(["repo", "n", "at"], [["a/b", 5, when], ["long/name", 1000, None]], right=["n"])

    assert capsys.readouterr().out == ("REPO          N  AT\na/b           5  2026-11-01 12:00:00\nlong/name  1000\n")


def test_a_command_to_copy_is_never_broken(capsys, monkeypatch) -> None:
    """A break would be copied with it, and the command would be another one."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    command = "foreman --config ~/somewhere/config.yaml triage 'acme/widget#29' --dry-run"

    output.line(command)
    assert len(capsys.readouterr().out.splitlines()) > 1

    output.typed(command)
    assert capsys.readouterr().out == f"  {command}\n"


def test_emit_prints_one_form_or_the_other(capsys) -> None:
    output.emit({"a": 1}, as_json=True, show=lambda: output.line("people"))
    assert json.loads(capsys.readouterr().out) == {"a": 1}

    output.emit({"a": 1}, as_json=False, show=lambda: output.line("people"))
    assert capsys.readouterr().out == "people\n"


def test_on_a_terminal_a_table_fits_and_markup_stays_text() -> None:
    master, slave = pty.openpty()
    row = ["[red]x[/red] " + "word " * 30, 1]
    script = f"from foreman.cli.output import table; table(['name', 'n'], [{row!r}], right=['n'])"
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", script], stdout=slave, env={**os.environ, "COLUMNS": "60", "TERM": "xterm"}
        )
        assert process.wait(60) == 0
    finally:
        os.close(slave)
    text = os.read(master, 65_536).decode()
    os.close(master)

    assert "[red]x[/red]" in text
    assert len(text.splitlines()) > 2
