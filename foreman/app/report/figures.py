"""Numbers as a page writes them: shares in per cent, money, counts; a dash for what nothing was there to count for."""

from __future__ import annotations

from collections.abc import Sequence

DASH = "–"


def share(number: float | None) -> str:
    """Write a share in per cent."""
    return DASH if number is None else f"{number * 100:.0f} %"


def decimal(number: float | None) -> str:
    """Write a number between 0 and 1."""
    return DASH if number is None else f"{number:.2f}"


def money(usd: float | None) -> str:
    """Write a price; small ones with the digits that count."""
    if usd is None:
        return "unknown"
    return f"USD {usd:,.2f}" if usd == 0 or usd >= 1 else f"USD {usd:.4f}"


def counted(number: int, one: str, many: str = "") -> str:
    """Write how many there are of something."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """Write names one after the other; `nothing` for none."""
    return ", ".join(names) or "nothing"
