"""What came in and waits to be worked on."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from foreman.model import InboxState
from foreman.store.tables.shared import metadata, where
from foreman.store.types import JsonText, OutsideText, UtcTime

WAITING_STATES = (InboxState.READY, InboxState.HELD)
"""Work that nobody has begun, in the order the index names them."""

_WAITING = text("state IN ('ready', 'held')")

_READY = text("state = 'ready'")

_CLAIMED = text("state = 'claimed'")

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
    Index("commands_open", "state", "written_at", **where(text("state IN ('ready', 'taken')"))),
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
    Index("inbox_one_waiting", "repo", "issue_id", "agent", unique=True, **where(_WAITING)),
    Index("inbox_one_running", "repo", "issue_id", unique=True, **where(_CLAIMED)),
    Index("inbox_ready", "repo", "agent", "id", "not_before", **where(_READY)),
    Index("inbox_by_age", "state", "created_at", **where(_READY)),
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
