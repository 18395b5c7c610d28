"""The forge accounts of a configuration: the one place that knows which adapter serves which forge."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import assert_never

from foreman.app.connection import Connection
from foreman.config.effective import RepoPlan
from foreman.config.models import Config
from foreman.errors import ForgeUnavailable
from foreman.model import Account, ForgeKind
from foreman.secrets import KnownSecrets


def kinds(config: Config) -> tuple[ForgeKind, ...]:
    """Return the forges that any enabled repository lives on, each once."""
    return tuple(dict.fromkeys(repo.forge for repo in config.repos if repo.enabled))


def connect(
    config: Config,
    kind: ForgeKind,
    *,
    secrets: KnownSecrets,
    now: Callable[[], datetime],
    stop: threading.Event,
    plans: Callable[[], Sequence[RepoPlan]] | None = None,
    known: Account | None = None,
) -> Connection:
    """Connect to a forge and make sure that we are who the configuration says.

    Args:
        config: As loaded.
        kind: Which forge.
        secrets: Where the token is made known, so that it can be kept out of everything.
        now: Current time, aware UTC.
        stop: Ends waiting between writes.
        plans: What is looked after now, with what patterns found; None where nobody keeps count.
        known: Who we are there, where that is not to be asked now.

    Returns:
        The account, ready.

    Raises:
        ConfigError: The token is missing, wrong, or somebody else's.
        ForgeError: The forge cannot be reached.
    """
    try:
        match kind:
            case ForgeKind.GITHUB:
                from foreman.app import forge_github

                return forge_github.connect(config, secrets=secrets, now=now, stop=stop, plans=plans, known=known)
            case ForgeKind.GITLAB:
                from foreman.app import forge_gitlab

                return forge_gitlab.connect(config, secrets=secrets, now=now, stop=stop, known=known)
            case _:
                assert_never(kind)
    except ForgeUnavailable as error:
        where = address(config, kind)
        raise ForgeUnavailable(f"{kind.value} at {where}: {error}", status=error.status, sent=error.sent) from error


def address(config: Config, kind: ForgeKind) -> str:
    """Return where a forge is."""
    return config.identity.github_api_url if kind is ForgeKind.GITHUB else config.identity.gitlab_url
