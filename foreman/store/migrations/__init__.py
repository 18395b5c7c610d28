"""Alembic migrations, forward only. A released one is never edited."""
