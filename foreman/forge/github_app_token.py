"""What a token of a GitHub App is asked for, and what it turned out to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from foreman.log import get_logger
from foreman.values import dataclass

log = get_logger(__name__)

MOST_REPOSITORIES = 500
"""GitHub takes no longer list."""

NAMES_ALONE: Mapping[str, str] = {"metadata": "read"}
"""Every app has this; an empty list would mean everything it was granted."""

_LEVELS = ("", "read", "write", "admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a token is needed for.

    Attributes:
        repositories: Paths, as configured; None for all that the app was let into.
        permissions: Name to level.
    """

    repositories: frozenset[str] | None
    permissions: Mapping[str, str]

    def as_granted(self, granted: Mapping[str, str]) -> dict[str, str]:
        """Return the permissions as far as they were granted: GitHub refuses a list that goes beyond."""
        levels = {name: _lesser(level, granted.get(name, "")) for name, level in self.permissions.items()}
        return {**NAMES_ALONE, **{name: level for name, level in levels.items() if level}}


@dataclass(frozen=True, slots=True, kw_only=True)
class AppToken:
    """A token of the installation.

    Attributes:
        text: The token.
        wish: What it was asked for.
        expires_at: By the forge's clock, aware UTC.
        renew_at: When to ask for the next, by the forge's clock, aware UTC.
        permissions: Name to level.
        repositories: Paths it is good for, lower case; None for all of the installation.
    """

    text: str = field(repr=False)
    wish: Wish
    expires_at: datetime
    renew_at: datetime
    permissions: Mapping[str, str]
    repositories: frozenset[str] | None

    def may_write(self, path: str) -> bool:
        """Tell whether it may change the issues of a repository."""
        reached = self.repositories is None or path.casefold() in self.repositories
        return reached and self.permissions.get("issues") == "write"


def asking(permissions: Mapping[str, str], paths: Sequence[str] | None) -> dict[str, Any]:
    """Say what a token is for, and where.

    Args:
        permissions: Name to level.
        paths: Repositories; None for all. For none at all a token may know no more than names.

    Returns:
        The request's body.
    """
    if paths is None:
        return {"permissions": permissions}
    if not paths:
        return {"permissions": NAMES_ALONE}
    if len(paths) > MOST_REPOSITORIES:
        log.warning("app_token_not_narrowed", repositories=len(paths), most=MOST_REPOSITORIES)
        return {"permissions": permissions}
    return {"permissions": permissions, "repositories": [path.partition("/")[2] for path in paths]}


def _lesser(wanted: str, granted: str) -> str:
    return min(wanted, granted if granted in _LEVELS else "", key=_LEVELS.index)
