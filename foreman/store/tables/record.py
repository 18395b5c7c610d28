"""What was decided, done, put right and paid. `action_log` and `memory_summary` are public."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, text

from foreman.model import ActionState
from foreman.store.tables.shared import metadata, where
from foreman.store.types import JsonText, OutsideText, Usd, UtcSeconds, UtcTime

OPEN_STATES = (ActionState.PLANNED, ActionState.SENT)
"""Actions that something must still be done about, in the order the index names them."""

_OPEN = text("state IN ('planned', 'sent')")

action_log = Table(
    "action_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("repo", Text, nullable=False),
    Column("issue_id", Integer, nullable=False),
    Column("task_type", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("rationale", OutsideText, nullable=False),
    Column("actions", JsonText, nullable=False),
    Column("timestamp", UtcSeconds, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("mode", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("confidence", Float),
    Column("author_id", BigInteger),
    Column("seen", JsonText, nullable=False),
    Column("model", OutsideText, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("usd", Usd),
    Column("duration_ms", Integer, nullable=False),
    Column("undoes", ForeignKey("action_log.id")),
    Column("trace", Text, nullable=False, server_default=text("''")),
    Index("action_log_by_time", "timestamp"),
    Index("action_log_by_repo", "repo", "timestamp"),
    Index("action_log_by_issue", "repo", "issue_id", "timestamp"),
    Index("action_log_by_author", "repo", "author_id", "timestamp"),
    Index("action_log_by_task", "task_id"),
    Index("action_log_undoes", "undoes", **where(text("undoes IS NOT NULL"))),
    Index("action_log_escalated", "timestamp", **where(text("decision = 'escalate'"))),
)

actions = Table(
    "actions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("log_id", ForeignKey("action_log.id"), nullable=False),
    Column("repo", Text, nullable=False),
    Column("issue_id", Integer, nullable=False),
    Column("agent", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("payload", JsonText, nullable=False),
    Column("key", Text, nullable=False),
    Column("payload_hash", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", OutsideText, nullable=False),
    Column("detail", OutsideText, nullable=False),
    Column("undo", JsonText, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("sent_at", UtcTime),
    Column("not_before", UtcTime),
    Column("settled_at", UtcTime),
    Column("approved_by", OutsideText),
    Index("actions_in_order", "log_id", "position", unique=True),
    Index("actions_key", "key", unique=True),
    Index("actions_open", "repo", "log_id", "position", **where(_OPEN)),
    Index("actions_open_by_issue", "repo", "issue_id", "state", **where(_OPEN)),
    Index("actions_by_issue", "repo", "issue_id", "log_id", "position"),
    Index("actions_by_state", "state", "created_at"),
    Index("actions_by_repo_state", "repo", "state", "created_at"),
    Index("actions_by_sent", "sent_at"),
    Index("actions_by_repo_sent", "repo", "sent_at"),
    Index("actions_of_holes", "created_at", "log_id", **where(text("reason = 'security_report'"))),
)

action_counts = Table(
    "action_counts",
    metadata,
    Column("state", Text, primary_key=True),
    Column("number", Integer, nullable=False),
)
"""How many actions are in each state, kept in the transaction that moves them."""

memory_summary = Table(
    "memory_summary",
    metadata,
    Column("repo", Text, primary_key=True),
    Column("issue_id", Integer, primary_key=True),
    Column("summary", OutsideText, nullable=False),
    Column("updated_at", UtcSeconds, nullable=False),
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("repo", Text, nullable=False),
    Column("issue_id", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("action_type", Text, nullable=False),
    Column("value", OutsideText, nullable=False),
    Column("by", OutsideText, nullable=False),
    Column("because", OutsideText, nullable=False),
    Column("action_id", ForeignKey("actions.id")),
    Column("at", UtcTime, nullable=False),
    Index("corrections_by_repo", "repo", "id"),
    Index("corrections_by_issue", "repo", "issue_id", "id"),
    # Else to delete an action is to read every correction.
    Index("corrections_by_action", "action_id", **where(text("action_id IS NOT NULL"))),
)

reactions = Table(
    "reactions",
    metadata,
    Column("repo", Text, primary_key=True),
    Column("issue_id", Integer, primary_key=True),
    Column("comment_id", BigInteger, primary_key=True),
    Column("reaction_id", BigInteger, primary_key=True),
    Column("account_id", BigInteger, nullable=False),
    Column("login", OutsideText, nullable=False),
    Column("is_bot", Boolean, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("gone_at", UtcTime),
)
"""Reactions to comments of ours, those that were taken back too; `comment_id` 0 would be the issue itself."""

model_calls = Table(
    "model_calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task_id", Text, nullable=False),
    Column("repo", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", OutsideText, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("cached_tokens", Integer, nullable=False),
    Column("usd", Usd),
    Column("started_at", UtcTime, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("error", OutsideText, nullable=False),
    Index("model_calls_by_time", "started_at"),
    Index("model_calls_by_task", "task_id"),
    Index("model_calls_by_repo", "repo", "started_at"),
)
