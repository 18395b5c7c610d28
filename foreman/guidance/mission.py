"""The maintainers' own words about their project, from the repository and from the configuration."""

from __future__ import annotations

MAX_CHARS = 8_000
"""Of both together."""

_BETWEEN = "\n\nAnd in the configuration, which counts where the two differ:\n\n"


def room(configured: str) -> int:
    """Return how many characters of a mission fit before what the configuration says, whose words are cut last."""
    taken = len(configured) + len(_BETWEEN) if configured else 0
    return max(0, MAX_CHARS - taken)


def joined(mission: str, configured: str) -> str:
    """Put the two together; the configuration has the last word."""
    return f"{mission}{_BETWEEN}{configured}" if mission and configured else mission or configured
