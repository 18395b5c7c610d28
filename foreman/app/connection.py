"""A forge account, connected, and the proof that the token is the configured account's: the same for every forge."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from foreman.config.models import Config
from foreman.errors import ConfigError, ForgeAuthError, ForgeUnavailable, Problem
from foreman.forge.base import ForgeReader, ForgeWriter
from foreman.forge.line import LineOptions
from foreman.model import Account, ForgeKind
from foreman.secrets import KnownSecrets, SecretRef
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One forge account, connected.

    Attributes:
        kind: Which forge.
        bot: Who the token belongs to.
        reader: For looking.
        writer: For the executor alone.
        disconnect: Breaks off what is under way.
    """

    kind: ForgeKind
    bot: Account
    reader: ForgeReader
    writer: ForgeWriter
    disconnect: Callable[[], None]


def line_of(config: Config, *, now: Callable[[], datetime], stop: threading.Event) -> LineOptions:
    """Return how an account's line to its forge goes, whichever forge it is.

    Args:
        config: As loaded.
        now: Current time, aware UTC.
        stop: Ends waiting between writes.

    Returns:
        What every adapter takes by name.
    """
    return LineOptions(
        write_interval_seconds=config.polling.write_interval_seconds,
        clock=now,
        wait=stop.wait,
    )


class LiveToken:
    """A token, asked for at each request; one that was replaced is used once the forge has named the same owner."""

    def __init__(self, reference: SecretRef | None, key: str, secrets: KnownSecrets) -> None:
        """Look it up.

        Args:
            reference: Where the token is.
            key: Its key in the configuration.
            secrets: Where it is made known, so that it can be kept out of everything.

        Raises:
            ConfigError: There is none; told now, not at the first poll.
        """
        if reference is None:
            raise ConfigError([Problem(path=key, message="is needed: the bot account's token")])
        self._used = reference.resolve(secrets)
        self._ask = asked(reference, secrets)
        self._owner: Account | None = None
        self._whose: Callable[[Callable[[], str]], Account] | None = None
        self._lock = threading.Lock()

    def belongs_to(self, owner: Account, whose: Callable[[Callable[[], str]], Account]) -> None:
        """Say whose every later token has to be.

        Args:
            owner: The bot's account.
            whose: Asks the forge who it is with another token.
        """
        self._owner, self._whose = owner, whose

    def __call__(self) -> str:
        """Return the token as it is now.

        Returns:
            It.

        Raises:
            ForgeAuthError: There is none at the moment, the forge does not take it, or it is somebody else's.
            ForgeError: It is another one, and the forge cannot be asked whose.
        """
        value = self._ask()
        with self._lock:
            if value != self._used:
                self._prove(value)
                self._used = value
        return value

    def _prove(self, value: str) -> None:
        if self._owner is None or self._whose is None:
            return  # `proven_owner` is about to ask
        try:
            found = self._whose(lambda: value)
        except ForgeUnavailable as error:
            raise ForgeUnavailable(f"the new token's owner cannot be asked for ({error})", sent=False) from error
        if found.id != self._owner.id:
            raise ForgeAuthError(f"the token belongs to {found.login} now, not to {self._owner.login}", status=401)


def asked(reference: SecretRef, secrets: KnownSecrets) -> Callable[[], str]:
    """Return what a secret is asked from at each request, so that another one needs no restart.

    Args:
        reference: Where the secret is; it was there at the start.
        secrets: Where it is made known, so that it can be kept out of everything.

    Returns:
        The question. Where there is no answer at the moment, since somebody is just replacing the file, it raises
        `ForgeAuthError`: the account waits, as for one that the forge does not take.
    """

    def resolved() -> str:
        try:
            return reference.resolve(secrets)
        except ConfigError as error:
            raise ForgeAuthError(str(error), status=401) from error

    return resolved


def proven_owner(forge: ForgeReader, *, wanted: str, key: str) -> Account:
    """Return the token's owner, who is the configured account.

    Args:
        forge: Connected with the token.
        wanted: The configured login.
        key: Its key in the configuration; the token's key is the same with `_token`.

    Returns:
        The account.

    Raises:
        ConfigError: The forge does not take the token, or it is somebody else's.
    """
    try:
        owner = forge.whoami()
    except ForgeAuthError as error:
        message = f"the forge does not accept this token: put one that works into its variable ({error})"
        raise ConfigError([Problem(path=key.replace("_user", "_token"), message=message)]) from error
    if owner.login.casefold() != wanted.casefold():
        message = f"is {wanted!r}, but the token belongs to {owner.login!r}: use the bot account's own token"
        raise ConfigError([Problem(path=key, message=message)])
    return owner
