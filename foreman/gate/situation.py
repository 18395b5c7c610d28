"""What a rule for one action sees, and what such a rule is."""

from __future__ import annotations

from collections.abc import Callable

from foreman.config.effective import Policy
from foreman.gate.admission import Objection
from foreman.gate.facts import Facts
from foreman.protocol import Action, Decision
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One action where it stands.

    Attributes:
        action: What is asked for.
        earlier: The actions before it in the same decision.
        allowed_before: How many of those were allowed.
        decision: The whole decision.
        facts: What is known.
        policy: What holds.
    """

    action: Action
    earlier: tuple[Action, ...]
    allowed_before: int
    decision: Decision
    facts: Facts
    policy: Policy


@dataclass(frozen=True, slots=True)
class ActionRule:
    """One rule of the table.

    Attributes:
        name: What the documentation and the mutation test call it.
        objection: The rule itself.
    """

    name: str
    objection: Callable[[Situation], Objection]
