"""Of which JSON types the fields are that we read: in a forge's recorded replies, and in the sandbox's."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

Types = dict[str, set[str]]
"""By field (`user.login`), the types it was seen with; `absent` among them where a row did not have it."""


def types_of(row_class: type[BaseModel], rows: Iterable[Mapping[str, Any]]) -> Types:
    """Return the types of every field that a row class reads.

    Args:
        row_class: What is read.
        rows: As the forge sent them.

    Returns:
        The types.
    """
    found: Types = defaultdict(set)
    for row in rows:
        for field, kind in _fields(row_class, row, ""):
            found[field].add(kind)
    return dict(found)


def kinder(sandbox: Types, real: Types) -> Iterator[str]:
    """Yield where the sandbox says what the forge was never seen to say.

    Args:
        sandbox: Types of the sandbox's replies.
        real: Types of recorded replies.

    Yields:
        One line each.
    """
    for field, kinds in sorted(sandbox.items()):
        # Of what was never recorded nothing is known: a list that was always empty, a field that was always null.
        known = real.get(field, set())
        strange = kinds - known
        if known - {"null", "absent"} and strange:
            yield f"{field} is {' or '.join(sorted(strange))}, where the forge has {' or '.join(sorted(known))}"


def _fields(row_class: type[BaseModel], row: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    for name, field in row_class.model_fields.items():
        key = str(field.validation_alias or field.alias or name)
        path = f"{where}{key}"
        if key not in row:
            yield path, "absent"
            continue
        value = row[key]
        yield path, _kind(value)
        inner = _row_class(field.annotation)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(value, list):
                yield f"{path}[]", _kind(item)
            if inner and isinstance(item, Mapping):
                yield from _fields(inner, item, f"{path}{'[]' if isinstance(value, list) else ''}.")


def _row_class(annotation: Any) -> type[BaseModel] | None:
    """Find the row class inside `tuple[LabelRow | str, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _row_class(part))), None)


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a truth value"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case str():
            moment = _MOMENT.fullmatch(value)
            if not moment:
                return "text"
            fraction = f" with {len(moment[1]) - 1} digits of a second" if moment[1] else ""
            return f"a time{fraction}{'' if moment[2] == 'Z' else ' with an offset'}"
        case list():
            return "a list"
    return "an object"
