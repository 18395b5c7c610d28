"""What the pages say of the program and of each other is so: links, names, codes, tables, examples."""

from __future__ import annotations

import json
import re
import urllib.parse
from pathlib import Path

import jsonschema
import pytest
import yaml

from foreman.cli import exits
from foreman.cli.main import command_names
from foreman.config.reference import config_schema, keys
from foreman.model import ActionState
from foreman.store.tables import metadata
from tests.documents import pages

_PROJECT = Path(__file__).parent.parent.parent
_PAGES = pages.pages(_PROJECT)
_KINDS = {*pages.COMMANDS, "python", "yaml", "json", "sql", "text"}
_OUR_OWN = {"FOREMAN_DEMO_TOKEN", "FOREMAN_KILL_AT", "FOREMAN_KILL_SIGNAL"}
"""Variables that nobody sets but the demo for itself, and the tests that kill daemons."""


def _all(name: str = "*.md") -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in _PAGES if page.match(name))


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_no_link_is_dead(page) -> None:
    dead = []
    for path, anchor in pages.links(page):
        target = (page.parent / urllib.parse.unquote(path)).resolve() if path else page
        if not target.exists() or not target.is_relative_to(_PROJECT):
            dead.append(path)
        elif anchor and anchor not in pages.anchors(target):
            dead.append(f"{path}#{anchor}")

    assert dead == []


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_files_that_are_named_are_there(page) -> None:
    named = re.findall(
        r"`((?:docs|tests|foreman|agents|\.ci)/[\w./-]+\.\w+|config\.example\.yaml)`", pages.prose(page)
    )

    assert [name for name in named if not (_PROJECT / name).exists()] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, waiting = set(), [_PROJECT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page.suffix != ".md" or page in seen or not page.exists():
            continue
        seen.add(page)
        waiting += [(page.parent / path).resolve() for path, _ in pages.links(page) if path]

    assert [page.name for page in _PAGES if page not in seen] == []


def test_every_block_says_what_it_is() -> None:
    blocks = [block for page in _PAGES for block in pages.blocks(page)]

    assert {block.place: block.language for block in blocks if block.language not in _KINDS} == {}
    typed = [block for block in blocks if re.search(r"^\$ ", block.text, re.MULTILINE) and block.language != "console"]
    assert [block.place for block in typed if "docs/record.py" not in block.remark] == []


def test_every_example_can_be_read() -> None:
    for page in _PAGES:
        for block in pages.blocks(page):
            if block.language == "python":
                compile(block.text, block.place, "exec")
            elif block.language == "json":
                json.loads(block.text)


def test_every_configuration_shown_is_one() -> None:
    """Also where it is a part of one; what is no configuration of Foreman's says so beside it."""
    check = jsonschema.Draft202012Validator(config_schema())
    wrong, read = [], 0
    for block in (block for page in _PAGES for block in pages.blocks(page) if block.language == "yaml"):
        if block.remark.startswith("not ours: "):
            continue
        read += 1
        document = yaml.safe_load(block.text)
        wrong += [f"{block.place}: {error.json_path}: {error.message[:200]}" for error in check.iter_errors(document)]

    assert wrong == []
    assert read > 5


def test_every_key_of_the_configuration_is_in_the_reference() -> None:
    page = _all("config.md")

    assert [path for path, *_ in keys() if f"`{path}`" not in page] == []


def test_every_command_is_in_the_reference() -> None:
    reference = _all("cli.md")
    commands = {name for name in command_names() if not any(other.startswith(f"{name} ") for other in command_names())}

    assert [name for name in sorted(commands - {"inspect"}) if f"### `foreman {name}`" not in reference] == []


def test_every_command_named_in_a_sentence_has_the_options_it_is_named_with() -> None:
    known, everywhere = command_names(), _options(_head())
    wrong, read = [], 0
    for page in _PAGES:
        for said in re.findall(r"`foreman ([^`]+)`", pages.prose(page)):
            words = [word for word in said.split() if not word.startswith("[")]
            name = next((" ".join(words[:size]) for size in (2, 1) if " ".join(words[:size]) in known), None)
            given = {word.partition("=")[0] for word in words if word.startswith("--")}
            read += bool(name)
            if name and not given <= _options(_help_of(name)) | everywhere:
                wrong.append(f"{page.name}: foreman {said}")

    assert wrong == []
    assert read > 50


def _head() -> str:
    return _all("cli.md").partition("## Commands")[0]


def _help_of(name: str) -> str:
    return _all("cli.md").partition(f"### `foreman {name}`\n")[2].partition("\n### ")[0]


def _options(text: str) -> set[str]:
    return set(re.findall(r"--[a-z][a-z-]*", text))


def test_every_exit_code_is_explained() -> None:
    codes = {value for name, value in vars(exits).items() if name.isupper() and type(value) is int and value < 256}
    rows = set(map(int, re.findall(r"^\| `?(\d+)`? \|", _all("cli.md"), re.MULTILINE)))

    assert codes == {0, 1, 2, 3, 130}
    assert rows == codes


def test_every_table_of_the_database_is_explained() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", _all("database.md").partition("## Every table")[2], re.MULTILINE)
    made = {"mirror_text", "mirror_terms", "alembic_version"}

    assert {name for row in rows for name in re.findall(r"\w+", row)} == set(metadata.tables) | made


def test_every_state_of_an_action_is_explained() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", _all("database.md").partition("## Every table")[0], re.MULTILINE)

    assert rows == [state.value for state in ActionState]


def test_every_variable_of_the_environment_is_explained() -> None:
    source = "\n".join(file.read_text(encoding="utf-8") for file in sorted((_PROJECT / "foreman").rglob("*.py")))
    read = set(re.findall(r"[\"'](FOREMAN_[A-Z_]+)[\"']", source))

    assert len(read) > 5
    assert sorted(name for name in read - _OUR_OWN if name not in _all("*.md")) == []
