"""The GitLab account of a configuration."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from foreman.app.connection import Connection, LiveToken, line_of, proven_owner
from foreman.config.models import Config
from foreman.forge.gitlab import GitLabForge
from foreman.model import Account, ForgeKind
from foreman.secrets import KnownSecrets


def connect(
    config: Config,
    *,
    secrets: KnownSecrets,
    now: Callable[[], datetime],
    stop: threading.Event,
    known: Account | None = None,
) -> Connection:
    """Connect to GitLab and make sure that we are who `identity.gitlab_user` says.

    Args:
        config: As loaded.
        secrets: Where the token is made known, so that it can be kept out of everything.
        now: Current time, aware UTC.
        stop: Ends waiting between writes.
        known: Who we are there, where that is not to be asked now.

    Returns:
        The account, ready.
    """
    identity = config.identity
    token = LiveToken(identity.gitlab_token, "identity.gitlab_token", secrets)

    def forge_with(source: Callable[[], str]) -> GitLabForge:
        return GitLabForge(token=source, url=identity.gitlab_url, **line_of(config, now=now, stop=stop))

    def whose(source: Callable[[], str]) -> Account:
        with forge_with(source) as other:
            return other.whoami()

    forge = forge_with(token)
    bot = known or proven_owner(forge, wanted=identity.gitlab_user or "", key="identity.gitlab_user")
    token.belongs_to(bot, whose)
    return Connection(kind=ForgeKind.GITLAB, bot=bot, reader=forge, writer=forge, disconnect=forge.disconnect)
