"""What steers: pauses, the lease, breakers, polls, and the single values a database keeps about itself."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, Table, Text

from foreman.store.tables.shared import metadata
from foreman.store.types import OutsideText, UtcTime

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
