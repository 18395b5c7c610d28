"""Look at a repository with whatever token there is, or with none: what cannot be read is told, never guessed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from foreman.app import forges
from foreman.app.connection import line_of
from foreman.app.onboarding import remotes, spots
from foreman.app.onboarding.choices import App
from foreman.app.onboarding.remotes import NoGit
from foreman.app.onboarding.spots import Spot
from foreman.app.onboarding.survey import Survey, survey
from foreman.config.interpolate import Everything
from foreman.config.load import parse
from foreman.config.models import Config
from foreman.errors import ConfigError, ForgeAuthError, ForgeError, ForgeMoved, ForgeNotFound
from foreman.forge.base import ForgeReader
from foreman.forge.github import GitHubForge
from foreman.forge.gitlab import GitLabForge
from foreman.forge.line import utc_now
from foreman.forge.recognizing import recognize
from foreman.model import Account, ForgeKind
from foreman.secrets import KnownSecrets, lookup

_NOBODY = Account(login="", id=-1)
_MOST_ASKED = 3


def find(folder: Path, *, forge: ForgeKind | None, base_url: str) -> tuple[Spot | None, str]:
    """Find the repository that a folder is a clone of.

    Args:
        folder: Any folder of the clone.
        forge: Which forge, where it was said.
        base_url: Where it is, as it was said; empty where it was not.

    Returns:
        It, None where there is none; and why there is none.
    """
    try:
        found = remotes.of_folder(folder)
    except NoGit as error:
        return None, str(error)
    if not found:
        return None, "there is no git remote here"
    asked: set[str] = set()
    for remote in found:
        spot = spots.of_remote(remote, forge=forge, base_url=base_url)
        origin = spots.origin_of(remote)
        if spot is None and forge is None and origin not in asked and len(asked) < _MOST_ASKED:
            asked.add(origin)
            kind = recognize(origin)
            spot = None if kind is None else spots.of_remote(remote, forge=kind, base_url=base_url)
        if spot is not None:
            return spot, ""
    hosts = ", ".join(dict.fromkeys(remote.host for remote in found))
    return None, f"no remote here is known for a GitHub or GitLab ({hosts}); --forge says which it is"


def look(
    spot: Spot, *, variable: str, app: App | None, environ: Mapping[str, str], secrets: KnownSecrets, now: datetime
) -> Survey:
    """Look at a repository.

    Args:
        spot: Where it is.
        variable: That may hold a token.
        app: In place of a token.
        environ: The environment.
        secrets: Where the token is made known, so that it can be kept out of everything.
        now: Current time, aware UTC.

    Returns:
        What was seen; next to nothing where the forge did not answer.
    """
    notes = []
    holder = app.variable if app else variable
    if not lookup(holder, environ):
        notes.append(f"{holder} is not set: read without a token, as far as everybody may")
    elif not spot.named:
        notes.append(
            f"{holder} was not sent to {spot.host}, which only the git remote names: add --base-url {spot.web}"
        )
    else:
        try:
            with _signed_in(spot, variable=variable, app=app, secrets=secrets) as reader:
                return survey(reader, spot.repo, signed_in=True, now=now)
        except (ForgeAuthError, ConfigError) as error:
            notes.append(f"the token in {holder} is of no use: {error}")
        except ForgeNotFound:
            notes.append(f"{spot.repo} is not there, or the token in {holder} may not see it: the name is unproven")
            return Survey(notes=tuple(notes))
        except ForgeError as error:
            return Survey(notes=(*notes, _why(spot, error)))
    return _without(spot, notes, now)


def _without(spot: Spot, notes: list[str], now: datetime) -> Survey:
    try:
        with _signed_out(spot) as reader:
            seen = survey(reader, spot.repo, signed_in=False, now=now)
    except (ForgeAuthError, ForgeNotFound):
        notes.append(f"{spot.repo} is not there, or not for everybody: the name is unproven")
        return Survey(notes=tuple(notes))
    except ForgeError as error:
        return Survey(notes=(*notes, _why(spot, error)))
    return replace(seen, notes=(*notes, *seen.notes))


def _why(spot: Spot, error: ForgeError) -> str:
    if isinstance(error, ForgeMoved):
        return f"{spot.repo} has another name now: give that one with --repo, and --force"
    return f"nothing could be read: {error}"


@contextmanager
def _signed_in(spot: Spot, *, variable: str, app: App | None, secrets: KnownSecrets) -> Iterator[ForgeReader]:
    identity: dict[str, Any]
    if app is not None:
        identity = {"app_id": app.app_id, "installation_id": app.installation_id}
        identity = {"github_app": {**identity, "private_key": f"${{{app.variable}}}"}}
    else:
        identity = {f"{spot.repo.forge}_token": f"${{{variable}}}", f"{spot.repo.forge}_user": "nobody-yet"}
    connection = forges.connect(
        _config(spot, identity),
        spot.repo.forge,
        secrets=secrets,
        now=utc_now,
        stop=threading.Event(),
        known=_NOBODY,
    )
    try:
        yield connection.reader
    finally:
        connection.disconnect()


@contextmanager
def _signed_out(spot: Spot) -> Iterator[ForgeReader]:
    identity = {f"{spot.repo.forge}_token": "${NOT_ASKED}", f"{spot.repo.forge}_user": "nobody"}
    options = line_of(_config(spot, identity), now=utc_now, stop=threading.Event())
    forge: GitHubForge | GitLabForge
    if spot.repo.forge is ForgeKind.GITHUB:
        forge = GitHubForge(token=None, api_url=spot.url, **options)
    else:
        forge = GitLabForge(token=None, url=spot.url, **options)
    with forge:
        yield forge


def _config(spot: Spot, identity: Mapping[str, Any]) -> Config:
    """Return the least configuration that connects there."""
    address = "github_api_url" if spot.repo.forge is ForgeKind.GITHUB else "gitlab_url"
    document = {
        "identity": {**identity, address: spot.url},
        "repos": [
            {"forge": spot.repo.forge.value, "path": spot.repo.path, "agents": [{"type": "issue-triage"}]},
        ],
    }
    return parse(yaml.safe_dump(document).encode(), environ=Everything())
