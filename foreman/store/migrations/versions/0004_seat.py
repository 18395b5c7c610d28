"""What people order by comment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_seat"
down_revision = "0003_issue_mirror"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table; every row stays."""
    op.create_table(
        "commands",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("repo", sa.Text(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("cut", sa.Boolean(), nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("waits", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("not_before", sa.DateTime(), nullable=True),
        sa.Column("taken_at", sa.DateTime(), nullable=True),
        sa.Column("settled_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    unsettled = sa.text("state IN ('ready', 'taken')")
    op.create_index(
        "commands_open", "commands", ["state", "written_at"], sqlite_where=unsettled, postgresql_where=unsettled
    )
    op.create_index("commands_by_issue", "commands", ["repo", "issue_id"])
    op.create_index("commands_by_author", "commands", ["author_id", "taken_at"])
