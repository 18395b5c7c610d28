"""JSON Schemas of what `--json` prints, made from the types that are printed: the mirror of `output.plain`."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, ClassVar, Literal, Union

from foreman.model import IssueRef, RepoRef

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*)$")
_SIMPLE: tuple[tuple[type | tuple[type, ...], dict[str, Any]], ...] = (
    (bool, {"type": "boolean"}),
    (int, {"type": "integer"}),
    ((float, Decimal), {"type": "number"}),
    (timedelta, {"type": "number", "description": "seconds"}),
    (datetime, {"type": "string", "format": "date-time"}),
    ((str, date, PurePath, RepoRef, IssueRef), {"type": "string"}),
    (type(None), {"type": "null"}),
)


class Printed:
    """What is printed of a dataclass, with keys added or in the place of fields: the annotations of a subclass.

    Attributes:
        of: The dataclass, or another of these.
    """

    of: ClassVar[type]


def schema_of(what: Any, *, title: str, description: str) -> dict[str, Any]:
    """Return the JSON Schema of a document.

    Args:
        what: Its type: built in, a dataclass, a TypedDict, a `Printed`, or lists, dicts and unions of these.
        title: Its name.
        description: What it is, in a sentence.

    Returns:
        The schema. It forbids no further keys: later versions may add some, and none is ever taken away.
    """
    known: dict[str, dict[str, Any]] = {}
    whole = _schema(what, known)
    defs = {"$defs": dict(sorted(known.items()))} if known else {}
    return {"$schema": DIALECT, "title": title, "description": description, **whole, **defs}


def _schema(what: Any, known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if what is Any or what is object:
        return {}
    origin, arguments = typing.get_origin(what), typing.get_args(what)
    if origin in {Union, types.UnionType}:
        return {"anyOf": [_schema(one, known) for one in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in {typing.Required, typing.NotRequired}:
        return _schema(arguments[0], known)
    if origin is not None:
        return _holding(origin, arguments, known)
    if typing.is_typeddict(what) or issubclass(what, Printed):
        return _reference(what, known)
    if issubclass(what, Enum):
        return {"enum": [member.value for member in what]}
    for kinds, found in _SIMPLE:
        if issubclass(what, kinds):
            return dict(found)
    if dataclasses.is_dataclass(what):
        return _reference(what, known)
    raise TypeError(f"there is no schema for {what}")


def _holding(origin: Any, arguments: tuple[Any, ...], known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(arguments[1], known)}
    if issubclass(origin, tuple) and arguments[-1] is not Ellipsis:
        items = [_schema(one, known) for one in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if issubclass(origin, (Sequence, AbstractSet)):
        return {"type": "array", "items": _schema(arguments[0], known)}
    raise TypeError(f"there is no schema for {origin}")


def _reference(what: Any, known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    name = what.__name__
    if name not in known:
        known[name] = {}  # a type may hold itself
        properties, required = _properties(what, known)
        described = _says((inspect.getdoc(what) or "").split("\n")[0])
        known[name] = {"type": "object", **described, "properties": properties, "required": required}
    return {"$ref": f"#/$defs/{name}"}


def _properties(what: Any, known: dict[str, dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    told = _told(what)
    hints = {name: hint for name, hint in typing.get_type_hints(what).items() if typing.get_origin(hint) != ClassVar}
    if dataclasses.is_dataclass(what):
        hints = {field.name: hints[field.name] for field in dataclasses.fields(what)}
    properties = {name: {**_schema(hint, known), **_says(told.get(name))} for name, hint in hints.items()}
    required = [name for name in properties if name not in getattr(what, "__optional_keys__", ())]
    if not typing.is_typeddict(what) and issubclass(what, Printed):
        before, needed = _properties(what.of, known)
        return {**before, **properties}, list(dict.fromkeys([*needed, *required]))
    return properties, required


def _says(text: str | None) -> dict[str, str]:
    return {"description": text} if text else {}


def _told(what: Any) -> dict[str, str]:
    """Return what a docstring says of each attribute."""
    _, _, below = (inspect.getdoc(what) or "").partition("Attributes:\n")
    told: dict[str, str] = {}
    last = ""
    for text in below.splitlines():
        found = _ATTRIBUTE.match(text)
        if found:
            last = found[1]
            told[last] = found[2]
        elif last and text.startswith("     "):
            told[last] += f" {text.strip()}"
        elif text and not text.startswith(" "):
            break
    return told
