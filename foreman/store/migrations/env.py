"""How Alembic reaches the database: through the connection `schema.migrate` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from foreman.store.tables import metadata


def run() -> None:
    """Run the migrations asked for."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        transactional_ddl=True,
    )
    context.run_migrations()


run()
