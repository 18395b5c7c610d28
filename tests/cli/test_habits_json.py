"""What `--json` prints is what `docs/schema/output/` says; scripts may rely on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from foreman.cli.documents import OUTPUTS, output_schemas
from tests.cli.test_habits_help import COMMANDS, let_wait

HAS_NO_JSON = {"run", "drop", "seen", "pause", "resume", "memory forget", "db backup", "db restore", "config schema"}
"""They write, or what they print is a schema itself."""


def closed(schema: Any) -> Any:
    """Return a schema that takes no key which it does not name: nothing may be printed that is not written down."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    return {**found, "additionalProperties": False} if isinstance(found.get("properties"), dict) else found


SCHEMAS = {name: jsonschema.Draft202012Validator(closed(schema)) for name, schema in output_schemas().items()}


def problems(command: str, answer: str) -> list[str]:
    found = SCHEMAS[command.replace(" ", "-")].iter_errors(json.loads(answer))
    return [f"{one.json_path}: {one.message[:200]}" for one in found]


def test_every_command_that_tells_something_has_a_schema(project) -> None:
    published = {path.stem for path in Path(project, "docs/schema/output").glob("*.json")}

    assert set(OUTPUTS) == set(COMMANDS) - HAS_NO_JSON
    assert published == {command.replace(" ", "-") for command in OUTPUTS}
    for schema in output_schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)


READING = [
    "check", "status", "log", "explain 12", "digest", "pending", "dead", "version", "memory show acme/widget#2",
    "memory show acme/widget", "memory export", "agent list", "config show", "config show acme/widget",
    "config validate", "db check", "undo 18", "reject 12", "retry 12", "replay 18", "triage acme/widget#2 --dry-run",
    "backtest acme/widget --limit 2",
]  # fmt: skip


def test_documents_are_what_their_schemas_say(own_demo, run) -> None:
    """All in one test: the demonstration they are about is made once."""
    wrong = {}
    for line in READING:
        let_wait(own_demo.folder / "memory.db")
        done = run(*line.split(), "--json", config=own_demo.config)
        command = max((name for name in OUTPUTS if line.startswith(name)), key=len)
        if found := problems(command, done.answer):
            wrong[line] = found

    assert wrong == {}


def test_a_key_that_is_not_written_down_is_found() -> None:
    good = {"path": "a", "sound": True, "problems": []}

    assert problems("db check", json.dumps(good)) == []
    assert problems("db check", json.dumps({**good, "more": 1}))
    assert problems("db check", json.dumps({"path": "a", "sound": True}))
    assert problems("db check", json.dumps({**good, "problems": [1]}))


@pytest.mark.parametrize("name", sorted(output_schemas()))
def test_published_schemas_leave_room_for_more(name) -> None:
    assert '"additionalProperties": false' not in json.dumps(output_schemas()[name])
