"""The GitHub account of a configuration that is an app."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from foreman.app.connection import Connection, asked, line_of
from foreman.config.effective import RepoPlan
from foreman.config.models import Config, GitHubApp
from foreman.errors import ConfigError, ForemanError, ForgeAuthError, Problem
from foreman.forge.github_app_forge import GitHubAppForge
from foreman.forge.github_app_line import AppIdentity
from foreman.forge.github_app_token import Wish
from foreman.model import Account, EventKind, ForgeKind, RepoRef
from foreman.secrets import KnownSecrets


def connect(
    config: Config,
    app: GitHubApp,
    *,
    secrets: KnownSecrets,
    now: Callable[[], datetime],
    stop: threading.Event,
    plans: Callable[[], Sequence[RepoPlan]] | None,
    known: Account | None,
) -> Connection:
    """Connect to GitHub as an app.

    Args:
        config: As loaded.
        app: What it says of the app.
        secrets: Where keys and tokens are made known, so that they can be kept out of everything.
        now: Current time, aware UTC.
        stop: Ends waiting between writes.
        plans: What is looked after now, which its tokens are narrowed to; None for what the file names.
        known: Who we are there, where that is not to be asked now.

    Returns:
        The account, ready.

    Raises:
        ConfigError: The key is missing, GitHub does not accept the app, or it writes as somebody else.
        ForgeError: GitHub cannot be reached.
    """
    app.private_key.resolve(secrets)
    identity = AppIdentity(
        app_id=app.app_id,
        installation_id=app.installation_id,
        private_key=asked(app.private_key, secrets),
    )
    forge = GitHubAppForge(
        identity,
        wish=_wish(config, plans),
        secrets=secrets,
        api_url=config.identity.github_api_url,
        **line_of(config, now=now, stop=stop),
    )
    try:
        bot = known or _proven(forge, config)
    except ForemanError:
        forge.disconnect()
        raise
    return Connection(kind=ForgeKind.GITHUB, bot=bot, reader=forge, writer=forge, disconnect=forge.disconnect)


def wish_for(plans: Sequence[RepoPlan]) -> Wish:
    """Return what an app's token is needed for.

    Args:
        plans: What is looked after.

    Returns:
        Its repositories, and the permissions that are really used.
    """
    mine = [plan for plan in plans if plan.enabled and plan.repo.forge is ForgeKind.GITHUB]
    agents = [agent for plan in mine for agent in plan.agents]
    boards = [RepoRef.parse(agent.policy.dashboard) for agent in agents if agent.policy.dashboard]
    repositories = {plan.repo.path for plan in mine}
    repositories |= {board.path for board in boards if board.forge is ForgeKind.GITHUB}
    # `contents` is for private repositories alone: what a public one says of itself everybody may read.
    permissions = {"metadata": "read", "issues": "write", "contents": "read"}
    if any(EventKind.PULL_REQUEST_OPENED in agent.events for agent in agents):
        permissions["pull_requests"] = "read"
    return Wish(repositories=frozenset(repositories), permissions=permissions)


def _proven(forge: GitHubAppForge, config: Config) -> Account:
    try:
        bot = forge.whoami()
    except ForgeAuthError as error:
        message = f"GitHub does not accept this app: mend its id, its installation or its key ({error})"
        raise ConfigError([Problem(path="identity.github_app", message=message)]) from error
    wanted = config.identity.github_user
    if wanted is not None and wanted.casefold() != bot.login.casefold():
        message = f"is {wanted!r}, but the app writes as {bot.login!r}: correct it, or leave it out"
        raise ConfigError([Problem(path="identity.github_user", message=message)])
    return bot


def _wish(config: Config, plans: Callable[[], Sequence[RepoPlan]] | None) -> Callable[[], Wish]:
    """Return how to ask what tokens are needed for now."""
    if plans is not None:
        return _Wishing(plans)
    wish = wish_for(config.plans())
    if any(pattern.forge is ForgeKind.GITHUB for pattern in config.patterns()):
        # A command beside the daemon does not know what the patterns stand for at the moment.
        wish = Wish(repositories=None, permissions=wish.permissions)
    return lambda: wish


class _Wishing:
    """Says what is needed now; asked at each request, so it counts again only after a change."""

    def __init__(self, plans: Callable[[], Sequence[RepoPlan]]) -> None:
        self._plans = plans
        self._last: tuple[tuple[RepoPlan, ...], Wish] | None = None

    def __call__(self) -> Wish:
        plans, last = tuple(self._plans()), self._last
        if last is None or last[0] != plans:
            last = self._last = (plans, wish_for(plans))
        return last[1]
