"""A connection that knows a statement again: what is built once is compiled once, and handed to the driver itself.

SQLAlchemy takes 50 to 300 us of processor time to run a statement that it has in its cache, the driver 3 us, and one
event takes about a hundred statements. So a statement that comes a second time, the same object and not one that is
alike, is compiled here for good, together with what turns its values and columns into ours; whoever runs it writes
what he would write anyway. A list (`in_`) is compiled once for each length of it. Everything else goes the usual way:
statements built for one call, long lists, rows that have defaults of their own or are to be returned.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Delete, Insert, Select, Update
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.types import TupleType

from foreman.store.rows import driver

_Convert = Callable[[Any], Any]
LONGEST_LIST = 60
"""Values in one `in_` up to which a statement is kept for each length: more of them are rare, and each has its own."""

_Known = (Select, Insert, Update, Delete)


class QuickConnection(Connection):
    """SQLAlchemy's connection to SQLite."""

    def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """Run a statement, by the short way where there is one."""
        plans = None if options or not isinstance(statement, _Known) else _known.get(statement)
        if plans is None:
            if isinstance(statement, _Known):
                _known[statement] = {}
            return super().execute(statement, parameters, **options)
        found = self._run(plans, statement, parameters) if self.in_transaction() else None
        return super().execute(statement, parameters) if found is None else found

    def _run(self, plans: dict[tuple[str, ...], _Plan | None], statement: Any, parameters: Any) -> Found | None:
        many = type(parameters) is list and isinstance(statement, Insert)
        if not (many or parameters is None or type(parameters) is dict):
            return None
        shape = () if not parameters else tuple(parameters[0] if many else parameters)
        plan = plans.get(shape)
        if plan is None:
            if shape in plans:
                return None
            plan = plans[shape] = _planned(statement, shape, self)
            if plan is None:
                return None
        return plan.run_many(driver(self), parameters) if many else plan.run(driver(self), parameters or {})


class Found:
    """The rows of a statement, read already; answers what SQLAlchemy's result does, as far as anybody here asks."""

    __slots__ = ("_rows", "inserted_primary_key", "rowcount")

    def __init__(self, rows: Sequence[Any], rowcount: int, row_id: int | None = None) -> None:
        """Take what there is.

        Args:
            rows: Each a named tuple.
            rowcount: How many rows were changed.
            row_id: The key the database gave to a new row.
        """
        self._rows = rows
        self.rowcount = rowcount
        self.inserted_primary_key = (row_id,)

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

    __slots__ = ("_changes", "_columns", "_compiled", "_fixed", "_lists", "_row", "_slots", "_sql")

    def __init__(self, compiled: Any, statement: Any, dialect: Any) -> None:
        self._compiled = compiled
        binds = {name: bound for bound, name in compiled.bind_names.items()}
        self._fixed = {name: compiled.params[name] for name, bound in binds.items() if not bound.required}
        self._lists = tuple(name for name, bound in binds.items() if bound.expanding)
        self._slots: tuple[tuple[str, _Convert | None, bool], ...] = tuple(
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect), binds[name].expanding)
            for name in compiled.positiontup
        )
        self._sql: dict[tuple[int, ...], str] = {} if self._lists else {(): str(compiled)}
        self._changes = not isinstance(statement, Select)
        columns = [] if self._changes else list(statement.selected_columns)
        self._row: Any = namedtuple("Row", [column.key for column in columns], rename=True)  # type: ignore[misc] # noqa: PYI024
        self._columns = tuple(
            (place, convert)
            for place, column in enumerate(columns)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        )

    def run(self, raw: sqlite3.Connection, parameters: dict[str, Any]) -> Found | None:
        """Run it once; None where a list is too long for this way."""
        given = self._fixed | parameters
        sql = self._of_lengths(given)
        if sql is None:
            return None
        cursor = raw.execute(sql, self._bound(given))
        if self._changes:
            return Found((), cursor.rowcount, cursor.lastrowid)
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

    def run_many(self, raw: sqlite3.Connection, rows: list[dict[str, Any]]) -> Found | None:
        """Run it for each of some rows, all with the same columns."""
        sql = self._of_lengths(self._fixed | rows[0])
        if sql is None:
            return None
        cursor = raw.executemany(sql, [self._bound(self._fixed | row) for row in rows])
        return Found((), cursor.rowcount)

    def _bound(self, given: dict[str, Any]) -> list[Any]:
        """Put the values in the order of the placeholders, as the database has them."""
        values: list[Any] = []
        for name, convert, is_list in self._slots:
            value = given[name]
            if is_list:
                values += value if convert is None else map(convert, value)
            else:
                values.append(value if convert is None else convert(value))
        return values

    def _of_lengths(self, given: dict[str, Any]) -> str | None:
        """Return the SQL with as many placeholders where a list goes as it has values."""
        lengths = tuple([len(given[name]) for name in self._lists])
        known = self._sql.get(lengths)
        if known is None and max(lengths) <= LONGEST_LIST:
            known = self._sql[lengths] = self._compiled.construct_expanded_state(given).statement
        return known


def _planned(statement: Any, shape: tuple[str, ...], connection: Connection) -> _Plan | None:
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(shape) or None)
    if compiled.positiontup is None or any(isinstance(bound.type, TupleType) for bound in compiled.bind_names):
        return None
    if not isinstance(statement, Select) and (
        statement._returning  # noqa: SLF001 - it has no other name
        or compiled.insert_prefetch
        or compiled.update_prefetch
    ):
        return None
    return _Plan(compiled, statement, connection.dialect)


_known: WeakKeyDictionary[Any, dict[tuple[str, ...], _Plan | None]] = WeakKeyDictionary()
