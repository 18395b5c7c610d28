"""Keeping out what a library loads for those who may want it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Let imports in this block go on as where some packages, which are optional for them, are not installed.

    For the first moments of a process: an import of one of them by another thread would fail meanwhile.

    Args:
        names: Of packages; those that were imported before are left as they are.

    Yields:
        Nothing; afterwards they can be imported as ever.
    """
    modules: dict[str, Any] = sys.modules
    kept_out = [name for name in names if name not in modules]
    modules.update(dict.fromkeys(kept_out))
    try:
        yield
    finally:
        for name in kept_out:
            modules.pop(name, None)
