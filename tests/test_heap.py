"""When Python looks for garbage: seldom while it loads, as ever afterwards."""

from __future__ import annotations

import gc

import pytest

from foreman import heap


def test_looks_seldom_while_things_are_loaded_and_as_ever_afterwards() -> None:
    before = gc.get_threshold()
    with heap.loading():
        assert gc.get_threshold() == (heap.NEW_OBJECTS, *before[1:])
    assert gc.get_threshold() == before


def test_a_failure_while_things_are_loaded_changes_nothing_for_good() -> None:
    before = gc.get_threshold()
    with pytest.raises(RuntimeError), heap.loading():
        raise RuntimeError
    assert gc.get_threshold() == before


def test_what_is_loaded_is_kept_out_of_every_later_look() -> None:
    before = gc.get_threshold()
    try:
        with heap.loading():
            kept = [[number] for number in range(100)]
            heap.loaded()
            assert gc.get_threshold()[0] == heap.USUAL_OBJECTS
        assert gc.get_freeze_count() >= len(kept)
    finally:
        gc.unfreeze()
    assert gc.get_threshold() == before
