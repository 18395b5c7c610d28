"""The trace that a piece of work belongs to, from the poll to the write on the forge, and what deleting needs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_year"
down_revision = "0004_seat"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and indexes; every row stays."""
    op.add_column("inbox", sa.Column("trace", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("action_log", sa.Column("trace", sa.Text(), server_default=sa.text("''"), nullable=False))
    named = sa.text("action_id IS NOT NULL")
    op.create_index("corrections_by_action", "corrections", ["action_id"], sqlite_where=named, postgresql_where=named)
    left = sa.text("decision = 'escalate'")
    op.create_index("action_log_escalated", "action_log", ["timestamp"], sqlite_where=left, postgresql_where=left)
    holes = sa.text("reason = 'security_report'")
    columns = ["created_at", "log_id"]
    op.create_index("actions_of_holes", "actions", columns, sqlite_where=holes, postgresql_where=holes)
