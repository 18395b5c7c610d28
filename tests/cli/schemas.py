"""Holds what was printed with `--json` to what `docs/schema/output/` says of it."""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema

from foreman.cli.documents import OUTPUTS, output_schemas


def problems(command: str, answer: str) -> list[str]:
    """Return what is wrong with a document, each with its place.

    Args:
        command: As it is typed, with its group and perhaps with what follows.
        answer: What it printed.
    """
    command = command.replace("inspect", "explain", 1) if command.startswith("inspect") else command
    name = max((known for known in OUTPUTS if f"{command} ".startswith(f"{known} ")), key=len)
    found = _validators()[name.replace(" ", "-")].iter_errors(json.loads(answer))
    return [f"{one.json_path}: {one.message[:200]}" for one in found]


@functools.cache
def _validators() -> dict[str, Any]:
    return {name: jsonschema.Draft202012Validator(_closed(schema)) for name, schema in output_schemas().items()}


def _closed(schema: Any) -> Any:
    """Return a schema that takes no key which it does not name: nothing may be printed that is not written down."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _closed(value) for key, value in schema.items()}
    return {**found, "additionalProperties": False} if isinstance(found.get("properties"), dict) else found
