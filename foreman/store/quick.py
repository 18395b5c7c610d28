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
_Slot = tuple[str, int | None, _Convert | None]
"""Where a value comes from: the name of a parameter, its place in a list, and what turns it into the database's."""


LONGEST_LIST = 60
"""Values in one `in_` up to which a statement is kept for each length: more of them are rare, and each has its own."""

_Known = (Select, Insert, Update, Delete)


class QuickConnection(Connection):
    """SQLAlchemy's connection to SQLite."""

    def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """Run a statement, by the short way where there is one."""
        known = None if options or not isinstance(statement, _Known) else _known.get(statement)
        if known is None:
            if isinstance(statement, _Known):
                _known[statement] = {}
            return super().execute(statement, parameters, **options)
        found = self._run(known, statement, parameters) if self.in_transaction() else None
        return super().execute(statement, parameters) if found is None else found

    def _run(self, known: dict[tuple[str, ...], _Plan | None], statement: Any, parameters: Any) -> Found | None:
        many = type(parameters) is list and isinstance(statement, Insert)
        if not (many or parameters is None or type(parameters) is dict):
            return None
        first = parameters[0] if many else parameters
        shape = tuple(first) if first else ()
        if shape not in known:
            known[shape] = _planned(statement, shape, self)
        plan = known[shape]
        if plan is None:
            return None
        raw = driver(self)
        return plan.run_many(raw, parameters) if many else plan.run(raw, parameters or {})


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

    __slots__ = ("_by_length", "_changes", "_columns", "_compiled", "_fixed", "_lists", "_row", "_values")

    def __init__(self, compiled: Any, statement: Any, dialect: Any) -> None:
        self._compiled = compiled
        self._fixed = compiled.params
        self._values: dict[str, _Convert] = {}
        for bound, name in compiled.bind_names.items():
            convert = bound.type.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                self._values[name] = convert
        self._lists = tuple(name for bound, name in compiled.bind_names.items() if bound.expanding)
        self._by_length: dict[tuple[int, ...], tuple[str, tuple[_Slot, ...]]] = {}
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
        given = {**self._fixed, **parameters}
        ready = self._ready(given)
        if ready is None:
            return None
        sql, slots = ready
        cursor = raw.execute(sql, [_bound(given, slot) for slot in slots])
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
        ready = self._ready({**self._fixed, **rows[0]})
        if ready is None:
            return None
        sql, slots = ready
        cursor = raw.executemany(sql, [[_bound({**self._fixed, **row}, slot) for slot in slots] for row in rows])
        return Found((), cursor.rowcount)

    def _ready(self, given: dict[str, Any]) -> tuple[str, tuple[_Slot, ...]] | None:
        lengths = tuple(len(given[name]) for name in self._lists) if self._lists else ()
        known = self._by_length.get(lengths)
        if known is None and max(lengths, default=0) <= LONGEST_LIST:
            known = self._by_length[lengths] = self._of_lengths(given)
        return known

    def _of_lengths(self, given: dict[str, Any]) -> tuple[str, tuple[_Slot, ...]]:
        """Put as many placeholders where a list goes as it has values."""
        if not self._lists:
            return str(self._compiled), tuple(
                (name, None, self._values.get(name)) for name in self._compiled.positiontup
            )
        state = self._compiled.construct_expanded_state(given)
        element = {
            each: (name, place)
            for name, expanded in state.parameter_expansion.items()
            for place, each in enumerate(expanded)
        }
        names = (element.get(name, (name, None)) for name in state.positiontup)
        return state.statement, tuple((name, place, self._values.get(name)) for name, place in names)


def _bound(given: dict[str, Any], slot: _Slot) -> Any:
    name, place, convert = slot
    value = given[name] if place is None else given[name][place]
    return value if convert is None else convert(value)


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
