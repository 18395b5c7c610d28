"""Every table, as the newest migration leaves them; `tests/store/test_migrations.py` holds the two together.

`action_log` and `memory_summary` are public: their first columns may be read by anybody's scripts.
Statements stand beside the functions that run them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    event,
    literal_column,
    text,
)

from foreman.model import ActionState, InboxState
from foreman.store.types import JsonText, OutsideText, Usd, UtcSeconds, UtcTime

metadata = MetaData()


def is_state(column: ColumnElement[Any], *states: StrEnum) -> ColumnElement[bool]:
    """Compare a state column with fixed words, written into the statement.

    SQLite takes a partial index only where the statement repeats the index's own condition; a bound parameter
    hides it.

    Args:
        column: The column.
        *states: One or more; for several, in the order in which the index names them.

    Returns:
        The condition.
    """
    words = [literal_column(f"'{state.value}'", Text) for state in states]
    return column == words[0] if len(words) == 1 else column.in_(words)


OPEN_STATES = (ActionState.PLANNED, ActionState.SENT)
"""Actions that something must still be done about, in the order the index names them."""

WAITING_STATES = (InboxState.READY, InboxState.HELD)
"""Work that nobody has begun, in the order the index names them."""

_OPEN = text("state IN ('planned', 'sent')")
_WAITING = text("state IN ('ready', 'held')")
_READY = text("state = 'ready'")
_CLAIMED = text("state = 'claimed'")


def _where(condition: Any) -> dict[str, Any]:
    return {"sqlite_where": condition, "postgresql_where": condition}


meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

controls = Table(
    "controls",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("paused_by", OutsideText, nullable=False),
    Column("paused_at", UtcTime, nullable=False),
    Column("reason", OutsideText, nullable=False),
)

daemon_lease = Table(
    "daemon_lease",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("fence", Integer, nullable=False),
)

breakers = Table(
    "breakers",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("trips", Integer, nullable=False),
    Column("open_until", UtcTime),
    Column("quarantined", Boolean, nullable=False),
    Column("reason", OutsideText, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)

polls = Table(
    "polls",
    metadata,
    Column("repo", Text, primary_key=True),
    Column("forge_id", BigInteger),
    Column("cursor", UtcTime),
    Column("etag", OutsideText, nullable=False),
    Column("next_poll_at", UtcTime),
    Column("last_poll_at", UtcTime),
    Column("last_ok_at", UtcTime),
    Column("last_error", OutsideText, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("first_done", Boolean, nullable=False),
    Column("swept_at", UtcTime),
    Column("news_at", UtcTime),
    Column("interval_seconds", Float),
)

discovered = Table(
    "discovered",
    metadata,
    Column("pattern", Text, primary_key=True),
    Column("repo", Text, primary_key=True),
    Column("forge_id", BigInteger, nullable=False),
    Column("skipped", Text, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("gone_at", UtcTime),
)
"""Repositories that a pattern found, and why one of them is not polled."""

patterns = Table(
    "patterns",
    metadata,
    Column("pattern", Text, primary_key=True),
    Column("next_at", UtcTime),
    Column("last_ok_at", UtcTime),
    Column("last_error", OutsideText, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("cut", Boolean, nullable=False),
)
"""When each pattern was last asked about, and what came of it."""

quotas = Table(
    "quotas",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("limit", BigInteger, nullable=False),
    Column("remaining", BigInteger, nullable=False),
    Column("reset_at", UtcTime, nullable=False),
    Column("told_at", UtcTime, nullable=False),
    Column("stretch", Float, nullable=False),
)
"""What a forge last told each account about its limits."""

issues = Table(
    "issues",
    metadata,
    Column("repo", Text, primary_key=True),
    Column("issue_id", Integer, primary_key=True),
    Column("forge_id", BigInteger, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("content_digest", Text, nullable=False),
    Column("labels", JsonText, nullable=False),
    Column("state", Text, nullable=False),
    Column("author_id", BigInteger, nullable=False),
    Column("comment_count", Integer, nullable=False),
    Column("confidential", Boolean, nullable=False, server_default=text("0")),
    Column("settled", Boolean, nullable=False, server_default=text("1")),
    Column("heard_from", UtcTime),
    Column("heard", JsonText, nullable=False, server_default=text("'[]'")),
)

NUMBERS = 1 << 32
"""Row ids for each repository in the mirror, one after the other: an issue's is a multiple of it and its number."""

mirror = Table(
    "mirror",
    metadata,
    # By which the full-text index names the row too: there the rows of one repository lie together.
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    Column("repo", Text, nullable=False),
    Column("issue_id", Integer, nullable=False),
    Column("forge_id", BigInteger, nullable=False),
    Column("labels", JsonText, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", OutsideText, nullable=False),
    Column("author_id", BigInteger, nullable=False),
    Column("author_role", Text, nullable=False),
    Column("confidential", Boolean, nullable=False),
    Column("comment_count", Integer, nullable=False),
    Column("thumbs_up", Integer, nullable=False),
    Column("milestone", OutsideText, nullable=False),
    Column("assignees", JsonText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    Column("duplicate_of", Integer),
    Column("seen_at", UtcTime, nullable=False),
    # Last: to read what stands behind a long text, SQLite goes through all of it.
    Column("title", OutsideText, nullable=False),
    Column("body", OutsideText, nullable=False),
    Index("mirror_by_issue", "repo", "issue_id", unique=True),
    Index("mirror_by_state", "repo", "state", "issue_id"),
)
"""Issues as they were last seen, with their text, to find similar ones among and to learn from."""

FULL_TEXT_TOKENS = "porter unicode61"
"""How SQLite's FTS5 makes a text into terms."""

FULL_TEXT = (
    f"CREATE VIRTUAL TABLE mirror_text USING fts5(title, body, tokenize='{FULL_TEXT_TOKENS}')",
    "CREATE VIRTUAL TABLE mirror_terms USING fts5vocab(mirror_text, 'row')",
)
"""What the mirror can be searched by: the words of each of its rows, by the same `id`, and how many have each word."""

for _statement in FULL_TEXT:
    event.listen(metadata, "after_create", DDL(_statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]

mirror_labels = Table(
    "mirror_labels",
    metadata,
    Column("repo", Text, primary_key=True),
    Column("issue_id", Integer, primary_key=True),
    Column("label", OutsideText, primary_key=True),
    Column("by_id", BigInteger),
    Column("by", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)
"""Who put each label on that a mirrored issue has."""

mirror_comments = Table(
    "mirror_comments",
    metadata,
    Column("repo", Text, primary_key=True),
    Column("issue_id", Integer, primary_key=True),
    Column("comment_id", BigInteger, primary_key=True),
    Column("author_id", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("duplicate_of", Integer),
)
"""Who commented on a mirrored issue and when; of the text only which issue it names as the original."""

mirror_reading = Table(
    "mirror_reading",
    metadata,
    Column("repo", Text, primary_key=True),
    Column("window", Integer, nullable=False),
    Column("cursor", UtcTime),
    Column("end", UtcTime),
    Column("done_at", UtcTime),
    Column("forgotten_at", UtcTime),
    Column("rows_read", Integer, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("labels_read", Integer, nullable=False),
    Column("labels_below", Integer),
    Column("duplicates_read", Integer, nullable=False),
    Column("duplicates_below", Integer),
    Column("facts_done_at", UtcTime),
)
"""How far the older issues of each repository were read into the mirror."""

priors = Table(
    "priors",
    metadata,
    Column("pool", Text, primary_key=True),
    Column("model", LargeBinary, nullable=False),
    Column("facts", JsonText, nullable=False),
    Column("trained_at", UtcTime, nullable=False),
)
"""What was learned from the labels of the repositories of a pool."""

project_files = Table(
    "project_files",
    metadata,
    Column("repo", Text, primary_key=True),
    Column("path", OutsideText, primary_key=True),
    Column("text", OutsideText, nullable=False),
    Column("sha", Text, nullable=False),
    Column("url", OutsideText, nullable=False),
    Column("read_at", UtcTime, nullable=False),
)
"""What a repository's own files say, as far as it concerns its issues: without known secrets, and bounded."""

project_reading = Table(
    "project_reading",
    metadata,
    Column("repo", Text, primary_key=True),
    Column("wanted", JsonText, nullable=False),
    Column("read_at", UtcTime, nullable=False),
    Column("trouble", OutsideText, nullable=False),
)
"""When those files were last looked at, by which patterns, and what was in the way."""

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

events = Table(
    "events",
    metadata,
    Column("key", Text, primary_key=True),
    Column("repo", Text, nullable=False),
    Column("issue_id", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("occurred_at", UtcTime, nullable=False),
    Column("actor_id", BigInteger),
    Column("seen_at", UtcTime, nullable=False),
    Index("events_by_issue", "repo", "issue_id", "occurred_at"),
)

commands = Table(
    "commands",
    metadata,
    Column("key", Text, primary_key=True),
    Column("repo", Text, nullable=False),
    Column("issue_id", Integer, nullable=False),
    Column("comment_id", BigInteger, nullable=False),
    Column("author_id", BigInteger, nullable=False),
    Column("author", OutsideText, nullable=False),
    Column("written_at", UtcTime, nullable=False),
    Column("lines", JsonText, nullable=False),
    Column("edited", Boolean, nullable=False),
    Column("cut", Boolean, nullable=False),
    Column("quiet", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", OutsideText, nullable=False),
    Column("waits", JsonText, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("not_before", UtcTime),
    Column("taken_at", UtcTime),
    Column("settled_at", UtcTime),
    Index("commands_open", "state", "written_at", **_where(text("state IN ('ready', 'taken')"))),
    Index("commands_by_issue", "repo", "issue_id"),
    Index("commands_by_author", "author_id", "taken_at"),
)
"""Comments that order something of us: what their lines say, and what became of it."""

turns = Table(
    "turns",
    metadata,
    Column("repo", Text, primary_key=True),
    Column("claimed", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),
)
"""When a repository was last served, as a running number: once for work, once for writes."""

inbox_counts = Table(
    "inbox_counts",
    metadata,
    Column("repo", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("number", Integer, nullable=False),
)
"""How many items stand where, kept in the transaction that moves them: counting rows would cost too much."""

inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("repo", Text, nullable=False),
    Column("issue_id", Integer, nullable=False),
    Column("agent", Text, nullable=False),
    Column("task_type", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("event_key", Text, nullable=False),
    Column("actor_id", BigInteger),
    Column("requested", Boolean, nullable=False),
    Column("reruns", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", OutsideText, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("held_until", UtcTime),
    Column("lease_until", UtcTime),
    Column("finished_at", UtcTime),
    Column("trace", Text, nullable=False, server_default=text("''")),
    Index("inbox_one_waiting", "repo", "issue_id", "agent", unique=True, **_where(_WAITING)),
    Index("inbox_one_running", "repo", "issue_id", unique=True, **_where(_CLAIMED)),
    Index("inbox_ready", "repo", "agent", "id", "not_before", **_where(_READY)),
    Index("inbox_by_age", "state", "created_at", **_where(_READY)),
    Index("inbox_by_state", "state", "id"),
    Index("inbox_by_issue", "repo", "issue_id"),
)

inbox_attempts = Table(
    "inbox_attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", ForeignKey("inbox.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("outcome", Text, nullable=False),
    Column("reason", OutsideText, nullable=False),
    Index("inbox_attempts_by_item", "item_id", "id"),
)

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
    Index("action_log_undoes", "undoes", **_where(text("undoes IS NOT NULL"))),
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
    Index("actions_open", "repo", "log_id", "position", **_where(_OPEN)),
    Index("actions_open_by_issue", "repo", "issue_id", "state", **_where(_OPEN)),
    Index("actions_by_issue", "repo", "issue_id", "log_id", "position"),
    Index("actions_by_state", "state", "created_at"),
    Index("actions_by_repo_state", "repo", "state", "created_at"),
    Index("actions_by_sent", "sent_at"),
    Index("actions_by_repo_sent", "repo", "sent_at"),
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
)

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
