"""What a token may do, as far as the forge tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from foreman.values import dataclass


class TokenKind(StrEnum):
    """What sort of token it is."""

    CLASSIC = "classic"
    FINE_GRAINED = "fine_grained"
    APP = "app"
    PERSONAL = "personal"
    PROJECT = "project"
    GROUP = "group"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """What a token may do.

    Attributes:
        kind: What sort of token: `classic`, `fine_grained` and `app` on GitHub; `personal`, `project` and `group` on
            GitLab.
        scopes: Coarse rights by the forge's names (`repo`, `api`), sorted; None where the forge tells none.
        permissions: Fine rights of the token in use by the forge's names: `{"issues": "write"}`; empty where it tells
            none.
        granted: Fine rights that its owner could give to such a token: whatever is in here and of no use can be taken
            away. Empty where the forge tells none.
        repositories: Paths the owner can reach, lower case; None for all of them, or where the forge does not tell.
        expires_at: When a person has to renew it, aware UTC; None for never, or where the forge does not tell.
    """

    kind: TokenKind
    scopes: tuple[str, ...] | None = None
    permissions: Mapping[str, str] = field(default_factory=dict)
    granted: Mapping[str, str] = field(default_factory=dict)
    repositories: frozenset[str] | None = None
    expires_at: datetime | None = None
