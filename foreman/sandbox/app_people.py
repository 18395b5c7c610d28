"""Registering, installing and suspending GitHub Apps from this process: no request, no ledger entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from foreman.sandbox.apps import App, Installation
from foreman.sandbox.people import People


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApp:
    """What somebody who registers and installs an app goes home with.

    Attributes:
        app_id: Numeric id.
        client_id: The other name it may sign with.
        installation_id: Numeric id.
        login: What its writings carry: `slug[bot]`.
        private_key: PEM; the sandbox keeps the public half only.
    """

    app_id: int
    client_id: str
    installation_id: int
    login: str
    private_key: str = field(repr=False)


class AppPeople(People):
    """Everything about apps that is done on web pages."""

    def add_app(
        self,
        slug: str,
        *,
        account: str,
        permissions: Mapping[str, str] | None = None,
        repositories: Iterable[str] | None = None,
        private_key: str = "",
    ) -> NewApp:
        """Register an app and install it on an account.

        Args:
            slug: Its name.
            account: Login of the user or organization.
            permissions: Name to level; `issues: write` alone when not given.
            repositories: Paths it is let into; None for all of the account's.
            private_key: RSA key as PEM, taken as it is; a new one when empty, which takes a moment.

        Returns:
            What to configure.
        """
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        if private_key:
            key = serialization.load_pem_private_key(
                private_key.encode(), password=None, unsafe_skip_rsa_key_validation=True
            )
        else:
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        with self._lock:
            now = self._clock()
            apps = self._world.apps
            owner = self._world.account(account, at=now, kind="Organization").login
            number = self._world.new_id()
            client_id = f"Iv23li{number:014d}"
            app = App(id=number, client_id=client_id, slug=slug, owner=owner, public_key=public, created_at=now)
            self._world.account(app.login, at=now, kind="Bot")
            apps.registered[app.id] = app
            installation = Installation(
                id=self._world.new_id(),
                app=app,
                account=owner,
                permissions=dict({"issues": "write"} if permissions is None else permissions),
                repositories=None if repositories is None else {self._world.repo(path).id for path in repositories},
                created_at=now,
            )
            apps.installed[installation.id] = installation
            self.changed()
        return NewApp(
            app_id=app.id,
            client_id=client_id,
            installation_id=installation.id,
            login=app.login,
            private_key=private.decode(),
        )

    def grant_app(
        self,
        installation_id: int,
        *,
        permissions: Mapping[str, str] | None = None,
        repositories: Iterable[str] | None = None,
    ) -> None:
        """Change what an installation may do and where; None leaves either as it is."""
        with self._lock:
            installation = self._world.apps.installed[installation_id]
            if permissions is not None:
                installation.permissions = dict(permissions)
            if repositories is not None:
                installation.repositories = {self._world.repo(path).id for path in repositories}

    def app_installations(self) -> tuple[int, ...]:
        """Return the id of every installation."""
        with self._lock:
            return tuple(self._world.apps.installed)

    def suspend_app(self, installation_id: int, suspended: bool = True) -> None:
        """Suspend an installation, or let it work again."""
        with self._lock:
            self._world.apps.installed[installation_id].suspended_at = self._clock() if suspended else None

    def remove_app(self, installation_id: int) -> None:
        """Take an app off its account; its tokens are refused from now on."""
        with self._lock:
            self._world.apps.installed.pop(installation_id)

    def expire_app_tokens(self) -> int:
        """Refuse every token that any installation was given so far; returns how many there were."""
        with self._lock:
            tokens = self._world.apps.tokens
            count = len(tokens)
            tokens.clear()
            return count

    def app_tokens(self) -> tuple[str, ...]:
        """Return every token that was given, oldest first, for a test that looks where one has leaked to."""
        with self._lock:
            return tuple(self._world.apps.tokens)

    def give_token(self, login: str, *, token: str = "", scopes: str | None = "repo", expires: str = "") -> str:
        """Give a person another token in place of the one before.

        Args:
            login: Whose.
            token: The token; the one there is when empty.
            scopes: What `X-OAuth-Scopes` says; None for a fine-grained token, which says nothing.
            expires: What `GitHub-Authentication-Token-Expiration` says; empty for a token without an end.

        Returns:
            The token.
        """
        self.add_account(login)
        with self._lock:
            account = self._world.accounts[login]
            told = {"X-OAuth-Scopes": scopes, "GitHub-Authentication-Token-Expiration": expires or None}
            about = tuple((name, value) for name, value in told.items() if value is not None)
            account = replace(account, token=token or account.token, about_token=about)
            self._world.accounts[login] = account
            self.changed()
            return account.token
