"""The maintainers' own words about their project, from the repository and from the configuration."""

from __future__ import annotations

MAX_CHARS = 8_000
"""Of both together."""

_BETWEEN = "\n\nAnd in the configuration, which counts where the two differ:\n\n"


def instructions(mission: str, configured: str) -> tuple[str, str]:
    """Share the room between the two.

    Args:
        mission: What `MISSION.md` says; empty for nothing.
        configured: What `config.instructions` says; empty for nothing.

    Returns:
        What of the mission there is room for, and what goes behind it. The configuration has the last word, and its
        words are cut last.
    """
    configured = configured.strip()[:MAX_CHARS]
    mission = mission.strip()
    if not mission or not configured:
        return mission[: MAX_CHARS if not configured else 0], configured
    room = MAX_CHARS - len(configured) - len(_BETWEEN)
    return (mission[:room], _BETWEEN + configured) if room > 0 else ("", configured)
