"""What a shell hands over, taken as it is where that is plain; Typer asks pydantic, whose import takes long.

A word that is to be text is text, and digits that are to be a number within its bounds are that number. All else
(a wrong word, a list, another type) is still Typer's, with its messages.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
_OF_FILES = ("exists", "writable", "resolve_path", "allow_dash", "path_type")


def quick(parameter: Any) -> Any:
    """Let a parameter of Typer's take plain words by itself.

    Args:
        parameter: Of a command or a group; one that is not Typer's stays as it is.

    Returns:
        The same.
    """
    if hasattr(parameter, "type_descriptor") and "get_runtime_param" not in vars(parameter):
        whole = parameter.get_runtime_param
        setattr(parameter, "get_runtime_param", lambda: _Plain(whole))  # noqa: B010
    return parameter


class _Plain:
    """Stands where Typer has what turns a word into a value."""

    def __init__(self, whole: Any) -> None:
        self._whole = whole

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value of a word, None for one that was not given."""
        if not param.multiple and param.nargs == 1:
            if value is None:
                return None
            found = _plain(value, param.type_descriptor)
            if found is not None:
                return found
        return self._whole().coerce(value, param=param, ctx=ctx)


def _plain(value: Any, wanted: Any) -> Any:
    """Return a value that needs no further look; None for any that does."""
    kind, info = wanted.annotation, wanted.parameter_info
    if info.parser is not None:
        return None
    if kind is str:
        return value if type(value) is str else None
    if kind is int:
        return _number(value, info)
    if kind is Path:
        checked = any(getattr(info, name, None) for name in _OF_FILES)
        return Path(value) if type(value) is str and value and not checked else None
    if get_origin(kind) is Literal:
        return value if type(value) is str and value in get_args(kind) else None
    return None


def _number(value: Any, info: Any) -> int | None:
    number = int(value) if type(value) is str and _DIGITS.fullmatch(value) else value
    if type(number) is not int or info.clamp:
        return None
    inside = (info.min is None or number >= info.min) and (info.max is None or number <= info.max)
    return number if inside else None
