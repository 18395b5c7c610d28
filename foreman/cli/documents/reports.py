"""Documents of reports: backtest, replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from foreman.model import IssueRef

Span = TypedDict(
    "Span", {"from": float, "to": float, "issues": int, "confidence": float | None, "right": float | None}
)
"""Issues of about the same confidence, and how many of them were right."""


class Cut(TypedDict):
    """What is sure by a bound, and how right that is."""

    min_confidence: float
    coverage: float | None
    right: float | None
    issues: int


class Score(TypedDict):
    """How well one label was found."""

    hits: int
    wrong: int
    missed: int
    precision: float | None
    recall: float | None
    f1: float | None


class Labels(Score):
    """How well labels were found."""

    issues_people_labelled: int
    who_labelled_not_known: int
    macro_f1: float | None
    coverage: float | None
    calibration_error: float | None
    calibration: list[Span]
    precision_over_coverage: list[Cut]
    per_label: Mapping[str, Score]
    confusion: Mapping[str, Mapping[str, int]]


class Duplicates(TypedDict):
    """How well duplicates were found; `found_at` by how many were looked at."""

    closed_as_duplicate: int
    original_known: int
    found_at: Mapping[str, float | None]
    suggested: int
    suggested_right: int
    suggested_where_people_closed_as_duplicate: int


class Stale(TypedDict):
    """What would have been called stale."""

    comments_known: int
    would_be_stale: int
    person_would_have_reversed: int


class Side(TypedDict):
    """One model of two that are compared over the same issues."""

    model: str
    issues: int
    precision: float | None
    recall: float | None
    macro_f1: float | None
    coverage: float | None
    precision_over_coverage: list[Cut]
    tokens: int
    usd: float | None


class Annoying(TypedDict):
    """What would have annoyed somebody."""

    number: int
    title: str
    url: str
    what: str
    weight: float


class Backtest(TypedDict):
    """Of `backtest`; null where there was nothing to count."""

    repo: str
    agent: str
    provider: str
    model: str
    issues: int
    reused: int
    read_from_forge: int
    not_read_because: str
    comments_not_read_because: str
    asked: int
    left_alone: Mapping[str, int]
    failed: int
    failures: list[str]
    stopped: str
    decisions: Mapping[str, int]
    held: Mapping[str, int]
    denied: Mapping[str, int]
    labels: Labels
    duplicates: Duplicates
    stale: Stale
    comments: int
    closes: int
    input_tokens: int
    output_tokens: int
    usd: float | None
    model_calls: int
    no_model_needed: int
    compared: list[Side]
    annoying: list[Annoying]


class Made(TypedDict):
    """What a decision came to."""

    decision: str
    labels: list[str]
    comment: bool
    close: bool
    others: list[str]
    held: list[str]
    refused: list[str]


class Replayed(TypedDict):
    """One decision then and now; `after` and what is of it is null where it was not made again."""

    id: int
    issue: IssueRef
    title: str
    url: str
    agent: str
    before: Made
    after: Made | None
    same: bool
    text_changed: bool
    failed: bool
    not_replayed_because: str
    labels_that_stand: list[str] | None
    confidence_before: float | None
    confidence_after: float | None
    usd_before: float | None
    usd_after: float | None
