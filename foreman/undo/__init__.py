"""Taking back what Foreman did: a plan to show, then inverse actions in the log, which the executor carries out."""

from foreman.undo.plan import AGENT, DECISION, UndoLeft, UndoPlan, UndoStep, enqueue, plan, prepare, record, select
from foreman.undo.takeback import Look

__all__ = [
    "AGENT",
    "DECISION",
    "Look",
    "UndoLeft",
    "UndoPlan",
    "UndoStep",
    "enqueue",
    "plan",
    "prepare",
    "record",
    "select",
]
