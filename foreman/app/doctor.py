"""`foreman check`: everything that must be in place, looked at once, each with what to do when it is not.

Reads and asks, writes nothing to a forge. What depends on something that failed is left out rather than guessed.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from foreman.app import forges, room
from foreman.app.checkup import Finding, fail, fine, site_of, tokens_page, told, warn
from foreman.app.checkup_agents import look_at_agents, look_at_model
from foreman.app.checkup_forge import look_at_clock, look_at_patterns, look_at_repositories
from foreman.app.checkup_token import look_at_token
from foreman.app.demo_forge import sandboxed
from foreman.app.workshop import utc_now
from foreman.config.effective import RepoPattern
from foreman.config.load import unset_secrets
from foreman.config.models import Config
from foreman.errors import ConfigError, ForgeError, Problem
from foreman.forge.base import RepoInfo
from foreman.model import ForgeKind, RepoRef
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store import backup

LOW_BYTES = 1024**3
"""Free space below which a person is warned: an agent's image and the logs take some hundred MB."""

_NO_FORGE = "nothing there can be read or written"


def examine(
    config: Config, *, source: Path, settings: Settings, secrets: KnownSecrets, ask_model: bool = False
) -> Iterator[Finding]:
    """Look at everything, one thing after the other.

    Args:
        config: As loaded: that it could be is the first finding.
        source: Where it was read.
        settings: Of the environment.
        secrets: Filled with every secret that is used.
        ask_model: Send the model a word, which may cost a little.

    Yields:
        What was found.
    """
    own = [repo.enabled for repo in config.repos if repo.pattern is None]
    named = [f"{sum(own)} of {len(own)} repositories enabled"] if own else []
    named += [str(pattern) for pattern in config.patterns()]
    yield fine("config", f"{source} is valid, {', '.join(named) or 'no repository enabled'}")
    with sandboxed(config) as reachable:
        missing = unset_secrets(reachable)
        for problem in missing:
            yield _unset(config, problem)
        if not missing:
            yield fine("secrets", "every variable that is named is set")
        lacking = {problem.path for problem in missing}
        yield from _forges(reachable, secrets, lacking)
        yield from look_at_model(reachable, settings=settings, secrets=secrets, ask=ask_model, told_already=lacking)
        yield from look_at_agents(reachable, settings=settings)
    yield from _disk(config.storage.path)
    yield _database(config.storage.path)


def _forges(config: Config, secrets: KnownSecrets, told_already: Collection[str]) -> Iterator[Finding]:
    stop = threading.Event()
    for kind in forges.kinds(config):
        try:
            connection = forges.connect(config, kind, secrets=secrets, now=utc_now, stop=stop)
        except ConfigError as error:
            for problem in error.problems:
                if problem.path not in told_already:
                    yield told("account", problem, _NO_FORGE, page=_made_at(config, kind))
            continue
        except ForgeError as error:
            key = "github_api_url" if kind is ForgeKind.GITHUB else "gitlab_url"
            remedy = f"check `identity.{key}` and the network, then `foreman check` again"
            yield fail("forge", str(error), _NO_FORGE, remedy)
            continue
        try:
            site = site_of(config.identity, kind)
            app = config.identity.github_app if kind is ForgeKind.GITHUB else None
            whose = "the app writes as" if app else "the token belongs to"
            configured = "" if app else ", as configured"
            yield fine("account", f"{whose} {connection.bot.login} on {kind.value}{configured}")
            yield look_at_clock(connection)
            plans = [plan for plan in config.plans() if plan.repo.forge is kind]
            seen: dict[str, RepoInfo] = {}
            found: dict[RepoPattern, list[RepoRef]] = {}
            yield from look_at_repositories(connection, plans, seen, site=site)
            yield from look_at_patterns(connection, config.patterns(), seen, found, site=site)
            every = [plan for plan in config.plans(found) if plan.repo.forge is kind]
            yield from look_at_token(connection, every, seen, site=site, now=utc_now())
        finally:
            connection.disconnect()


def _unset(config: Config, problem: Problem) -> Finding:
    if not problem.path.startswith("identity."):
        return told("secrets", problem, "what needs it cannot be done")
    kind = ForgeKind.GITLAB if problem.path.startswith("identity.gitlab") else ForgeKind.GITHUB
    return told("secrets", problem, _NO_FORGE, page=_made_at(config, kind))


def _made_at(config: Config, kind: ForgeKind) -> str:
    """Return where a person makes what the forge knows us by."""
    site = site_of(config.identity, kind)
    if kind is ForgeKind.GITHUB and config.identity.github_app:
        return f"{site}/settings/apps"
    return tokens_page(kind, site)


def _disk(path: Path) -> Iterator[Finding]:
    """Judge as readiness does, and warn where it will soon say no."""
    database, *others = room.places(path)
    folder = next(place for place in path.absolute().parents if place.exists())  # before the first run
    for place in (replace(database, folder=folder), *others):
        if why := room.shortage(place):
            move = "free some, or move `storage.path`"
            if place.name != database.name:
                move = "free some, or let `TMPDIR` name another place"
            yield fail("disk", why, "soon nothing can be kept, and so nothing done", move)
            return
    free = room.free_bytes(replace(database, folder=folder)) or 0
    text = f"{free / 1e9:.1f} GB free at {folder}"
    if free < LOW_BYTES:
        yield warn("disk", text, "images and logs take some hundred MB", "free some soon: `docker system df` tells")
    else:
        yield fine("disk", text)


def _database(path: Path) -> Finding:
    if not path.exists():
        return fine("database", f"none yet; the first run makes {path}")
    problems = backup.check(path)
    if problems:
        remedy = "`foreman db check` tells more, `foreman db restore` brings a copy back"
        return fail("database", "; ".join(problems), "what was done may be forgotten or done again", remedy)
    return fine("database", f"{path} is sound")
