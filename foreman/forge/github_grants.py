"""What a person's token on GitHub may do: read from its own letters and from headers that come with every reply.

A classic token's scopes stand in `X-OAuth-Scopes`; of a fine-grained token GitHub tells nothing but its end.

References:
    GitHub, "Scopes for OAuth apps" and "Best practices for using the REST API" (docs.github.com).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from foreman.forge.grants import Grants, TokenKind

SCOPES = "x-oauth-scopes"
EXPIRY = "github-authentication-token-expiration"
TOLD = (SCOPES, EXPIRY)
"""Headers about the token, in lower case."""


def grants_of(token: str, told: Mapping[str, str]) -> Grants:
    """Return what a token may do.

    Args:
        token: Its beginning tells its kind.
        told: Headers of a reply to it, names in lower case; those of `TOLD` are read.

    Returns:
        As far as GitHub tells.
    """
    scopes = _scopes(told.get(SCOPES))
    if token.startswith("github_pat_"):
        kind = TokenKind.FINE_GRAINED
    elif token.startswith("ghp_") or scopes is not None:
        kind = TokenKind.CLASSIC
    else:
        kind = TokenKind.UNKNOWN
    return Grants(kind=kind, scopes=scopes, expires_at=_expiry(told.get(EXPIRY, "")))


def _scopes(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return tuple(sorted(word for word in (part.strip() for part in text.split(",")) if word))


def _expiry(text: str) -> datetime | None:
    """Read `2026-12-31 23:59:59 UTC`, also with an offset in place of the last word."""
    try:
        at = datetime.fromisoformat(text.removesuffix(" UTC").strip().replace(" +", "+").replace(" -", "-"))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
