"""Every table, as the newest migration leaves them; `tests/store/test_migrations.py` holds the two together.

Statements stand beside the functions that run them.
"""

from __future__ import annotations

from foreman.store.tables.known import (
    FULL_TEXT,
    FULL_TEXT_TOKENS,
    NUMBERS,
    issues,
    mirror,
    mirror_comments,
    mirror_labels,
    mirror_reading,
    priors,
    project_files,
    project_reading,
)
from foreman.store.tables.record import (
    OPEN_STATES,
    action_counts,
    action_log,
    actions,
    corrections,
    memory_summary,
    model_calls,
    reactions,
)
from foreman.store.tables.shared import is_state, metadata
from foreman.store.tables.steering import breakers, controls, daemon_lease, discovered, meta, patterns, polls, quotas
from foreman.store.tables.work import WAITING_STATES, commands, events, inbox, inbox_attempts, inbox_counts, turns

__all__ = (
    "FULL_TEXT",
    "FULL_TEXT_TOKENS",
    "NUMBERS",
    "OPEN_STATES",
    "WAITING_STATES",
    "action_counts",
    "action_log",
    "actions",
    "breakers",
    "commands",
    "controls",
    "corrections",
    "daemon_lease",
    "discovered",
    "events",
    "inbox",
    "inbox_attempts",
    "inbox_counts",
    "is_state",
    "issues",
    "memory_summary",
    "meta",
    "metadata",
    "mirror",
    "mirror_comments",
    "mirror_labels",
    "mirror_reading",
    "model_calls",
    "patterns",
    "polls",
    "priors",
    "project_files",
    "project_reading",
    "quotas",
    "reactions",
    "turns",
)
