"""What the families of tables share: where they are declared, and how a state is compared."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, MetaData, Text, literal_column

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


def where(condition: Any) -> dict[str, Any]:
    """Give the condition of a partial index; for another database too, SQLAlchemy would load that one's drivers."""
    return {"sqlite_where": condition}
