"""What `--json` prints is what `docs/schema/output/` says; scripts may rely on it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from foreman.cli.documents import OUTPUTS, output_schemas
from tests.cli.schemas import problems
from tests.cli.test_habits_help import COMMANDS, let_wait

HAS_NO_JSON = {"run", "drop", "seen", "pause", "resume", "memory forget", "db backup", "db restore"}
HAS_NO_JSON |= {"db compact", "config schema"}
"""They write, or what they print is a schema itself."""


def test_every_command_that_tells_something_has_a_schema(project, run) -> None:
    published = {path.stem for path in Path(project, "docs/schema/output").glob("*.json")}

    assert set(OUTPUTS) == set(COMMANDS) - HAS_NO_JSON
    for command in COMMANDS:
        told = "--json" in run(*command.split(), "--help").answer
        assert told is (command not in HAS_NO_JSON - {"config schema"}), command
    assert published == {command.replace(" ", "-") for command in OUTPUTS}
    for schema in output_schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)


READING = [
    "check", "status", "log", "explain 12", "digest", "pending", "dead", "version", "memory show acme/widget#2",
    "memory show acme/widget", "memory export", "agent list", "config show", "config show acme/widget",
    "config validate", "db check", "db prune", "undo 18", "approve 12", "reject 12", "retry 12", "replay 18",
    "triage acme/widget#2 --dry-run", "backtest acme/widget --limit 2",
]  # fmt: skip


ELSEWHERE = {
    "init": "test_init.py",
    "demo": "test_demonstration.py",
    "agent test": "test_agents.py",
    "agent build": "test_agents.py",
}
"""Commands that others run with `--json`; whatever prints a document in these tests is held to its schema."""


def test_documents_are_what_their_schemas_say(own_demo, run) -> None:
    """All in one test: the demonstration they are about is made once."""
    for line in READING:
        let_wait(own_demo.folder / "memory.db")
        assert run(*line.split(), "--json", config=own_demo.config).answer, line


def test_every_document_is_printed_in_a_test() -> None:
    run_here = {max((name for name in OUTPUTS if f"{line} ".startswith(f"{name} ")), key=len) for line in READING}

    assert run_here | set(ELSEWHERE) == set(OUTPUTS)
    for command, name in ELSEWHERE.items():
        text = (Path(__file__).parent / name).read_text(encoding="utf-8")
        quoted = ", ".join(f'"{word}"' for word in command.split())
        assert re.search(rf'run\({quoted},[^\n]* "--json"', text), command


def test_a_key_that_is_not_written_down_is_found() -> None:
    good = {"path": "a", "sound": True, "problems": []}

    assert problems("db check", json.dumps(good)) == []
    assert problems("db check", json.dumps({**good, "more": 1}))
    assert problems("db check", json.dumps({"path": "a", "sound": True}))
    assert problems("db check", json.dumps({**good, "problems": [1]}))


@pytest.mark.parametrize("name", sorted(output_schemas()))
def test_published_schemas_leave_room_for_more(name) -> None:
    assert '"additionalProperties": false' not in json.dumps(output_schemas()[name])
