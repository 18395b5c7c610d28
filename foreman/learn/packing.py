"""A model as bytes: a line of JSON and plain numbers, compressed. Reading it runs nothing, whatever is in it."""

from __future__ import annotations

import json
import math
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from foreman.learn.features import PARTS
from foreman.learn.forest import Forest
from foreman.learn.vectors import VOTERS, Vocabulary

VERSION = 2
"""Goes up whenever features, voters or this form change: a model of another version is trained again."""

MOST_BYTES = 64 * 1024 * 1024
"""Of a model, unpacked."""

_MAGIC = b"foreman-priors\n"
_STEPS = 127


def pack(
    head: Mapping[str, Any],
    known: Mapping[str, Vocabulary],
    weights: Sequence[Sequence[array[float]]],
    forest: Forest | None,
) -> bytes:
    """Write a model down; weights are kept to about one part in a hundred.

    Args:
        head: Whatever JSON can say.
        known: The vocabularies.
        weights: Per linear voter and class.
        forest: Votes beside them; None for a model that knows nothing.

    Returns:
        Compressed.
    """
    blobs: list[bytes] = []
    for part in PARTS if known else ():
        blobs += [_raw(array("I", known[part].position)), _raw(array("f", known[part].rarity))]
    scales: list[tuple[float, float]] = []
    for row in (row for rows in weights for row in rows):
        most = max((abs(one) for one in row[:-1]), default=0.0) or 1.0
        scales.append((most, row[-1]))
        blobs.append(_raw(array("b", [_small(one / most) for one in row[:-1]])))
    if forest is not None:
        blobs += [_raw(forest.roots), _raw(forest.asks), _raw(forest.jumps), forest.shares]
    line = json.dumps(
        {**head, "version": VERSION, "scales": scales, "sizes": [len(blob) for blob in blobs]}, separators=(",", ":")
    )
    return _MAGIC + zlib.compress(b"\n".join([line.encode(), b"".join(blobs)]), 6)


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, Vocabulary], list[list[array[float]]], Forest | None]:
    """Read a model.

    Args:
        data: What `pack` returned.

    Returns:
        Head, vocabularies, weights per linear voter and class, and the forest.

    Raises:
        ValueError: It is damaged, too large, or of another version.
    """
    try:
        if not data.startswith(_MAGIC):
            raise ValueError("no model")
        reader = zlib.decompressobj()
        plain = reader.decompress(data[len(_MAGIC) :], MOST_BYTES)
        if not reader.eof:
            raise ValueError("cut short, or too large")
        line, _, rest = plain.partition(b"\n")
        head = json.loads(line)
        if head["version"] != VERSION:
            raise ValueError("of another version")
        return head, *_numbers(head, rest)
    except (KeyError, TypeError, IndexError, zlib.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the model cannot be read: {error!r}") from error


def _numbers(
    head: Mapping[str, Any], rest: bytes
) -> tuple[dict[str, Vocabulary], list[list[array[float]]], Forest | None]:
    blobs, start = [], 0
    for size in head["sizes"]:
        blobs.append(rest[start : start + size])
        start += size
    if start != len(rest):
        raise ValueError("the numbers are not as many as said")
    if not head["labels"]:
        return {}, [], None
    known = {}
    for number, part in enumerate(PARTS):
        position = {feature: at for at, feature in enumerate(_read("I", blobs[2 * number]))}
        known[part] = Vocabulary(position, array("d", _read("f", blobs[2 * number + 1])))
        if len(position) != len(known[part].rarity):
            raise ValueError("the vocabulary does not fit")
    rows = [
        array("d", [_large(one) * most for one in _read("b", blob)] + [shift])
        for (most, shift), blob in zip(head["scales"], blobs[2 * len(PARTS) : -4], strict=True)
    ]
    count = len(head["labels"])
    weights = [rows[at * count : (at + 1) * count] for at in range(len(VOTERS))]
    for voter, own in zip(VOTERS, weights, strict=True):
        if [len(row) for row in own] != [voter.length(known, len(head["repos"])) + 1] * count:
            raise ValueError("the weights do not fit the vocabulary")
    roots, asks, jumps, shares = blobs[-4:]
    forest = Forest(_read("I", roots), _read("H", asks), _read("I", jumps), shares, count)
    forest.check()
    return known, weights, forest


def _small(share: float) -> int:
    """Keep a number of -1 to 1 in a byte, small ones more exactly than large ones."""
    return round(math.sqrt(abs(share)) * _STEPS) * (1 if share > 0 else -1)


def _large(step: int) -> float:
    return (step / _STEPS) ** 2 * (1 if step > 0 else -1)


def _raw(numbers: array[Any]) -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _read(kind: str, data: bytes) -> array[Any]:
    numbers = array(kind)
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
