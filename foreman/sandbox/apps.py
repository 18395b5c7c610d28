"""GitHub Apps on the sandbox: who they are, where they are installed, which tokens they were given.

Kept in memory only; a private key never stays here.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from foreman.sandbox.state import Repo

TOKEN_LIFE = timedelta(hours=1)

READ = {"read": 1, "write": 2, "admin": 3}
"""From less to more; nothing is 0."""


@dataclass(slots=True, kw_only=True)
class App:
    """A registered app.

    Attributes:
        id: Numeric id.
        client_id: The other name it may sign with.
        slug: Its name in addresses; its bot's login is `slug[bot]`.
        owner: Login of whoever registered it.
        public_key: PEM; what signs as the app must fit it.
        created_at: Aware UTC.
    """

    id: int
    client_id: str
    slug: str
    owner: str
    public_key: bytes
    created_at: datetime

    @property
    def login(self) -> str:
        """The login that its writings carry."""
        return f"{self.slug}[bot]"


@dataclass(slots=True, kw_only=True)
class Installation:
    """An app at work on an account.

    Attributes:
        id: Numeric id.
        app: Which app.
        account: Login of the user or organization.
        permissions: What it was granted, name to level.
        repositories: Ids of those it was let into; None for all of the account's.
        created_at: Aware UTC.
        suspended_at: When it was suspended; None when it is not.
    """

    id: int
    app: App
    account: str
    permissions: dict[str, str]
    repositories: set[int] | None
    created_at: datetime
    suspended_at: datetime | None = None

    def reaches(self, repo: Repo) -> bool:
        """Tell whether a repository is in it."""
        if repo.owner.lower() != self.account.lower():
            return False
        return self.repositories is None or repo.id in self.repositories


@dataclass(slots=True, kw_only=True)
class AppToken:
    """A token that an installation was given.

    Attributes:
        installation: Whose.
        permissions: What it may do, at most what the installation may.
        repositories: Ids it is narrowed to; None for whatever the installation reaches.
        expires_at: Aware UTC.
    """

    installation: Installation
    permissions: Mapping[str, str]
    repositories: frozenset[int] | None
    expires_at: datetime

    def reaches(self, repo: Repo) -> bool:
        """Tell whether it is good for a repository."""
        narrowed = self.repositories is None or repo.id in self.repositories
        return narrowed and self.installation.reaches(repo)

    def may(self, name: str, level: str) -> bool:
        """Tell whether it has a permission now, the installation's own still granted."""
        needed = READ[level]
        return all(READ.get(held.get(name, ""), 0) >= needed for held in (self.permissions, self._granted))

    @property
    def _granted(self) -> Mapping[str, str]:
        return {**self.installation.permissions, "metadata": "read"}


@dataclass(slots=True, kw_only=True)
class Apps:
    """All of them.

    Attributes:
        registered: By id.
        installed: By id.
        tokens: By what is sent.
        stateless: Give tokens of the long kind that GitHub has given since 2026.
    """

    registered: dict[int, App] = field(default_factory=dict)
    installed: dict[int, Installation] = field(default_factory=dict)
    tokens: dict[str, AppToken] = field(default_factory=dict)
    stateless: bool = True

    def named(self, issuer: str) -> App | None:
        """Return the app that signs with this id or client id."""
        return next((app for app in self.registered.values() if issuer in (str(app.id), app.client_id)), None)

    def holder(self, token: str, now: datetime) -> AppToken | None:
        """Return what a token is good for; None for an unknown or an expired one, and where the app was removed."""
        found = self.tokens.get(token)
        if found is None or found.expires_at <= now or found.installation.id not in self.installed:
            return None
        return found

    def give(
        self,
        installation: Installation,
        permissions: Mapping[str, str],
        repositories: frozenset[int] | None,
        now: datetime,
    ) -> tuple[str, AppToken]:
        """Make a token.

        Args:
            installation: Whose.
            permissions: What it may do.
            repositories: Ids it is narrowed to; None for all.
            now: Current time, aware UTC.

        Returns:
            What is sent, and what it is good for.
        """
        expires = now.replace(microsecond=0) + TOKEN_LIFE
        text = f"ghs_{secrets.token_hex(18)}"
        if self.stateless:
            claims = {"exp": int(expires.timestamp()), "jti": secrets.token_hex(16)}
            parts = (json.dumps({"typ": "JWT", "alg": "RS256"}).encode(), json.dumps(claims).encode())
            signed = ".".join(_unpadded(part) for part in (*parts, secrets.token_bytes(256)))
            text = f"ghs_{installation.app.id}_{signed}"
        token = AppToken(
            installation=installation, permissions=dict(permissions), repositories=repositories, expires_at=expires
        )
        self.tokens[text] = token
        return text, token


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
