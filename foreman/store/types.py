"""Column types: how our values lie in the database. Nothing here knows a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Text
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine

_NANO = Decimal(1_000_000_000)
_JSON = json.JSONEncoder(separators=(", ", ": "), allow_nan=False)


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC in and out; in the file `YYYY-MM-DD HH:MM:SS.ffffff`, so that text order is time order."""

    impl = DateTime
    cache_ok = True
    _seconds_only = False

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the text format on SQLite."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(
                sqlite.DATETIME(truncate_microseconds=self._seconds_only)  # type: ignore[no-untyped-call]
            )
        return dialect.type_descriptor(DateTime())

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """Turn an aware time into naive UTC, on SQLite its text; a naive one is a bug."""
        text = dialect.name == "sqlite"
        digits = "seconds" if self._seconds_only else "microseconds"

        def bind(value: datetime | None) -> Any:
            if value is None:
                return None
            if value.tzinfo is None:
                raise ValueError(f"a time without a zone: {value!r}")
            naive = (value if value.tzinfo is UTC else value.astimezone(UTC)).replace(tzinfo=None)
            return naive.isoformat(" ", digits) if text else naive

        return bind

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """Say that what was stored is UTC."""
        if dialect.name != "sqlite":
            return super().result_processor(dialect, coltype) or (lambda value: value)

        def result(value: str | None) -> datetime | None:
            return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)

        return result

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Say that what was stored is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class UtcSeconds(UtcTime):
    """The same for the public columns: `YYYY-MM-DD HH:MM:SS`."""

    cache_ok = True
    _seconds_only = True


class JsonText(TypeDecorator[Any]):
    """JSON in a TEXT column, ASCII only: safe for whatever strangers write."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str:
        """Write JSON."""
        return _JSON.encode(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        """Read JSON."""
        return None if value is None else json.loads(value)


class OutsideText(TypeDecorator[str]):
    """Text that strangers may have written: half surrogate pairs become `?`, NUL goes; both break readers."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Make it encodable."""
        if value is None:
            return None
        return value.replace("\0", "").encode("utf-8", "replace").decode()


class Usd(TypeDecorator[Decimal]):
    """Money as whole billionths of a dollar, so that sums are exact."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, _dialect: Dialect) -> int | None:
        """Count billionths."""
        return None if value is None else int((value * _NANO).to_integral_value())

    def process_result_value(self, value: int | None, _dialect: Dialect) -> Decimal | None:
        """Give dollars back."""
        return None if value is None else Decimal(value) / _NANO
