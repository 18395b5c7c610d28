"""What `foreman check` finds: one line with a result and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        result: `ok`, `warn` (works, but a person should know) or `fail`.
        what: What was looked at, in a word.
        text: What was found.
        remedy: What to do; empty when nothing.
    """

    result: Literal["ok", "warn", "fail"]
    what: str
    text: str
    remedy: str = ""


def fine(what: str, text: str) -> Finding:
    """Return that something is in place."""
    return Finding(result="ok", what=what, text=text)


def warn(what: str, text: str, remedy: str) -> Finding:
    """Return that something works, but a person should know about it."""
    return Finding(result="warn", what=what, text=text, remedy=remedy)


def fail(what: str, text: str, remedy: str) -> Finding:
    """Return that something does not work."""
    return Finding(result="fail", what=what, text=text, remedy=remedy)
