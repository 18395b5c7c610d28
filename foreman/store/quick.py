"""A connection that knows a statement again: what is built once is compiled once, and handed to the driver itself.

SQLAlchemy takes some 50 us of processor time to run a statement that it has in its cache, the driver 3 us, and one
event takes about a hundred statements. So a statement that comes a second time, the same object and not one that is
alike, is compiled here for good, together with what turns its values and columns into ours; whoever runs it writes
what he would write anyway. Everything else goes the usual way: statements built for one call, lists of any length
(`expanding`), many rows at once, new rows whose key is asked for.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Delete, Select, Update
from sqlalchemy.exc import MultipleResultsFound, NoResultFound

_Convert = Callable[[Any], Any]


class QuickConnection(Connection):
    """SQLAlchemy's connection to SQLite."""

    def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """Run a statement, by the short way where there is one."""
        if options or not (parameters is None or type(parameters) is dict) or not self.in_transaction():
            return super().execute(statement, parameters, **options)
        known = _known.get(statement) if isinstance(statement, (Select, Update, Delete)) else None
        if known is None:
            if isinstance(statement, (Select, Update, Delete)):
                _known[statement] = {}
            return super().execute(statement, parameters)
        shape = tuple(parameters) if parameters else ()
        plan = known.get(shape, _UNTRIED)
        if plan is _UNTRIED:
            plan = known[shape] = _planned(statement, shape, self)
        if plan is None:
            return super().execute(statement, parameters)
        return plan.run(self.connection.driver_connection, parameters or {})


class Found:
    """The rows of a statement, read already; answers what SQLAlchemy's result does, as far as anybody here asks."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: Sequence[Any], rowcount: int) -> None:
        """Take what there is.

        Args:
            rows: Each a named tuple.
            rowcount: How many rows were changed.
        """
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Any]:
        """Give the rows."""
        return iter(self._rows)

    def all(self) -> list[Any]:
        """Return the rows."""
        return list(self._rows)

    def first(self) -> Any:
        """Return the first row, None without any."""
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Any:
        """Return the only row, None without any."""
        if len(self._rows) > 1:
            raise MultipleResultsFound("more than one row where there is one at the most")
        return self.first()

    def one(self) -> Any:
        """Return the only row."""
        row = self.one_or_none()
        if row is None:
            raise NoResultFound("no row where there is one")
        return row

    def scalar(self) -> Any:
        """Return the first column of the first row, None without any."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        """Return the first column of the only row."""
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """Return the first column of the only row, None without any."""
        row = self.one_or_none()
        return None if row is None else row[0]

    def scalars(self) -> Found:
        """Return the first columns alone."""
        return Found([row[0] for row in self._rows], self.rowcount)


class _Plan:
    """A compiled statement."""

    __slots__ = ("_changes", "_columns", "_fixed", "_names", "_row", "_sql", "_values")

    def __init__(self, compiled: Any, statement: Any, dialect: Any) -> None:
        self._sql = str(compiled)
        self._names: tuple[str, ...] = tuple(compiled.positiontup)
        self._fixed = compiled.params
        self._values: dict[str, _Convert] = {}
        for name, bound in compiled.binds.items():
            convert = bound.type.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                self._values[name] = convert
        self._changes = not isinstance(statement, Select)
        columns = [] if self._changes else list(statement.selected_columns)
        self._row: Any = namedtuple("Row", [column.key for column in columns], rename=True)  # type: ignore[misc] # noqa: PYI024
        self._columns = tuple(
            (place, convert)
            for place, column in enumerate(columns)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        )

    def run(self, raw: sqlite3.Connection, parameters: dict[str, Any]) -> Found:
        given, values = {**self._fixed, **parameters}, self._values
        bound = [values[name](given[name]) if name in values else given[name] for name in self._names]
        cursor = raw.execute(self._sql, bound)
        if self._changes:
            return Found((), cursor.rowcount)
        make, columns = self._row._make, self._columns
        if not columns:
            return Found([make(row) for row in cursor], -1)
        rows = []
        for row in cursor:
            cells = list(row)
            for place, convert in columns:
                cells[place] = convert(cells[place])
            rows.append(make(cells))
        return Found(rows, -1)


def _planned(statement: Any, shape: tuple[str, ...], connection: Connection) -> _Plan | None:
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(shape) or None)
    if any(bound.expanding for bound in compiled.binds.values()) or compiled.positiontup is None:
        return None
    if not isinstance(statement, Select) and statement._returning:  # noqa: SLF001 - it has no other name
        return None
    return _Plan(compiled, statement, connection.dialect)


_UNTRIED: Any = object()
_known: WeakKeyDictionary[Any, dict[tuple[str, ...], Any]] = WeakKeyDictionary()
