"""How an agent may answer, from honest to broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.durability.yard import Yard
from tests.world import decision


def _skip(task: dict[str, Any]) -> Any:
    return decision(task)


def _chatty(task: dict[str, Any]) -> Any:
    return decision(task, {"type": "comment", "body": "Anything else?"}, {"type": "add_label", "label": "question"})


def _greedy(task: dict[str, Any]) -> Any:
    """Ask for what no policy allows, and for one thing that it does."""
    asked: list[dict[str, Any]] = [
        {"type": "add_label", "label": "approved"},
        {"type": "add_label", "label": "foreman:hold"},
        {"type": "assign", "user": "kim"},
        {"type": "add_label", "label": "docs"},
    ]
    return decision(task, *asked)


def _close(task: dict[str, Any]) -> Any:
    return decision(task, {"type": "close", "reason": "completed"}, decision="close")


def _tidy(task: dict[str, Any]) -> Any:
    return decision(task, {"type": "remove_label", "label": "bug"}, {"type": "add_label", "label": "docs"})


MOODS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "honest": Yard.honest,
    "skip": _skip,
    "chatty": _chatty,
    "greedy": _greedy,
    "close": _close,
    "tidy": _tidy,
    "malformed": lambda _: b"{not a decision",
    "broken": lambda _: 500,
}
