"""The GitHub account of a configuration: a person's token, or an app, for which `forge_github_app` is loaded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from foreman.app.connection import Connection, LiveToken, line_of, proven_owner
from foreman.config.effective import RepoPlan
from foreman.config.models import Config
from foreman.forge.github import GitHubForge
from foreman.model import Account, ForgeKind
from foreman.secrets import KnownSecrets


def connect(
    config: Config,
    *,
    secrets: KnownSecrets,
    now: Callable[[], datetime],
    stop: threading.Event,
    plans: Callable[[], Sequence[RepoPlan]] | None = None,
    known: Account | None = None,
) -> Connection:
    """Connect to GitHub and make sure that we are who `identity` says.

    Args:
        config: As loaded.
        secrets: Where the token is made known, so that it can be kept out of everything.
        now: Current time, aware UTC.
        stop: Ends waiting between writes.
        plans: What is looked after now, which an app's tokens are narrowed to; None for what the file names.
        known: Who we are there, where that is not to be asked now.

    Returns:
        The account, ready.
    """
    identity = config.identity
    if identity.github_app is not None:
        from foreman.app import forge_github_app

        app = identity.github_app
        return forge_github_app.connect(config, app, secrets=secrets, now=now, stop=stop, plans=plans, known=known)
    token = LiveToken(identity.github_token, "identity.github_token", secrets)

    def forge_with(source: Callable[[], str]) -> GitHubForge:
        return GitHubForge(token=source, api_url=identity.github_api_url, **line_of(config, now=now, stop=stop))

    def whose(source: Callable[[], str]) -> Account:
        with forge_with(source) as other:
            return other.whoami()

    forge = forge_with(token)
    bot = known or proven_owner(forge, wanted=identity.github_user or "", key="identity.github_user")
    token.belongs_to(bot, whose)
    return Connection(kind=ForgeKind.GITHUB, bot=bot, reader=forge, writer=forge, disconnect=forge.disconnect)
