"""Forge adapters from the configuration, and the proof that the token is the configured account's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from foreman.config.models import Config
from foreman.errors import ConfigError, ForgeAuthError, ForgeError, Problem
from foreman.forge.base import ForgeReader, ForgeWriter
from foreman.model import Account, ForgeKind
from foreman.secrets import KnownSecrets, SecretRef


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


def kinds(config: Config) -> tuple[ForgeKind, ...]:
    """Return the forges that any repository lives on, each once."""
    return tuple(dict.fromkeys(repo.ref.forge for repo in config.repos))


def connect(
    config: Config, kind: ForgeKind, *, secrets: KnownSecrets, now: Callable[[], datetime], stop: threading.Event
) -> Connection:
    """Connect to a forge and make sure that we are who the configuration says.

    Args:
        config: As loaded.
        kind: Which forge.
        secrets: Where the token is made known, so that it can be kept out of everything.
        now: Current time, aware UTC.
        stop: Ends waiting between writes.

    Returns:
        The account, ready.

    Raises:
        ConfigError: The token is missing, wrong, or somebody else's.
        ForgeError: The forge cannot be reached.
    """
    if kind is not ForgeKind.GITHUB:
        raise ConfigError([Problem(path="repos", message=f"{kind.value} is not supported yet")])
    from foreman.forge.github import GitHubForge

    identity = config.identity
    token = _token(identity.github_token, secrets)
    forge = GitHubForge(
        token=token,
        api_url=identity.github_api_url,
        write_interval_seconds=config.polling.write_interval_seconds,
        clock=now,
        wait=stop.wait,
    )
    bot = _owner(forge, wanted=identity.github_user or "", key="identity.github_user")
    return Connection(kind=kind, bot=bot, reader=forge, writer=forge, disconnect=forge.disconnect)


def _token(reference: SecretRef | None, secrets: KnownSecrets) -> Callable[[], str]:
    if reference is None:
        raise ConfigError([Problem(path="identity.github_token", message="is needed: the bot account's token")])
    reference.resolve(secrets)  # fails now, not at the first poll
    return lambda: reference.resolve(secrets)


def _owner(forge: ForgeReader, *, wanted: str, key: str) -> Account:
    try:
        owner = forge.whoami()
    except ForgeAuthError as error:
        raise ConfigError(
            [Problem(path=key.replace("_user", "_token"), message=f"the forge does not accept this token ({error})")]
        ) from error
    except ForgeError:
        raise
    if owner.login.casefold() != wanted.casefold():
        message = f"is {wanted!r}, but the token belongs to {owner.login!r}: use the bot account's own token"
        raise ConfigError([Problem(path=key, message=message)])
    return owner
