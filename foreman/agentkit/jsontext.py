"""JSON objects out of the prose a model wraps around them.

One pass over the text; how often it may start again after a brace that never closes is bounded, so that no text costs
more than a constant times its length.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

_MAX_STARTS = 64
"""Opening braces tried that lead nowhere."""

_MAX_DEPTH = 32
"""Nesting that is followed; what we ask models for has three levels."""


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _end_of_object(text: str, start: int) -> int | None:
    """Return the index after the brace that closes the one at `start`, None when there is none within the depth."""
    depth = 0
    in_string = False
    index = start
    while index < len(text):
        character = text[index]
        if in_string:
            if character == "\\":
                index += 1
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "{[":
            depth += 1
            if depth > _MAX_DEPTH:
                return None
        elif character in "}]":
            depth -= 1
            if depth == 0:
                return index + 1
        index += 1
    return None


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    """Find the JSON objects in a text, outermost ones only, in order.

    Args:
        text: Prose with JSON in it, in a code fence or bare.

    Yields:
        Each object that parses.
    """
    position = 0
    failed = 0
    while failed < _MAX_STARTS:
        start = text.find("{", position)
        if start < 0:
            return
        end = _end_of_object(text, start)
        if end is not None:
            try:
                found = json.loads(text[start:end], parse_constant=_refuse_constant)
            except ValueError:
                end = None
            else:
                yield found
        if end is None:
            failed += 1
            position = start + 1
        else:
            position = end


def extract_json(text: str, *, keys: Collection[str] = ()) -> dict[str, Any] | None:
    """Return the first JSON object in a text that has all the keys.

    Args:
        text: What a model answered.
        keys: Names the object must have.

    Returns:
        The object, or None when there is none.
    """
    return next((found for found in json_objects(text) if all(key in found for key in keys)), None)
