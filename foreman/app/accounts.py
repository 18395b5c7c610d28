"""The forge accounts of a daemon at its start. With two forges, the trouble of one does not keep the other waiting.

Who we are on a forge is remembered from one start to the next. So an account whose forge is away, or does not take its
token any more, can be set up all the same and tried again later; one that was never there cannot.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from foreman.app.connection import Connection
from foreman.config.models import Config
from foreman.errors import ConfigError, ForemanError, ForgeAuthError, ForgeError
from foreman.log import get_logger
from foreman.model import Account, ForgeKind
from foreman.store import controls
from foreman.store.database import Database

log = get_logger(__name__)

Connect = Callable[[ForgeKind, Account | None], Connection]
"""Connects to a forge and asks who we are there, or takes it as known."""


def connect_all(
    config: Config, kinds: Sequence[ForgeKind], *, db: Database, connect: Connect, stack: ExitStack, claim: bool
) -> tuple[dict[ForgeKind, Connection], dict[ForgeKind, str]]:
    """Connect to every forge.

    Args:
        config: As loaded.
        kinds: Which forges.
        db: Remembers who we are.
        connect: Connects to one.
        stack: Takes what must be broken off.
        claim: Something may be written to the store.

    Returns:
        The connections, and of those that are to be tried again later the reason.

    Raises:
        ConfigError: A token is missing, wrong, or somebody else's.
        ForgeError: A forge cannot be reached.
    """
    found: dict[ForgeKind, Connection] = {}
    failed: dict[ForgeKind, ForemanError] = {}

    def add(kind: ForgeKind, known: Account | None) -> None:
        found[kind] = connect(kind, known)
        stack.callback(found[kind].disconnect)

    known = {kind: account for kind in kinds if (account := _remembered(db, config, kind)) is not None}
    for kind in kinds:
        try:
            add(kind, None)
        except (ConfigError, ForgeError) as error:
            if kind not in known or not _may_pass(error):
                raise
            failed[kind] = error
    if failed and not found:
        raise next(iter(failed.values()))
    if claim:
        _remember(db, config, found)
    for kind, trouble in failed.items():
        log.error("account_left_for_later", forge=kind.value, reason=str(trouble))
        add(kind, known[kind])
    return found, {kind: str(trouble) for kind, trouble in failed.items()}


def _may_pass(error: ForemanError) -> bool:
    """Return whether it is the forge that is in the way, which may change without a new configuration."""
    return isinstance(error, ForgeError) or isinstance(error.__cause__, ForgeAuthError)


def _remember(db: Database, config: Config, connections: Mapping[ForgeKind, Connection]) -> None:
    with db.transaction() as connection:
        for kind, there in connections.items():
            bot = {"login": there.bot.login, "id": there.bot.id, "is_bot": there.bot.is_bot}
            controls.meta_set(connection, _key(kind), json.dumps({"place": _place(config, kind), "bot": bot}))


def _remembered(db: Database, config: Config, kind: ForgeKind) -> Account | None:
    with db.read() as connection:
        kept = controls.meta_get(connection, _key(kind))
    known = json.loads(kept) if kept else {}
    return Account(**known["bot"]) if known.get("place") == _place(config, kind) else None


def _key(kind: ForgeKind) -> str:
    return f"identity:{kind.value}"


def _place(config: Config, kind: ForgeKind) -> str:
    """Return what must be the same as then: the forge's address and who the configuration says that we are."""
    identity = config.identity
    match kind:
        case ForgeKind.GITHUB:
            app = identity.github_app
            who = f"app {app.app_id} {app.installation_id}" if app else identity.github_user
            return f"{identity.github_api_url} {who}"
        case ForgeKind.GITLAB:
            return f"{identity.gitlab_url} {identity.gitlab_user}"
