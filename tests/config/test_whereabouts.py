"""Where the database is, found without the rest of the configuration: the same place, or no answer."""

from __future__ import annotations

import pytest

from foreman.config.load import load
from foreman.config.models import Config
from foreman.config.whereabouts import TOP_KEYS, storage_path

WHOLE = """\
identity:
  github_token: "${GITHUB_TOKEN}"
  github_user: my-bot
llm: {provider: none}
"""
REPOS = """\
repos:
  - owner: o
    name: r
    agents: [{type: issue-triage, config: {labels: {bug: [crash]}}}]
"""
LEFT = """\
repos:
- owner: o
  name: r
  agents:
  - type: issue-triage
    config: {labels: {bug: [crash]}}
"""
"""The same as a program writes it: a list as far left as its key."""


@pytest.mark.parametrize("repos", [REPOS, LEFT], ids=["indented", "left"])
@pytest.mark.parametrize(
    "storage",
    [
        "",
        "storage:\n  path: ~/kept/memory.db\n",
        "storage:  # here\n\n  # or there\n  path: /var/lib/foreman/memory.db   # all of it\n  keep_days: 200\n",
        "storage:\n    keep_days: 0\n",
        "storage:\n  path: memory-2.db\n",
    ],
)
def test_the_place_is_the_one_that_loading_finds(tmp_path, monkeypatch, storage: str, repos: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(repos + WHOLE + storage)
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    found = storage_path(file)

    assert found is not None
    assert found == load(file, environ={"GITHUB_TOKEN": "set"}).storage.path  # pragma: allowlist secret


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        WHOLE + REPOS + "extends: base.yaml\n",
        WHOLE + REPOS + "storge:\n  path: /x\n",
        WHOLE + REPOS + "storage: {path: /x}\n",
        WHOLE + REPOS + "storage:\n  path: ${PLACE}\n",
        WHOLE + REPOS + "storage:\n  path: 'quoted'\n",
        WHOLE + REPOS + "storage:\n  path: /x\n  path: /y\n",
        WHOLE + REPOS + "storage:\n  pth: /x\n",
        WHOLE + REPOS + "storage:\n",
        WHOLE + REPOS + "storage:\n  path: >\n    /x\n",
        WHOLE + REPOS + "storage:\n  path: ~\n",
        WHOLE + REPOS + REPOS,
        "- repos: []\n" + WHOLE + REPOS,
        REPOS + "storage:\n- path: /x\n" + WHOLE,
        "{repos: []}",
        "---\n" + WHOLE + REPOS,
        "\t" + WHOLE + REPOS,
    ],
)
def test_whatever_is_written_otherwise_is_left_to_loading(tmp_path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)

    assert storage_path(file) is None


def test_what_is_no_plain_file_is_left_to_loading(tmp_path) -> None:
    (tmp_path / "latin").write_bytes(b"repos: \xff\n")

    assert storage_path(tmp_path) is None
    assert storage_path(tmp_path / "latin") is None


def test_every_key_is_known() -> None:
    assert set(Config.model_fields) - {"extends"} == TOP_KEYS
