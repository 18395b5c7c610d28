"""How a forge's JSON is read: the kinds of values all replies are made of, and the reading itself.

A new field of a forge's breaks nothing; what does not fit raises ValueError.
"""

from __future__ import annotations

from datetime import UTC
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter


def _storable(value: object) -> object:
    """Replace what no database or terminal takes: half a surrogate pair, which JSON can spell, and NUL."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


Text = Annotated[str, BeforeValidator(_storable)]
Id = Annotated[int, Field(strict=True, ge=1, lt=2**63)]
Count = Annotated[int, Field(strict=True, ge=0)]
Time = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]


class Row(BaseModel):
    """Something in a reply: what is not asked for is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


_T = TypeVar("_T")


def read(shape: type[_T], data: object) -> _T:
    """Read a reply as one shape.

    Args:
        shape: A row class, or a tuple of one.
        data: Parsed JSON.

    Returns:
        The row or rows.

    Raises:
        ValueError: The reply has another shape (pydantic's ValidationError).
    """
    key: Any = shape
    found: _T = _adapter(key).validate_python(data)
    return found


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    # Building one takes longer than most replies take to read.
    return TypeAdapter(shape)
