"""A stateful GitHub-compatible forge on loopback, for people to try and tests to drive. See docs/sandbox.md."""

from foreman.sandbox.faults import (
    Action,
    Fault,
    Injected,
    commit_late,
    commit_then_drop,
    commit_then_status,
    delay,
    drip,
    drop_before,
    not_json,
    redirect,
    reorder_pages,
    reply,
    stale_list,
    truncate,
)
from foreman.sandbox.forge import SandboxForge
from foreman.sandbox.ledger import LedgerEntry
from foreman.sandbox.state import Comment, Issue, NoSuchThing

__all__ = [
    "Action",
    "Comment",
    "Fault",
    "Injected",
    "Issue",
    "LedgerEntry",
    "NoSuchThing",
    "SandboxForge",
    "commit_late",
    "commit_then_drop",
    "commit_then_status",
    "delay",
    "drip",
    "drop_before",
    "not_json",
    "redirect",
    "reorder_pages",
    "reply",
    "stale_list",
    "truncate",
]
