"""What a command line is expected to put up with: other alphabets, readers that leave, closed streams, no home."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

FOREMAN = [sys.executable, "-m", "foreman.cli.main"]
CONFIG = """
identity: {github_token: "${GITHUB_TOKEN}", github_user: bot}
llm: {provider: none}
storage: {path: PATH}
repos:
  - {owner: acme, name: widget, agents: [{type: issue-triage, config: {labels: {"🐛 bug ü": [crash]}}}]}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a configuration in a folder whose name needs quoting."""
    folder = tmp_path / "a folder – of mine"
    folder.mkdir()
    file = folder / "my config.yaml"
    file.write_text(CONFIG.replace("PATH", f'"{folder}/my memory.db"'), encoding="utf-8")
    return file


def call(*arguments: object, shell: str = "", **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command as a shell does, with redirections such as `>&-`."""
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; "$@" {shell}', "bash", *FOREMAN, *map(str, arguments)],
        env={**os.environ, **environ},
        capture_output=True,
        check=False,
        timeout=110,
    )


@pytest.mark.parametrize(
    "alphabet",
    [{"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
)
def test_an_alphabet_that_lacks_a_character_shows_its_number(config, alphabet) -> None:
    done = call("--config", config, "config", "show", **alphabet)

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\U0001f41b bug" in done.stdout
    assert (b"bug \xfc" if "PYTHONIOENCODING" in alphabet else b"bug \\xfc") in done.stdout


@pytest.mark.parametrize(
    ("shell", "code", "story"),
    [
        ("| head -c 1", 0, b""),
        ("<&- >&- 2>&-", 0, b""),
        ("> /dev/full", 1, b"foreman: standard output: No space left on device\n"),
    ],
)
def test_streams_that_go_away_are_no_bug(shell, code, story) -> None:
    if "/dev/full" in shell and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")

    done = call("config", "schema", shell=shell)

    assert (done.returncode, done.stderr) == (code, story)


def test_paths_with_spaces_and_dashes_are_paths(config, run) -> None:
    shown = run("config", "show", "--json", config=config)
    nothing = run("log", config=config)
    made = run("pause", "acme/widget", config=config)
    kept = run("db", "backup", config.parent / "a copy.db", config=config)

    assert (shown.code, made.code, kept.code) == (0, 0, 0)
    assert "a folder – of mine/my memory.db" in nothing.story
    assert (config.parent / "a copy.db").exists()


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Be a user without a home: no variable, and no entry in the list of users."""

    def nobody(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("FOREMAN_DATA_DIR", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("homeless")
def test_without_a_home_only_what_needs_one_is_refused(config, run, tmp_path) -> None:
    works = run("config", "show", config=config)
    paused = run("pause", "acme/widget", config=config)
    unnamed = run("log")
    tilde = run("log", config="~/config.yaml")
    (tmp_path / "config.yaml").write_text(CONFIG.replace("storage: {path: PATH}\n", ""))
    homely = run("config", "show")
    (tmp_path / "config.yaml").write_text(CONFIG.replace("PATH", "~/memory.db"))
    nested = run("config", "show")

    assert (works.code, works.story, paused.code) == (0, "", 0)
    assert [done.code for done in (unnamed, tilde, homely, nested)] == [2, 2, 2, 2]
    assert "looked for config.yaml, /etc/foreman/config.yaml" in unnamed.story
    assert "set HOME, or name a path without ~" in tilde.story
    assert "set FOREMAN_DATA_DIR or HOME" in homely.story
    assert "storage.path: begins with ~" in nested.story
