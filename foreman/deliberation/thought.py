"""What came of thinking about one issue."""

from __future__ import annotations

from dataclasses import field

from foreman.deliberation.ports import Spent
from foreman.gate.policy import Judged
from foreman.model import Verdict
from foreman.precedents import Known
from foreman.protocol import Decision
from foreman.recall import Look
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliberation:
    """What came of thinking about one issue.

    Attributes:
        look: What was known.
        title: Of the issue, without secrets, for logs; empty for a confidential one.
        admission: Whether an agent was to be asked at all.
        decision: What the agent answered; None when none was asked.
        judged: One entry per action, in the agent's order.
        spent: Tokens and money.
        known: What the agent was told beside the issue; None when none was asked.
        hidden: Hidden parts found in the text, by kind.
        cut: Some text was too long for the task.
        duration_ms: Of the agent's part.
    """

    look: Look
    title: str
    admission: Verdict
    decision: Decision | None = None
    judged: tuple[Judged, ...] = ()
    spent: Spent = field(default_factory=Spent)
    known: Known | None = None
    hidden: dict[str, int]
    cut: bool = False
    duration_ms: int = 0
