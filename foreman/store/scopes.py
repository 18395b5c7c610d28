"""Under which names the health of things is kept."""

from __future__ import annotations


def scope_of(agent: str) -> str:
    """Return the name under which an agent's health is kept."""
    return f"agent:{agent}"
