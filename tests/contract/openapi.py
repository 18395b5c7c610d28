"""Holds one exchange with a forge against an OpenAPI 3.0 description: address, method, parameters, both bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft4Validator, FormatChecker
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT4

_URI = "urn:description"
_FORMATS = FormatChecker(formats=())
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@_FORMATS.checks("date-time")
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or _MOMENT.fullmatch(value) is not None


def _unless_null(keyword: str) -> Any:
    """Leave a keyword out for null where the schema says `nullable`, which JSON Schema does not know."""
    plain = Draft4Validator.VALIDATORS[keyword]

    def check(validator: Any, value: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
        if instance is None and schema.get("nullable"):
            return
        yield from plain(validator, value, instance, schema) or ()

    return check


_Validator = extend(
    Draft4Validator, {word: _unless_null(word) for word in ("type", "enum", "anyOf", "oneOf", "allOf")}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What an exchange was found to be.

    Attributes:
        operation: `GET /repos/{owner}/{repo}`; empty when the description knows none.
        problems: What does not fit.
    """

    operation: str
    problems: tuple[str, ...]


class Description:
    """A forge's own description of its API."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._registry: Registry[Any] = Registry().with_resource(_URI, DRAFT4.create_resource(document))
        self._paths = [
            (self._pattern(template), template, operations) for template, operations in document["paths"].items()
        ]
        # Fixed words win over parameters: /repos/x/y/issues/comments/5 is no comment of issue "comments".
        self._paths.sort(key=lambda row: row[1].count("{"))

    def check(self, exchange: Mapping[str, Any]) -> Finding:
        """Hold one exchange against the description.

        Args:
            exchange: `method`, `path`, `query`, `body`, `status` (0 to leave the reply out), `reply` as text.

        Returns:
            What was found.
        """
        method, path = exchange["method"], exchange["path"]
        found = [row for row in self._paths if row[0].fullmatch(path)]
        fitting = [row for row in found if method.lower() in row[2]]
        if not fitting:
            what = f"no method {method} at {found[0][1]}" if found else f"no such address: {path}"
            return Finding("", (what,))
        pattern, template, operations = fitting[0]
        operation = operations[method.lower()]
        parameters = [
            self._resolve(one) for one in (*operations.get("parameters", ()), *operation.get("parameters", ()))
        ]
        match = pattern.fullmatch(path)
        problems = [
            *self._in_path(parameters, match.groupdict() if match else {}),
            *self._in_query(parameters, exchange["query"]),
            *self._sent(operation, exchange["body"]),
            *self._answered(operation, exchange["status"], exchange["reply"]),
        ]
        return Finding(f"{method} {template}", tuple(problems))

    def check_reply(self, exchange: Mapping[str, Any]) -> Finding:
        """Hold a reply alone against the description; what somebody else asked is none of ours.

        Args:
            exchange: As for `check`.

        Returns:
            What was found; no problem where nothing is described.
        """
        found = self.check({**exchange, "query": {}})
        return Finding(
            found.operation, tuple(line for line in found.problems if line.startswith(("reply ", "status ")))
        )

    @staticmethod
    def _pattern(template: str) -> re.Pattern[str]:
        # A label's name and the path of a file may hold a slash, which the record shows decoded; nothing else does.
        several = {"name": ".+", "path": ".*"}
        pieces = [
            f"(?P<{part.replace('-', '_')}>{several.get(part, '[^/]+')})" if index % 2 else re.escape(part)
            for index, part in enumerate(re.split(r"\{([^}]+)\}", template))
        ]
        return re.compile("".join(pieces))

    def _resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def _faults(self, schema: Mapping[str, Any], value: object, where: str) -> list[str]:
        # References inside are relative to the whole document.
        validator = _Validator(_rooted(schema), registry=self._registry, format_checker=_FORMATS)
        return [
            f"{where}{''.join(f'[{step!r}]' for step in error.absolute_path)}: {error.message[:160]}"
            for error in validator.iter_errors(value)
        ]

    def _in_path(self, parameters: list[Mapping[str, Any]], values: Mapping[str, str]) -> Iterator[str]:
        for one in parameters:
            name = one["name"].replace("-", "_")
            if one["in"] == "path" and name in values:
                yield from self._faults(one["schema"], _typed(one["schema"], values[name]), f"path {one['name']}")

    def _in_query(self, parameters: list[Mapping[str, Any]], values: Mapping[str, str]) -> Iterator[str]:
        known = {one["name"]: one for one in parameters if one["in"] == "query"}
        for name, text in values.items():
            if name not in known:
                yield f"query {name}: no such parameter"
                continue
            schema = self._resolve(known[name]["schema"])
            yield from self._faults(schema, _typed(schema, text), f"query {name}")
        for name, one in known.items():
            if one.get("required") and name not in values:
                yield f"query {name}: is missing"

    def _sent(self, operation: Mapping[str, Any], body: object) -> Iterator[str]:
        wanted = self._resolve(operation.get("requestBody", {}))
        schema = wanted.get("content", {}).get("application/json", {}).get("schema")
        if body is None:
            if wanted.get("required"):
                yield "body: is missing"
        elif schema is None:
            yield "body: none is taken here"
        else:
            known = self._resolve(schema).get("properties")
            if known and isinstance(body, dict):
                yield from (f"body {name}: no such field" for name in body if name not in known)
            yield from self._faults(schema, body, "body ")

    def _answered(self, operation: Mapping[str, Any], status: int, text: str | None) -> Iterator[str]:
        if not status:
            return
        described = operation["responses"].get(str(status))
        if described is None:
            # Many a 301, 401 and 403 is left out; only a success has to be described.
            if status < 300:
                yield f"status {status}: is not described"
            return
        schema = self._resolve(described).get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            if text and status < 300:
                yield f"reply to {status}: there should be none"
            return
        try:
            reply = json.loads(text or "")
        except ValueError:
            yield f"reply to {status}: is not JSON"
            return
        yield from self._faults(schema, reply, f"reply to {status} ")


def _rooted(node: Any) -> Any:
    """Point the references of one part of the document at the document."""
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            return {"$ref": f"{_URI}{node['$ref']}"}
        return {key: _rooted(value) for key, value in node.items()}
    return [_rooted(one) for one in node] if isinstance(node, list) else node


def _typed(schema: Mapping[str, Any], text: str) -> object:
    """Read a parameter as the type it should have; as text when it cannot be one."""
    match schema.get("type"):
        case "integer":
            return int(text) if re.fullmatch(r"-?\d+", text) else text
        case "boolean":
            return {"true": True, "false": False}.get(text, text)
        case "array":
            return text.split(",")
    return text
