"""Turn what pydantic found into problems a maintainer can act on; values are never shown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from foreman.config.document import Document, Path_
from foreman.errors import Problem

UNKNOWN_KEY = "unknown key"
"""How the message about a key begins that no model has."""

_NEEDS = {
    "missing": "is required",
    "int_type": "needs a whole number",
    "int_parsing": "needs a whole number",
    "int_from_float": "needs a whole number",
    "float_type": "needs a number",
    "float_parsing": "needs a number",
    "finite_number": "needs a number",
    "decimal_type": "needs a number",
    "decimal_parsing": "needs a number",
    "bool_type": "needs true or false",
    "bool_parsing": "needs true or false",
    "string_type": "needs text; put it in quotes",
    "list_type": "needs a list",
    "tuple_type": "needs a list",
    "dict_type": "needs keys with values",
    "model_type": "needs keys with values",
    "model_attributes_type": "needs keys with values",
    "path_type": "needs the path of a file",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def problems_of(error: ValidationError, model: type[BaseModel], document: Document, at: Path_ = ()) -> list[Problem]:
    """Explain every error.

    Args:
        error: What pydantic raised.
        model: For which model, to find the nearest known key.
        document: For line numbers.
        at: Where in the document the model begins.

    Returns:
        One problem for each.
    """
    details = error.errors(include_url=False, include_input=False)
    # pydantic counts only the good entries of a list, so that one of bad entries alone is "too short" as well.
    parents = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    true = [detail for detail in details if detail["type"] != "too_short" or detail["loc"] not in parents]
    return [_problem(detail, model, document, at) for detail in true]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` for the nearest of some words, empty when none is near."""
    matches = difflib.get_close_matches(word[:80].lower(), [name for name in known if name], n=1, cutoff=0.6)
    return f"; did you mean `{matches[0]}`?" if matches else ""


def _problem(detail: ErrorDetails, model: type[BaseModel], document: Document, at: Path_) -> Problem:
    path = detail["loc"]
    if path and path[-1] == "[key]":
        path = path[:-1]
    return document.problem((*at, *path), _message(detail, path, model))


def _message(detail: ErrorDetails, path: Path_, model: type[BaseModel]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(path, model)
    if kind in {"enum", "literal_error"}:
        return f"needs one of {context.get('expected', '')}".replace("'", "`").replace(" or ", ", ")
    if kind == "value_error":
        return str(context.get("error", "is not valid"))
    if kind in {"greater_than_equal", "greater_than"}:
        word = "at least" if kind == "greater_than_equal" else "more than"
        return f"must be {word} {context.get('ge', context.get('gt'))}"
    if kind in {"less_than_equal", "less_than"}:
        return f"must be at most {context.get('le', context.get('lt'))}"
    if kind == "string_too_long":
        return f"must have at most {context.get('max_length')} characters"
    if kind == "too_long":
        return f"must have at most {context.get('max_length')} entries"
    if kind == "string_pattern_mismatch":
        return "has a character that may not stand here"
    return _NEEDS.get(kind, detail["msg"].lower())


def _unknown_key(path: Path_, model: type[BaseModel]) -> str:
    key = str(path[-1])
    known = _keys_at(path[:-1], model)
    near = nearest(key, known)
    if not near:
        homes = [name for name, section in _sections(model).items() if key in section.model_fields]
        near = f"; it belongs under `{homes[0]}`" if homes and len(path) == 1 else ""
    return f"{UNKNOWN_KEY}{near or '; known here: ' + ', '.join(known)}"


def _keys_at(path: Path_, model: type[BaseModel]) -> list[str]:
    current: Any = model
    for part in path:
        current = _inner(current, part)
    current = _bare(current)
    return list(current.model_fields) if _is_model(current) else []


def _inner(annotation: Any, part: str | int) -> Any:
    annotation = _bare(annotation)
    if _is_model(annotation):
        field = annotation.model_fields.get(str(part))
        return None if field is None else field.annotation
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return arguments[1]
    return arguments[0] if arguments else None


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _sections(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    bare = {name: _bare(field.annotation) for name, field in model.model_fields.items()}
    return {name: annotation for name, annotation in bare.items() if _is_model(annotation)}
