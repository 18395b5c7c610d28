"""Look into raw data whose shape nobody has checked yet: what has the wrong kind is skipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from foreman.model import ForgeKind


def at(data: Any, *path: str | int) -> Any:
    """Return what is at a path; None where there is nothing."""
    for part in path:
        if isinstance(part, int):
            data = data[part] if isinstance(data, list) and part < len(data) else None
        else:
            data = data.get(part) if isinstance(data, dict) else None
    return data


def rows(data: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the entries of a list that are mappings, each with its index."""
    if isinstance(data, list):
        yield from ((index, row) for index, row in enumerate(data) if isinstance(row, dict))


def forge_of(repo: dict[str, Any]) -> ForgeKind | None:
    """Return the forge of an entry of `repos`; None where it names none there is."""
    name = repo.get("forge", "github")
    return ForgeKind(name) if isinstance(name, str) and name in list(ForgeKind) else None


def is_enabled(repo: dict[str, Any]) -> bool:
    """Tell whether an entry of `repos` is at work."""
    value = repo.get("enabled", True)
    return value not in (False, "false", "no", "off")


def forges_used(data: dict[str, Any]) -> list[ForgeKind]:
    """Return the forges of all entries that are at work, each once."""
    used = {forge_of(repo) for _, repo in rows(data.get("repos")) if is_enabled(repo)}
    return [kind for kind in ForgeKind if kind in used]
