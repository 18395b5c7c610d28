"""Keeping out what a library loads, or looks for, for those who may want it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without(*names: str, forget: str = "") -> Iterator[None]:
    """Let imports in this block go on as where some packages, which are optional for them, are not installed.

    For the first moments of a process: an import of one of them by another thread would fail meanwhile.

    Args:
        *names: Of packages; those that were imported before are left as they are.
        forget: A package that does less without them: whoever imports it next gets a whole one of its own.

    Yields:
        Nothing; afterwards they can be imported as ever.
    """
    modules: dict[str, Any] = sys.modules
    kept_out = [name for name in names if name not in modules]
    forget = "" if forget in modules else forget
    modules.update(dict.fromkeys(kept_out))
    try:
        yield
    finally:
        for name in kept_out:
            modules.pop(name, None)
        for name in list(modules):
            if kept_out and forget and (name == forget or name.startswith(f"{forget}.")):
                del modules[name]


@contextmanager
def without_plugins() -> Iterator[None]:
    """Let imports in this block find no plug-ins; to look for them is to read a file of every installed package.

    For the first moments of a process, as `without`.

    Yields:
        Nothing.
    """
    from importlib import metadata  # which every start would load, and not every command needs

    library: Any = metadata
    ask = metadata.entry_points
    library.entry_points = lambda **_: metadata.EntryPoints()
    try:
        yield
    finally:
        library.entry_points = ask
