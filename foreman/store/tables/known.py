"""What is known of issues and their repositories: as last seen, with their text, and what was learned from them."""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, event, text

from foreman.store.tables.shared import metadata
from foreman.store.types import JsonText, OutsideText, UtcTime

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
