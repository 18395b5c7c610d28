"""Reactions, comments told apart exactly, repositories found by patterns, quotas, confidential issues."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_two_forges"
down_revision = "0001_first"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables and columns; every row stays."""
    op.add_column("issues", sa.Column("confidential", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.add_column("issues", sa.Column("settled", sa.Boolean(), server_default=sa.text("1"), nullable=False))
    op.add_column("issues", sa.Column("heard_from", sa.DateTime(), nullable=True))
    op.add_column("issues", sa.Column("heard", sa.Text(), server_default=sa.text("'[]'"), nullable=False))
    op.execute("UPDATE issues SET heard_from = updated_at")
    op.drop_column("issues", "last_comment_id")

    op.add_column("polls", sa.Column("news_at", sa.DateTime(), nullable=True))
    op.add_column("polls", sa.Column("interval_seconds", sa.Float(), nullable=True))

    op.create_table(
        "reactions",
        sa.Column("repo", sa.Text(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=False),
        sa.Column("reaction_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("is_bot", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("gone_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("repo", "issue_id", "comment_id", "reaction_id"),
    )
    op.create_table(
        "discovered",
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("repo", sa.Text(), nullable=False),
        sa.Column("forge_id", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("gone_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("pattern", "repo"),
    )
    op.create_table(
        "patterns",
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=True),
        sa.Column("last_ok_at", sa.DateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("cut", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("pattern"),
    )
    op.create_table(
        "quotas",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("limit", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("reset_at", sa.DateTime(), nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=False),
        sa.Column("stretch", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("scope"),
    )
