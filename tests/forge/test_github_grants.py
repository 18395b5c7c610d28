"""What is read from a token's letters and from the headers about it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from foreman.forge.github_grants import grants_of
from foreman.forge.grants import TokenKind


@pytest.mark.parametrize(
    ("token", "told", "kind", "scopes"),
    [
        ("ghp_a", {"x-oauth-scopes": "repo, admin:org"}, TokenKind.CLASSIC, ("admin:org", "repo")),
        ("ghp_a", {"x-oauth-scopes": ""}, TokenKind.CLASSIC, ()),
        ("0123456789abcdef", {"x-oauth-scopes": "public_repo"}, TokenKind.CLASSIC, ("public_repo",)),
        ("github_pat_a", {}, TokenKind.FINE_GRAINED, None),
        ("ghu_a", {}, TokenKind.UNKNOWN, None),
    ],
)
def test_a_token_tells_its_kind_and_the_forge_its_scopes(
    token: str, told: dict[str, str], kind: TokenKind, scopes: tuple[str, ...] | None
) -> None:
    grants = grants_of(token, told)

    assert (grants.kind, grants.scopes) == (kind, scopes)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-12-31 23:59:59 UTC", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-12-31 23:59:59 +0200", datetime(2026, 12, 31, 21, 59, 59, tzinfo=UTC)),
        ("2026-12-31 23:59:59 -0100", datetime(2027, 1, 1, 0, 59, 59, tzinfo=UTC)),
        ("soon", None),
    ],
)
def test_the_end_of_a_token_is_read_in_either_form(text: str, at: datetime | None) -> None:
    assert grants_of("ghp_a", {"github-authentication-token-expiration": text}).expires_at == at
