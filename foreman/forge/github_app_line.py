"""A GitHub App speaking for itself: what it signs with its key, and the two things it asks for that way.

References:
    GitHub, "Generating a JSON Web Token (JWT) for a GitHub App": `iat` a minute back, `exp` at most ten minutes ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from foreman.errors import ForgeAuthError, ForgeNotFound
from foreman.forge import github_app_rows as shapes
from foreman.forge import github_rows as rows
from foreman.forge.github_client import GitHubClient
from foreman.forge.trouble import readable
from foreman.values import dataclass

BACKDATED = timedelta(minutes=1)
LIFE = timedelta(minutes=9)
"""Of a signature, after its `iat`; GitHub takes ten minutes at the most."""

OPERATION = "get an app token"

_Row = TypeVar("_Row", bound=shapes.AppRow | shapes.InstallationRow | shapes.TokenRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppIdentity:
    """Who an app is.

    Attributes:
        app_id: Its numeric id or its client id.
        installation_id: Where it works: a user or an organization.
        private_key: Asked at each signature; PEM.
    """

    app_id: str
    installation_id: int
    private_key: Callable[[], str] = field(repr=False)


class AppLine:
    """Requests signed with the app's key."""

    def __init__(
        self, identity: AppIdentity, *, clock: Callable[[], datetime], client: Callable[..., GitHubClient]
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            identity: The app.
            clock: Time of day, aware UTC; what the forge's differs by is made up for.
            client: Makes a client from `token` and `renew`.
        """
        self._identity = identity
        self._clock = clock
        self._skew_signed_with = timedelta(0)
        self._loaded: tuple[str, Any] | None = None
        self._client = client(token=self._signed, renew=self._sign_again)

    def now(self) -> datetime:
        """Return the forge's time of day, aware UTC."""
        return self._clock() + self._client.meter.skew

    def login(self) -> str:
        """Return the login that the app's writings carry."""
        return f"{self._ask(shapes.AppRow, 'GET', '/app').slug}[bot]"

    def installation(self) -> shapes.InstallationRow:
        """Return what the app was let into; `ForgeAuthError` when that is suspended or gone."""
        row = self._ask(shapes.InstallationRow, "GET", f"/app/installations/{self._identity.installation_id}")
        if row.suspended_at is not None:
            raise _refused(f"the app's installation on {row.account.login} is suspended")
        return row

    def grant(self, body: Mapping[str, object]) -> shapes.TokenRow:
        """Return a new token; `ForgeRejected` when the installation has not what is asked for.

        Args:
            body: `permissions`, and `repositories` by name where it is narrowed.

        Returns:
            The token and what it is good for.
        """
        path = f"/app/installations/{self._identity.installation_id}/access_tokens"
        return self._ask(shapes.TokenRow, "POST", path, body)

    def close(self) -> None:
        """Break off what is under way and ask for nothing any more."""
        self._client.close()

    def _ask(self, shape: type[_Row], verb: str, path: str, body: Mapping[str, object] | None = None) -> _Row:
        try:
            if verb == "GET":
                reply = self._client.get(OPERATION, "", path)
            else:
                reply = self._client.write(verb, OPERATION, "", path, body)
            with readable(OPERATION, ""):
                return rows.read(shape, reply.data)
        except ForgeNotFound:
            what = f"installation {self._identity.installation_id}" if "installations" in path else "the app"
            raise _refused(f"{what} of app {self._identity.app_id} is not there: was it removed?") from None
        except ForgeAuthError as error:
            raise ForgeAuthError(str(error), status=401) from None

    def _signed(self) -> str:
        import jwt
        from cryptography.exceptions import UnsupportedAlgorithm

        self._skew_signed_with = self._client.meter.skew
        issued = self.now() - BACKDATED
        claims = {
            "iat": int(issued.timestamp()),
            "exp": int((issued + LIFE).timestamp()),
            "iss": self._identity.app_id,
        }
        try:
            return jwt.encode(claims, self._key(), algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError, UnsupportedAlgorithm):
            # The error's text may quote the key.
            raise _refused("the private key signs nothing: is it an RSA key as GitHub makes it?") from None

    def _key(self) -> Any:
        """Return the key, read from its letters only when they are others than the last time: that takes long."""
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        letters = self._identity.private_key()
        if self._loaded is None or self._loaded[0] != letters:
            self._loaded = (letters, load_pem_private_key(letters.encode(), password=None))
        return self._loaded[1]

    def _sign_again(self, status: int, text: str) -> bool:
        """Sign once more when a refusal about a claim has told that the forge's clock is another than ours."""
        return status == 401 and "claim" in text and self._client.meter.skew != self._skew_signed_with


def _refused(message: str) -> ForgeAuthError:
    """Return that the app is refused as a whole: told like a token that is not taken."""
    return ForgeAuthError(message, operation=OPERATION, status=401)
