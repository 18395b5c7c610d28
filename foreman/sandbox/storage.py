"""The sandbox's state as one JSON file, replaced whole on every change."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from foreman.sandbox.state import Account, Repo
from foreman.sandbox.world import World


def load(path: Path, kind: str) -> World:
    """Read the state; a new world when there is no file.

    Args:
        path: Of the file.
        kind: Whose dialect the sandbox speaks.

    Returns:
        The world as it was saved.

    Raises:
        ValueError: The file holds something else, or another kind's state.
    """
    if not path.exists():
        return World(kind=kind)
    import pydantic

    try:
        stored = pydantic.TypeAdapter(dict[str, Any]).validate_json(path.read_bytes())
        found = str(stored.get("kind", "github"))
        world = World(
            kind=found,
            accounts=pydantic.TypeAdapter(dict[str, Account]).validate_python(stored["accounts"]),
            repos=pydantic.TypeAdapter(dict[int, Repo]).validate_python(stored["repos"]),
            renames=dict(stored["renames"]),
            groups=pydantic.TypeAdapter(dict[str, dict[str, str]]).validate_python(stored.get("groups", {})),
            next_id=int(stored["next_id"]),
        )
    except (pydantic.ValidationError, KeyError) as error:
        raise ValueError(f"{path} is no state of this sandbox; move it away to begin anew") from error
    if found != kind:
        raise ValueError(f"{path} holds the state of a {found} sandbox, not a {kind} one; move it away to begin anew")
    return world


def save(world: World, path: Path) -> None:
    """Write the state, readable by its owner only since it holds tokens."""
    import pydantic

    names = ("kind", "accounts", "repos", "renames", "groups", "next_id")
    stored = {name: getattr(world, name) for name in names}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pydantic.TypeAdapter(dict[str, Any]).dump_json(stored, indent=1))
    beside.replace(path)
