"""A GitHub App's tokens: good for an hour, narrowed to what is really used, renewed before their end.

The tokens stay here and in the header of a request; each is made known for redaction. Nothing but this module asks
for one, and it does so over the adapter's own line: one origin, no redirect, bounded replies.

References:
    GitHub, "REST API endpoints for GitHub Apps", create an installation access token: one hour, 500 repositories, and
    none that the installation has not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from foreman.errors import ForgeAuthError, ForgeError, ForgeRateLimited, ForgeRejected, ForgeUnavailable
from foreman.forge import github_app_rows as shapes
from foreman.forge import github_map as words
from foreman.forge import github_rows as rows
from foreman.forge.base import RepoInfo
from foreman.forge.github_app_line import AppIdentity, AppLine
from foreman.forge.github_app_token import NAMES_ALONE, AppToken, Wish, asking
from foreman.forge.github_client import GitHubClient
from foreman.forge.trouble import readable
from foreman.log import get_logger
from foreman.secrets import KnownSecrets

log = get_logger(__name__)

EARLY = timedelta(minutes=5)
"""A token is renewed this long before its end."""

MISSED = timedelta(minutes=10)
"""A token that lacks a configured repository is asked for again this soon: the app may have been let in meanwhile."""

AGAIN = timedelta(seconds=30)
"""After a renewal that failed, the token that is still good is used this long before the next try."""

KEPT_KNOWN = timedelta(hours=1)
"""A token that was replaced is still kept out of logs and texts this long."""

MOST_PAGES = 100

_REFUSED = 401


class AppTokens:
    """One installation's tokens, from any thread; two requests for one are never under way."""

    def __init__(
        self,
        identity: AppIdentity,
        *,
        wish: Callable[[], Wish],
        secrets: KnownSecrets,
        clock: Callable[[], datetime],
        client: Callable[..., GitHubClient],
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            identity: The app.
            wish: What tokens are needed for now; another answer gets another token.
            secrets: Where each token is made known.
            clock: Time of day, aware UTC.
            client: Makes a client from `token` and `renew`.
        """
        self._wish = wish
        self._secrets = secrets
        self._lock = threading.RLock()
        self._current: AppToken | None = None
        self._granted: Mapping[str, str] = {}
        self._spent: list[tuple[str, datetime]] = []
        self._missing: frozenset[str] = frozenset()
        self._line = AppLine(identity, clock=clock, client=client)
        # Sees all of the installation, which the narrowed token does not.
        self._overview = ""
        self._whole = client(token=lambda: self._overview)

    def __call__(self) -> str:
        """Return the token to send now."""
        return self.token().text

    def token(self) -> AppToken:
        """Return a token that is good now, and for all that is wished for.

        Returns:
            The one there is, or a new one.

        Raises:
            ForgeError: There is none to be had. With `ForgeAuthError` of 401 the app is refused as a whole.
        """
        with self._lock:
            wish, current, now = self._wish(), self._current, self._line.now()
            if current is not None and current.wish == wish and now < current.renew_at:
                return current
            try:
                return self._take(self._new(wish))
            except ForgeError as error:
                if not error.transient or current is None or current.expires_at <= now:
                    if error.status == _REFUSED or isinstance(error, ForgeRateLimited):
                        raise
                    raise _for_want_of_a_token(error) from error
                log.warning("app_token_not_renewed", reason=str(error), good_until=current.expires_at.isoformat())
                self._current = replace(current, wish=wish, renew_at=min(now + AGAIN, current.expires_at))
                return self._current

    def renew(self, status: int, text: str) -> bool:
        """Hear that the token was refused.

        Args:
            status: 401 or 403.
            text: What was answered.

        Returns:
            Whether the request is to be sent again with the next one.
        """
        if status != _REFUSED and "suspended" not in text:
            return False
        with self._lock:
            self._retire()
        return True

    def login(self) -> str:
        """Return the login that the app's writings carry."""
        return self._line.login()

    def granted(self) -> Mapping[str, str]:
        """Return what the installation was granted, of which the token has what is used."""
        with self._lock:
            self.token()
            return self._granted

    def reachable(self) -> tuple[RepoInfo, ...]:
        """Return every repository that the app was let into."""
        with self._lock:
            self._overview = self._known(self._line.grant({"permissions": NAMES_ALONE}))
            try:
                return tuple(self._pages())
            finally:
                self._spend(self._overview)

    def close(self) -> None:
        """Break off what is under way and ask for nothing any more."""
        self._line.close()
        self._whole.close()

    def _pages(self) -> list[RepoInfo]:
        found: list[RepoInfo] = []
        operation = "list repositories"
        for page in range(1, MOST_PAGES + 1):
            query: dict[str, str | int] = {"per_page": 100, "page": page}
            reply = self._whole.get(operation, "", "/installation/repositories", query=query)
            with readable(operation, ""):
                row = rows.read(shapes.ReachableRow, reply.data)
            found += [words.repository_of(one) for one in row.repositories]
            if not reply.has_next or not row.repositories:
                break
        return found

    def _new(self, wish: Wish) -> AppToken:
        installation = self._line.installation()
        self._granted = installation.permissions
        permissions = wish.as_granted(self._granted)
        mine = None if wish.repositories is None else _of(installation.account.login, wish.repositories)
        try:
            row = self._line.grant(asking(permissions, mine))
        except ForgeRejected:
            if mine is None:
                raise
            # One name that is not in the installation spoils the whole list.
            there = {info.path.casefold() for info in self.reachable()}
            mine = [path for path in mine if path.casefold() in there]
            row = self._line.grant(asking(permissions, mine))
        self._tell_missing((wish.repositories or frozenset()).difference(mine or ()))
        end = row.expires_at
        reached = row.repositories
        return AppToken(
            text=self._known(row),
            wish=wish,
            expires_at=end,
            renew_at=min(end - EARLY, self._line.now() + MISSED) if self._missing else end - EARLY,
            permissions=row.permissions,
            repositories=None if reached is None else frozenset(one.full_name.casefold() for one in reached),
        )

    def _take(self, token: AppToken) -> AppToken:
        self._retire()
        self._current = token
        log.info(
            "app_token_taken",
            repositories="all" if token.repositories is None else len(token.repositories),
            permissions=dict(token.permissions),
            expires_at=token.expires_at.isoformat(),
        )
        return token

    def _known(self, row: shapes.TokenRow) -> str:
        text = row.token.get_secret_value()
        self._secrets.add(text, "GitHub App token")
        return text

    def _retire(self) -> None:
        if self._current is not None:
            self._spend(self._current.text)
            self._current = None

    def _spend(self, text: str) -> None:
        """Keep a token known for a while after its last use."""
        now = self._line.now()
        for old, until in self._spent:
            if until <= now:
                self._secrets.forget(old)
        self._spent = [(old, until) for old, until in self._spent if until > now]
        self._spent.append((text, now + KEPT_KNOWN))

    def _tell_missing(self, missing: Iterable[str]) -> None:
        found = frozenset(missing)
        if found and found != self._missing:
            log.warning("app_not_installed_on", repositories=sorted(found), do="let the app into them on GitHub")
        self._missing = found


def _of(owner: str, paths: Iterable[str]) -> list[str]:
    """Return the paths of one owner; another's are in no installation of this one."""
    return sorted(path for path in paths if path.partition("/")[0].casefold() == owner.casefold())


def _for_want_of_a_token(error: ForgeError) -> ForgeError:
    """Say of a failed request for a token what it means for the request that needs it, which was not sent."""
    if isinstance(error, ForgeUnavailable):
        return ForgeUnavailable(str(error), sent=False, status=error.status)
    # Not this repository or this action is refused, but the app.
    return ForgeAuthError(str(error), status=_REFUSED)
