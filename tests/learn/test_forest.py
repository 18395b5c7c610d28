from __future__ import annotations

from array import array

import pytest

from foreman.learn.forest import LEAF, TREES, Forest, grow

# One of two features makes class 1, both together or neither makes class 0: no sum of the two tells that.
ROWS = [set(), {0}, {1}, {0, 1}] * 20
CLASSES = [0, 1, 1, 0] * 20


def test_trees_see_what_features_say_together() -> None:
    forest = grow(ROWS, CLASSES, [1.0] * 80, features=2, class_count=2)

    assert [forest.vote(row).index(max(forest.vote(row))) for row in ROWS[:4]] == CLASSES[:4]
    assert all(sum(forest.vote(row)) == pytest.approx(1.0) for row in ROWS[:4])


def test_what_counts_more_wins() -> None:
    rows = [{0}] * 10
    classes, weights = [0] * 6 + [1] * 4, [1.0] * 6 + [3.0] * 4

    assert grow(rows, classes, [1.0] * 10, features=1, class_count=2).vote({0})[0] > 0.5
    assert grow(rows, classes, weights, features=1, class_count=2).vote({0})[0] < 0.5


def test_where_there_is_nothing_to_ask_every_tree_is_one_leaf() -> None:
    forest = grow([set()] * 4, [0, 0, 0, 1], [1.0] * 4, features=0, class_count=2)

    assert list(forest.asks) == [LEAF] * TREES
    assert forest.vote({7}) == pytest.approx((0.75, 0.25), abs=0.01)


@pytest.mark.parametrize(
    ("roots", "asks", "jumps"),
    [
        ([0], [0, LEAF, LEAF], [0, 0, 0]),  # stays where it is for ever
        ([0], [0, LEAF, LEAF], [3, 0, 0]),  # leads out
        ([0], [0, LEAF, LEAF], [2, 0, 1]),  # a leaf without shares
        ([3], [0, LEAF, LEAF], [2, 0, 0]),  # no such root
        ([0], [0, LEAF, LEAF], [2, 0]),
        ([0], [0], [1]),  # nothing behind it
    ],
)
def test_a_forest_that_leads_astray_is_refused(roots: list[int], asks: list[int], jumps: list[int]) -> None:
    forest = Forest(array("I", roots), array("H", asks), array("I", jumps), bytes([200, 55]), 2)

    with pytest.raises(ValueError, match=r"."):
        forest.check()
    Forest(array("I", [0]), array("H", [0, LEAF, LEAF]), array("I", [2, 0, 0]), bytes([200, 55]), 2).check()
