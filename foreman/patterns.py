"""Regular expressions that are compiled when they are first used: most that a process imports it never asks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

_METHODS = ("search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")
_FACTS = ("pattern", "flags", "groups", "groupindex")

if TYPE_CHECKING:
    late = re.compile
else:

    def late(source, flags=0):
        """Take a regular expression, as `re.compile` does; a mistake in it is told when it is first used."""
        return _Later(source, flags)


class _Later:
    """Has what a pattern has, once somebody asks for any of it."""

    def __init__(self, source: str, flags: int) -> None:
        self._given = source, flags

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS and name not in _FACTS:
            raise AttributeError(name)
        compiled = re.compile(*self._given)
        # Its own from now on, so that the next use is as quick as that of a pattern.
        self.__dict__.update((each, getattr(compiled, each)) for each in (*_METHODS, *_FACTS))
        return getattr(compiled, name)
