"""Fit a forest: trees that ask of an issue whether it says one thing or another, and vote.

Logistic regression adds up what words say; a tree sees what they say together. They go wrong about different issues.
The rows of a node are the bits of one number, so that counting them is one step whatever their number.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Collection, Sequence

from foreman.values import dataclass

TREES = 100
"""How many vote; more change little."""

WEIGHT = 2.0
"""Its vote counts as much as those of so many linear classifiers."""

LEAF = 0xFFFF
"""Stands in `Forest.asks` where there is nothing more to ask."""

_LEAST_ROWS = 2
_MOST_DRAWS = 3
_MOST_COPIES = 4
_STEPS = 255


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees, one after the other, each from its root downwards.

    Attributes:
        roots: Where each tree begins.
        asks: Per node: the feature that is asked for, or `LEAF`.
        jumps: Per node: how far it is to the next one if the feature is there; if not, it is the next. Of a leaf:
            which of the shares.
        shares: Shares of the classes, in 255ths.
        class_count: How many there are.
    """

    roots: array[int]
    asks: array[int]
    jumps: array[int]
    shares: bytes
    class_count: int

    def vote(self, found: Collection[int]) -> tuple[float, ...]:
        """Return how likely each class is.

        Args:
            found: Features of an issue, as numbers.

        Returns:
            The mean of what the trees say.
        """
        total = [0] * self.class_count
        asks, jumps, count = self.asks, self.jumps, self.class_count
        for at in self.roots:
            while (asked := asks[at]) != LEAF:
                at += jumps[at] if asked in found else 1
            for label, share in enumerate(self.shares[jumps[at] * count : (jumps[at] + 1) * count]):
                total[label] += share
        whole = sum(total) or 1
        return tuple(one / whole for one in total)

    def check(self) -> None:
        """Make sure that every walk ends.

        Raises:
            ValueError: It does not, or leads out of the forest.
        """
        kinds, size = len(self.shares) // self.class_count, len(self.asks)
        if size != len(self.jumps) or any(root >= size for root in self.roots):
            raise ValueError("the forest has holes")
        for at, (asked, jump) in enumerate(zip(self.asks, self.jumps, strict=True)):
            if (jump >= kinds) if asked == LEAF else not 1 < jump < size - at:
                raise ValueError("a tree leads nowhere")


def grow(
    rows: Sequence[Collection[int]],
    classes: Sequence[int],
    weights: Sequence[float],
    *,
    features: int,
    class_count: int,
) -> Forest:
    """Grow a forest.

    Args:
        rows: The features of each issue, as numbers below `features`.
        classes: The class of each.
        weights: How much each counts.
        features: How many features there are.
        class_count: How many classes there are.

    Returns:
        The forest.

    References:
        Geurts, Ernst and Wehenkel, "Extremely randomized trees", 2006.
    """
    copies = [at for at, weight in enumerate(weights) for _ in range(max(1, min(_MOST_COPIES, round(weight))))]
    bits, sides = [0] * features, [0] * class_count
    for bit, at in enumerate(copies):
        sides[classes[at]] |= 1 << bit
        for feature in rows[at]:
            bits[feature] |= 1 << bit
    used = [mask for mask in enumerate(bits) if mask[1]]
    wanted = max(1, round(len(used) ** 0.5))
    most = min(len(used), wanted * _MOST_DRAWS)
    chance = random.Random(0)  # noqa: S311 - the same forest at every training
    roots, asks, jumps = array("I"), array("H"), array("I")
    kinds: dict[tuple[int, ...], int] = {}
    for _ in range(TREES):
        roots.append(len(asks))
        chance.shuffle(used)
        candidates, at = [*used, *used[:most]], 0  # where the last was looked at, the first comes next
        waiting: list[tuple[list[int], int]] = [(sides, -1)]
        while waiting:
            mine, above = waiting.pop()
            if above >= 0:
                jumps[above] = len(asks) - above
            counts = [mask.bit_count() for mask in mine]
            split, looked_at = _split(mine, counts, candidates[at : at + most], wanted)
            at = (at + looked_at) % max(1, len(used))
            if split is None:
                total = sum(counts)
                shares = tuple(round(count * _STEPS / total) for count in counts)
                asks.append(LEAF)
                jumps.append(kinds.setdefault(shares, len(kinds)))
            else:
                feature, mask = split
                waiting.append(([own & mask for own in mine], len(asks)))
                waiting.append(([own & ~mask for own in mine], -1))
                asks.append(feature)
                jumps.append(0)
    return Forest(roots, asks, jumps, bytes(share for shares in kinds for share in shares), class_count)


def _split(
    mine: Sequence[int], counts: Sequence[int], candidates: Sequence[tuple[int, int]], wanted: int
) -> tuple[tuple[int, int] | None, int]:
    """Look at some features and return the one that parts the classes of a node best, None to leave it whole.

    Args:
        mine: Per class the rows of the node.
        counts: How many those are.
        candidates: Features and the rows of each, in the order in which they are looked at.
        wanted: How many that could part the node are compared.

    Returns:
        The feature, and how many were looked at.
    """
    size = sum(counts)
    if size < 2 * _LEAST_ROWS or max(counts) == size:
        return None, 0
    here = 0
    for rows in mine:
        here |= rows
    # Of the last class is what is left of all; squares of what has not a feature follow from those of what has.
    present = [(rows, count) for rows, count in zip(mine, counts, strict=True) if count]
    last = present.pop()[1]
    squares = sum(count * count for count in counts)
    best, found, most, most_rows = None, 0, 0.0, size - _LEAST_ROWS
    for number, candidate in enumerate(candidates, 1):
        mask = candidate[1] & here
        among = mask.bit_count()
        if among < _LEAST_ROWS or among > most_rows:
            continue
        rest, has, both = among, 0, 0
        for rows, count in present:
            part = (rows & mask).bit_count()
            rest -= part
            has += part * part
            both += part * count
        has += rest * rest
        purity = has / among + (squares - 2 * (both + rest * last) + has) / (size - among)
        if purity > most:
            best, most = candidate, purity
        found += 1
        if found == wanted:
            return best, number
    return best, len(candidates)
