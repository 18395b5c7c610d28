"""Read what the model answered: nothing is believed that was not asked for. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from agents.issue_triage.missing import FACTS
from agents.issue_triage.saying import comment_of, plain_words
from foreman.agentkit import extract_json

MAX_COMMENT_CHARS = 1_500
"""Longest comment the model may write."""

_MAX_REASON_CHARS = 160
"""Longest reason for a duplicate, which is shown in public."""

_MAX_QUOTE_CHARS = 600
"""Most of what the model says stands in a passage, which is no longer itself."""

_ITEMS = 20


class NoUse(Exception):
    """The model's answer is not the object that was asked for; its text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """An issue that the model takes for the same.

    Attributes:
        number: Of it.
        reason: Why, in one line.
        certain: The model has no doubt.
    """

    number: int
    reason: str
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Where the model says that a question is answered.

    Attributes:
        passage: Number of it, from 1, unchecked.
        quote: Words of it, unchecked.
    """

    passage: int
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the model answered.

    Attributes:
        labels: Names, unchecked.
        missing: Names of facts, each once, in their order.
        asks: Something is missing.
        duplicates: Numbers, unchecked.
        answer: Where the question is answered; None for nowhere.
        security: It reports a security hole.
        comment: Text, bounded.
        confidence: Between 0 and 1.
        reason: One line for the log.
    """

    labels: tuple[str, ...]
    missing: tuple[str, ...]
    asks: bool
    duplicates: tuple[Duplicate, ...]
    answer: Pointer | None
    security: bool
    comment: str
    confidence: float
    reason: str


def read_reply(text: str) -> Reply:
    """Read an answer; only `labels` must be there.

    Args:
        text: What the model wrote.

    Returns:
        The answer.

    Raises:
        NoUse: There is no such object in it.
    """
    found = extract_json(text, keys=("labels",))
    if found is None:
        raise NoUse("no JSON object with labels in it")
    labels = found["labels"]
    if not isinstance(labels, list) or not all(isinstance(name, str) for name in labels):
        raise NoUse("labels must be a list of names")
    said = found.get("comment")
    if said is not None and not isinstance(said, str):
        raise NoUse("comment must be text")
    wanted = found.get("missing")
    names = {name for name in wanted if isinstance(name, str)} if isinstance(wanted, list) else set()
    missing = tuple(name for name in FACTS if name in names)
    return Reply(
        labels=tuple(labels[:_ITEMS]),
        missing=missing,
        asks=bool(missing) or found.get("needs_info") is True,
        duplicates=_duplicates(found.get("duplicates")),
        answer=_pointer(found.get("answer")),
        security=found.get("security") is True,
        comment=comment_of(said or "", MAX_COMMENT_CHARS),
        confidence=_confidence(found.get("confidence")),
        reason=_line(found.get("reason"), 600),
    )


def _duplicates(value: Any) -> tuple[Duplicate, ...]:
    rows = [row for row in value[:_ITEMS] if isinstance(row, dict)] if isinstance(value, list) else []
    return tuple(
        Duplicate(
            number=row["number"],
            reason=plain_words(_line(row.get("reason"), 1_000), _MAX_REASON_CHARS),
            certain=row.get("certain") is True,
        )
        for row in rows
        if isinstance(row.get("number"), int) and not isinstance(row["number"], bool)
    )


def _pointer(value: Any) -> Pointer | None:
    if not isinstance(value, dict):
        return None
    passage, quote = value.get("passage"), value.get("quote")
    if not isinstance(passage, int) or isinstance(passage, bool) or not isinstance(quote, str) or not quote.strip():
        return None
    return Pointer(passage=passage, quote=quote[:_MAX_QUOTE_CHARS])


def _confidence(value: Any) -> float:
    number = (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6 else 0.5
    )
    return min(1.0, max(0.0, number)) if math.isfinite(number) else 0.5


def _line(value: Any, limit: int) -> str:
    return " ".join(value.split())[:limit] if isinstance(value, str) else ""
