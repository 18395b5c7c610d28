"""Versions that a text names."""

from __future__ import annotations

import pytest

from foreman.agentkit import versions


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("In 2.4.1 on v3.12, and in 2.4.1.", ("2.4.1", "3.12")),
        ("widget (V2.3) at 127.0.0.1", ("2.3", "127.0.0.1")),
        ("Windows 11, 3 files, abc1.2, 1.2.3.4.5, 0x1.2", ()),
        (".".join(["1"] * 60_000), ()),
        ("", ()),
    ],
)
def test_a_version_is_a_number_with_dots_that_stands_alone(text: str, found: tuple[str, ...]) -> None:
    assert versions(text) == found


def test_there_is_an_end_to_it() -> None:
    assert len(versions(" ".join(f"1.{number}" for number in range(5_000)))) == 20
