"""When Python looks for objects that only refer to each other.

What is loaded at a start stays for good, and looking through all of it again and again took a tenth of the start.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 50_000
"""How many more objects there are before a look, while things are loaded."""

USUAL_OBJECTS = 2_000
"""The same afterwards; Python's own number is 700, from 3.13 on 2,000."""


@contextmanager
def loading() -> Iterator[None]:
    """Look seldom in this block, or until `loaded` is called in it."""
    usual = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def loaded() -> None:
    """Take what there is now as there for good: it is never looked through again."""
    gc.freeze()
    gc.set_threshold(USUAL_OBJECTS, *gc.get_threshold()[1:])
