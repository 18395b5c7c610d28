"""`foreman version` and `--quiet`."""

from __future__ import annotations

import json
import platform
import subprocess

import pytest

from foreman import __version__
from foreman.cli import about, streams
from foreman.cli.output import story
from foreman.store.schema import HEAD


def test_version_tells_what_a_report_of_a_bug_needs(run) -> None:
    told, facts = run("version").answer, json.loads(run("version", "--json").answer)

    assert told.startswith(f"foreman {__version__}")
    assert max(map(len, told.splitlines())) <= 120
    assert (facts["version"], facts["schema"], facts["python"]) == (__version__, HEAD, platform.python_version())
    assert all(facts["libraries"].values())


def test_the_commit_is_read_without_git(tmp_path) -> None:
    """A branch of its own file, one that was packed, a commit without a branch, a second worktree, and none at all."""

    def git(*arguments: str, where=tmp_path / "one") -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", *arguments]
        return subprocess.run(command, cwd=where, capture_output=True, text=True, check=True).stdout.strip()

    (tmp_path / "one").mkdir()
    git("init", "-q")
    assert about.revision_of(tmp_path / "one/.git") is None
    git("commit", "-q", "--allow-empty", "-m", "first")
    commit = git("rev-parse", "HEAD")
    assert about.revision_of(tmp_path / "one/.git") == commit
    git("pack-refs", "--all")
    assert about.revision_of(tmp_path / "one/.git") == commit
    git("worktree", "add", "-q", "-b", "other", str(tmp_path / "two"))
    assert about.revision_of(tmp_path / "two/.git") == commit
    git("checkout", "-q", "--detach")
    assert about.revision_of(tmp_path / "one/.git") == commit
    assert about.revision_of(tmp_path / "nowhere/.git") is None


@pytest.mark.parametrize(("option", "said"), [((), "told\n"), (("--quiet",), ""), (("-q",), "")])
def test_quiet_leaves_the_answer_and_errors(option, said, run, capsys) -> None:
    answered = run(*option, "version")
    story("told")
    told = capsys.readouterr().err
    refused = run(*option, "log", config="/nonexistent/config.yaml")
    streams.be_quiet(False)

    assert answered.answer
    assert told == said
    assert "there is no such file" in refused.story
