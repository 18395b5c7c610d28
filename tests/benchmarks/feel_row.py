"""One row of the table of how Foreman feels: what, how much it may be, how much it was, and how that was found out."""

from __future__ import annotations

from dataclasses import dataclass

NO_PROMISE = "no promise"
"""Target of a row that only tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row.

    Attributes:
        what: What was measured.
        target: What it may be, in words: `<= 1.5 s`.
        measured: What it was, with its unit; why not, where it could not be measured.
        met: Whether the target was met; None when it could not be measured here.
        how: On what, how often, which of the values is told.
    """

    what: str
    target: str
    measured: str
    met: bool | None
    how: str
