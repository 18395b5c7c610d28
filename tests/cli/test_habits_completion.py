"""What the tab key offers: quickly, and silently where nothing can be offered."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from foreman.cli.completing import join_words
from foreman.cli.main import main
from tests.cli.test_habits_help import let_wait

HERE = """
repos:
  - {owner: acme, name: widget}
  - {forge: gitlab, path: group/sub/thing}
  - {owner: acme, name: "$(touch /tmp/x)"}
agents: {mine: {runtime: url}}
"""


@pytest.fixture
def offered(monkeypatch, capsys):
    """Return a function that tells what is offered for the last of some words, as bash takes them apart."""

    def ask(*words: str, shell: str = "bash") -> list[str]:
        monkeypatch.setenv("_FOREMAN_COMPLETE", f"complete_{shell}")
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", " ".join(("foreman", *words)))
        monkeypatch.setenv("COMP_WORDS", "\n".join(("foreman", *words)))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        monkeypatch.setenv("COLUMNS", "40")
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([])
        answer, story = capsys.readouterr()
        assert (ended.value.code, story) == (0, "")
        return answer.splitlines() if shell == "fish" else answer.split()

    return ask


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a configuration that is not even valid, and no database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FOREMAN_CONFIG", raising=False)
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path))
    (tmp_path / "config.yaml").write_text(HERE)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "there"),
    [
        (["exp"], ["explain"]),
        (["log", ""], ["acme/widget", "gitlab:group/sub/thing"]),
        (["log", "acme/w"], ["acme/widget"]),
        (["log", "gitlab", ":", "gr"], ["group/sub/thing"]),
        (["log", "gitlab", ":"], ["group/sub/thing"]),
        (["undo", "--repo", "gitlab", ":", "group/"], ["group/sub/thing"]),
        (["log", "--status", "h"], ["held"]),
        (["agent", "test", ""], ["issue-triage", "mine"]),
        (["explain", ""], []),
        (["triage", "acme/widget#"], []),
    ],
)
def test_what_the_configuration_names_is_offered(here, offered, typed, there) -> None:
    assert offered(*typed) == there


@pytest.mark.parametrize("text", [None, "repos: [", "- 1", "repos: 5", "repos: [{owner: 5}]", "\x00"])
def test_a_configuration_that_cannot_be_read_offers_nothing(here, offered, text) -> None:
    file = here / "config.yaml"
    file.unlink() if text is None else file.write_text(text)

    assert offered("log", "") == []


def test_numbers_are_those_that_the_command_takes(own_demo, offered, monkeypatch) -> None:
    monkeypatch.setenv("FOREMAN_CONFIG", own_demo.config)
    let_wait(own_demo.folder / "memory.db")

    assert offered("approve", "") == offered("reject", "1") == offered("retry", "") == ["12"]
    assert "12" in offered("seen", "")
    assert offered("explain", "")[:2] == ["28", "27"]
    assert "28" in offered("explain", "2")
    assert "3" not in offered("explain", "2")
    assert "acme/widget#2" in offered("triage", "acme/widget#")
    assert any(word.startswith("28") for word in offered("explain", "2", shell="fish"))


def test_in_fish_a_line_is_a_word(here, offered) -> None:
    """However narrow the screen and however long what is said of a word."""
    assert [line.split("\t")[0] for line in offered("config", "", shell="fish")] == ["show", "validate", "schema"]
    assert all(line.startswith("--") for line in offered("init", "--", shell="fish"))


def test_words_are_put_together_at_colons_and_nowhere_else() -> None:
    for words, at, expected in (
        ("foreman log gitlab : a/b", 4, ("foreman log gitlab:a/b", 2)),
        ("foreman log a/b", 2, ("foreman log a/b", 2)),
        ("foreman approve 12 : 1a", 4, ("foreman approve 12:1a", 2)),
    ):
        environ = {"COMP_WORDS": words.replace(" ", "\n"), "COMP_CWORD": str(at)}
        join_words(environ)
        typed = environ["COMP_WORDS"].split("\n")
        # What stands before the last word's colon is put in front of what is offered instead.
        assert int(environ["COMP_CWORD"]) == expected[1]
        assert len(typed) == len(expected[0].split())


def test_bash_itself_completes_a_word_with_a_colon_and_imports_nothing_heavy(here) -> None:
    script = (
        'eval "$("$PYTHON" -m foreman.cli.main --show-completion bash)"; COMP_WORDS=(foreman log gitlab : g); '
        'COMP_CWORD=4; _foreman_completion "$1"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    program = here / "foreman"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -X importtime -m foreman.cli.main 2>"{here}/imports"\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script, "bash", program],
        env={**os.environ, "PYTHON": sys.executable, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )

    assert (done.returncode, done.stdout) == (0, "group/sub/thing\n"), done.stderr
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in (here / "imports").read_text().splitlines()
    }
    assert "yaml" in imported
    # Typer itself takes pydantic to read what is typed before.
    assert not imported & {"sqlalchemy", "alembic", "rich", "structlog", "httpx", "github", "docker", "fastapi"}
