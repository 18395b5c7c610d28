"""The reference of the configuration and the published JSON Schemas, made from the models."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from pydantic_core import PydanticUndefined

from foreman.config.models import Config
from foreman.config.policy import AgentConfig
from foreman.protocol import Decision, Task

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FROM_ENVIRONMENT = {"type": "string", "pattern": r"\$\{"}


_ELSEWHERE = {
    "repos[].policy": ("mapping", "", "What differs from `policy` here: any key of it."),
    "defaults.policy": ("mapping", "", "What differs from `policy` in every entry: any key of it."),
    "defaults.polling": ("mapping", "", "As `repos[].polling`."),
    "defaults.agents": ("list of mappings", "", "As `repos[].agents`, for every entry without agents of its own."),
}
"""Keys whose own keys are explained under another: what they take, default, description."""


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of `config.yaml` and of files that it extends; a number or switch may be a `${VAR}` too.

    Such a file holds a part, so that nothing is required at the top.
    """
    schema = Config.model_json_schema()
    del schema["required"]
    own = AgentConfig.model_json_schema()
    agent = schema["$defs"]["RepoAgent"]["properties"]["config"]
    agent.update(properties=own["properties"], additionalProperties=True)
    schema["$defs"].update(own.get("$defs", {}))
    _take_variables(schema)
    return {"$schema": _DIALECT, **schema, "title": "Foreman configuration"}


def task_schema() -> dict[str, Any]:
    """Return the JSON Schema of a Task as Foreman sends it."""
    return {"$schema": _DIALECT, **Task.model_json_schema(mode="serialization"), "title": "Task (agent protocol v0)"}


def decision_schema() -> dict[str, Any]:
    """Return the JSON Schema of a Decision as Foreman takes it."""
    schema = Decision.model_json_schema()
    silent = {"properties": {"decision": {"enum": ["skip", "escalate"]}}}
    return {
        "$schema": _DIALECT,
        **schema,
        "title": "Decision (agent protocol v0)",
        "if": silent,
        "then": {"properties": {"actions": {"maxItems": 0}}},
    }


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "config": config_schema,
    "task": task_schema,
    "decision": decision_schema,
}
"""What is published in `docs/schema/`, by file name."""


def keys(schema: dict[str, Any] | None = None) -> Iterator[tuple[str, str, str, str]]:
    """List every key of the configuration.

    Args:
        schema: Instead of the configuration's own.

    Yields:
        Path (`repos[].agents[].type`), what it takes, default (empty when it is required or has none), description.
    """
    whole = schema or config_schema()
    yield from _keys(whole, whole, "")


def markdown() -> str:
    """Return the tables of `docs/config.md`."""
    parts: list[str] = []
    section = None
    for path, kind, default, description in keys():
        head = _section(path)
        if head != section:
            parts.append(f"\n### `{head}`\n\n| key | takes | default | |\n|---|---|---|---|")
            section = head
        cells = (f"`{path}`", kind, f"`{default}`" if default else "", description)
        parts.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(parts).strip() + "\n"


def _section(path: str) -> str:
    if path.startswith("repos[].agents[]"):
        return "repos[].agents[]"
    head = path.split(".", maxsplit=1)[0]
    return head if "." in path else "top level"


def _keys(node: dict[str, Any], whole: dict[str, Any], path: str) -> Iterator[tuple[str, str, str, str]]:
    for name, raw in node.get("properties", {}).items():
        inner = _resolve(raw, whole)
        here = f"{path}.{name}" if path else name
        if here in _ELSEWHERE:
            yield here, *_ELSEWHERE[here]
            continue
        nested, suffix = _nested(inner, whole)
        if nested is not None:
            yield from _keys(nested, whole, here + suffix)
            continue
        required = name in node.get("required", ())
        description = raw.get("description") or inner.get("description", "")
        yield (
            here,
            _takes(inner, whole),
            "" if required else _default(raw),
            ("Required. " if required else "") + description,
        )


def _nested(inner: dict[str, Any], whole: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    if "properties" in inner:
        return inner, ""
    for key, suffix in (("items", "[]"), ("additionalProperties", ".<name>")):
        if isinstance(inner.get(key), dict):
            item = _resolve(inner[key], whole)
            if "properties" in item:
                return item, suffix
    patterns = inner.get("patternProperties", {})
    for item in map(lambda node: _resolve(node, whole), patterns.values()):  # noqa: C417
        if "properties" in item:
            return item, ".<name>"
    return None, ""


def _resolve(node: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = whole["$defs"][node["$ref"].rpartition("/")[2]]
    choices = [
        choice for choice in node.get("anyOf", ()) if choice.get("type") != "null" and choice != _FROM_ENVIRONMENT
    ]
    return {**node, **_resolve(choices[0], whole)} if len(choices) == 1 else node


def _takes(inner: dict[str, Any], whole: dict[str, Any]) -> str:
    if "enum" in inner:
        return ", ".join(f"`{choice}`" for choice in inner["enum"])
    if "const" in inner:
        return f"`{inner['const']}`"
    if inner.get("pattern", "").startswith(r"^\$"):
        return "`${NAME}`"
    if "anyOf" in inner:
        choices = [choice for choice in inner["anyOf"] if choice.get("type") != "null" and choice != _FROM_ENVIRONMENT]
        return " or ".join(dict.fromkeys(_takes(_resolve(choice, whole), whole) for choice in choices))
    kind = inner.get("type", "anything")
    if kind == "array":
        return "list of " + _takes(_resolve(inner.get("items", {}), whole), whole)
    word = {
        "integer": "whole number",
        "number": "number",
        "boolean": "true, false",
        "string": "text",
        "object": "mapping",
    }
    return str(word.get(kind, kind)) + _bounds(inner)


def _bounds(inner: dict[str, Any]) -> str:
    low = inner.get("minimum", inner.get("exclusiveMinimum"))
    high = inner.get("maximum")
    if low is None and high is None:
        return ""
    more = "more than " if "exclusiveMinimum" in inner else ""
    if high is None:
        return f", {more or 'at least '}{low:g}"
    return f", {more}{low if low is not None else '…'} to {high}"


def _default(raw: dict[str, Any]) -> str:
    value = raw.get("default", PydanticUndefined)
    if value is PydanticUndefined or value is None or value in ("", [], {}):
        return ""
    return str(value) if isinstance(value, str) else json.dumps(value)


def _take_variables(node: Any) -> None:
    """Let every number and switch be text with a variable too, as the loader does."""
    if isinstance(node, list):
        for item in node:
            _take_variables(item)
    elif isinstance(node, dict):
        for item in node.values():
            _take_variables(item)
        kind = node.get("type")  # a mapping where it is the key `type` of a section that is described
        if kind in ("integer", "number", "boolean") and "anyOf" not in node:
            kept = {key: node.pop(key) for key in list(node) if key not in {"title", "description", "default"}}
            node["anyOf"] = [kept, dict(_FROM_ENVIRONMENT)]
