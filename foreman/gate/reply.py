"""Bytes of an agent's reply -> Decision, or a refusal of the whole reply.

The bytes are judged before any model sees them: strict UTF-8, bounded size and depth, no duplicate keys, no lone
surrogates, finite numbers. Then the protocol's own model, strictly. Nothing is repaired and nothing is guessed; the
refusal names the fault and never repeats the reply.
"""

from __future__ import annotations

import json
import math
import unicodedata
from typing import Any, Never

from pydantic import ValidationError

from foreman.errors import AgentReplyInvalid
from foreman.protocol import MAX_REPLY_BYTES, AddComment, AddLabel, Assign, Decision, RemoveLabel

MAX_DEPTH = 16
"""Deepest nesting of objects and arrays; a Decision needs 3."""

MAX_DIGITS = 20
"""Longest integer literal, digits; the largest number of the protocol has 13."""

_KEPT_CONTROLS = frozenset("\n\t\r")


def read_reply(raw: bytes, *, task_id: str) -> Decision:
    """Read one reply, whole or not at all.

    Args:
        raw: The body as it came.
        task_id: The id of the task that was sent; the reply must repeat it exactly.

    Returns:
        A well-formed Decision for this task. What of it may happen is for `policy` to say.

    Raises:
        AgentReplyInvalid: Any part is malformed; the message names the fault in a few words.
    """
    if len(raw) > MAX_REPLY_BYTES:
        raise AgentReplyInvalid(f"the reply has {len(raw)} bytes, {MAX_REPLY_BYTES} are allowed")
    text = _decode(raw)
    _check_depth(text)
    data = _parse(text)
    if not isinstance(data, dict):
        raise AgentReplyInvalid("the reply is not a JSON object")
    _check_strings(data)
    try:
        decision = Decision.model_validate(data)
    except ValidationError as error:
        raise AgentReplyInvalid(_first_fault(error)) from None
    if decision.task_id != task_id:
        raise AgentReplyInvalid("task_id: not the id of the task that was sent")
    _check_characters(decision)
    return decision


def _decode(raw: bytes) -> str:
    if raw.startswith(b"\xef\xbb\xbf"):
        raise AgentReplyInvalid("the reply starts with a byte order mark")
    try:
        return raw.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise AgentReplyInvalid(f"the reply is not UTF-8 at byte {error.start}") from None


def _check_depth(text: str) -> None:
    """Count brackets outside strings, before a parser that recurses sees them."""
    depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise AgentReplyInvalid(f"the reply is nested deeper than {MAX_DEPTH}")
        elif character in "}]":
            depth -= 1


def _parse(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_bounded_int,
            parse_float=_finite_float,
        )
    except json.JSONDecodeError as error:
        raise AgentReplyInvalid(f"the reply is not JSON at character {error.pos}: {error.msg}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise AgentReplyInvalid(f"the key {_short(key)} appears twice")
        found[key] = value
    return found


def _no_constant(name: str) -> Never:
    raise AgentReplyInvalid(f"{name} is not a JSON number")


def _bounded_int(literal: str) -> int:
    if len(literal) > MAX_DIGITS:
        raise AgentReplyInvalid(f"a number has {len(literal)} digits")
    return int(literal)


def _finite_float(literal: str) -> float:
    value = float(literal) if len(literal) <= 64 else math.inf
    if not math.isfinite(value):
        raise AgentReplyInvalid("a number is too large or too long")
    return value


def _check_strings(data: Any) -> None:
    """Refuse lone surrogates anywhere; JSON escapes can write what UTF-8 cannot."""
    stack = [data]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if any("\ud800" <= character <= "\udfff" for character in item):
                raise AgentReplyInvalid("a string holds half a surrogate pair")
        elif isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _check_characters(decision: Decision) -> None:
    """Refuse control characters in what would be sent; the rationale is only ever printed escaped."""
    for position, action in enumerate(decision.actions):
        match action:
            case AddComment():
                bad = any(unicodedata.category(c) == "Cc" and c not in _KEPT_CONTROLS for c in action.body)
            case AddLabel() | RemoveLabel():
                bad = any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in action.label)
            case Assign():
                bad = any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in action.user)
            case _:
                bad = False
        if bad:
            raise AgentReplyInvalid(f"actions[{position}]: a control character")


def _first_fault(error: ValidationError) -> str:
    """Say where and what kind, without the input: `actions[0].label: string_type`."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ""
    for part in fault["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{_short(part)}"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{path.lstrip('.')[:200] or 'reply'}: {fault['type']}{more}"


def _short(key: str) -> str:
    """Render a name the agent chose as at most 40 plain characters."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in key[:40])
