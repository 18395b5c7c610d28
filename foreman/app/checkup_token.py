"""`foreman check` at a token: whether it may do what is needed, what it may do besides, and when it ends.

A forge tells scopes of some tokens and permissions of others; of what it does not tell nothing is said here, and the
lines of the repositories show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from foreman.app.checkup import Finding, fail, fine, tokens_page, warn
from foreman.app.connection import Connection
from foreman.config.effective import RepoPlan
from foreman.errors import ForgeError
from foreman.forge.base import RepoInfo
from foreman.forge.grants import Grants, TokenKind
from foreman.model import ForgeKind, Mode

ENDS_SOON = timedelta(days=14)

_TOO_MUCH = "who gets hold of it can do that as well"

_LEVELS = ("", "read", "write", "admin")
_KINDS = {
    TokenKind.CLASSIC: "a classic token",
    TokenKind.FINE_GRAINED: "a fine-grained token",
    TokenKind.APP: "an app",
    TokenKind.PERSONAL: "a personal access token",
    TokenKind.PROJECT: "a project access token",
    TokenKind.GROUP: "a group access token",
    TokenKind.UNKNOWN: "a token of an unknown kind",
}


def look_at_token(
    connection: Connection, plans: Sequence[RepoPlan], seen: Mapping[str, RepoInfo], *, site: str, now: datetime
) -> Iterator[Finding]:
    """Look what a token may do.

    Args:
        connection: The account.
        plans: What is looked after there, with what patterns stand for.
        seen: Repositories as the forge shows them, by key, those that it showed.
        site: Where the forge's pages are.
        now: Current time, aware UTC.

    Yields:
        What is missing, what is too much, when it ends; at least one finding.
    """
    try:
        grants = connection.reader.grants()
    except ForgeError as error:
        why = "whether it may do enough, or too much, is not known"
        yield warn("token", f"what it may do could not be read ({error})", why, "`foreman check` again later")
        return
    plans = [plan for plan in plans if plan.enabled]
    writes = any(agent.policy.mode is not Mode.SHADOW for plan in plans for agent in plan.agents)
    if grants.kind is TokenKind.APP:
        found = [*_app(grants, plans, site, writes=writes), *_installed(grants, plans, site)]
    elif grants.scopes is None:
        found = [fine("token", f"{_KINDS[grants.kind]}; the forge does not tell what it may do")]
    elif connection.kind is ForgeKind.GITHUB:
        found = [_classic(grants.scopes, seen, site, writes=writes)]
    else:
        found = [_gitlab(grants, site, writes=writes)]
    yield from found
    if grants.expires_at is not None and grants.expires_at - now < ENDS_SOON:
        text = f"ends on {grants.expires_at:%Y-%m-%d}"
        remedy = f"make a new one ({tokens_page(connection.kind, site)}), put it in its variable and start again"
        yield warn("token end", text, "from then on nothing is read or written", remedy)


def _classic(scopes: Sequence[str], seen: Mapping[str, RepoInfo], site: str, *, writes: bool) -> Finding:
    page = tokens_page(ForgeKind.GITHUB, site)
    private = sorted(key for key, info in seen.items() if info.private)
    needed = "repo" if private else "public_repo"
    if needed not in scopes and "repo" not in scopes:
        why = f"{needed} is needed" + (f" for {private[0]}" if private else " to change issues")
        told = f"a classic token with {_listed(scopes)}: {why}"
        remedy = f"give it the scope {needed}, or make a fine-grained token with issues: read and write, on {page}"
        if writes or private:
            return fail("token", told, "nothing can be written" if not private else "it cannot be read", remedy)
        return warn("token", told, "mode shadow does without; approve and auto do not", remedy)
    more = [scope for scope in scopes if scope not in {needed, "public_repo"}]
    if more:
        text = f"a classic token that may do more than is needed: {_listed(more)}"
        remedy = f"leave it {needed} alone, or make a fine-grained token for these repositories, on {page}"
        return warn("token", text, _TOO_MUCH, remedy)
    return fine("token", f"a classic token with {needed}, which is what is needed")


def _gitlab(grants: Grants, site: str, *, writes: bool) -> Finding:
    scopes = grants.scopes or ()
    kind = _KINDS[grants.kind]
    if "api" not in scopes:
        told = f"{kind} with {_listed(scopes)}: api is needed to change issues"
        remedy = f"make one with the scope api: {tokens_page(ForgeKind.GITLAB, site)}"
        if "read_api" not in scopes:
            return fail("token", told, "nothing can be read", remedy)
        if writes:
            return fail("token", told, "nothing can be written", remedy)
        return warn("token", told, "mode shadow does without; approve and auto do not", remedy)
    more = [scope for scope in scopes if scope != "api"]
    if more:
        text = f"{kind} that may do more than is needed: {_listed(more)}"
        return warn(
            "token", text, _TOO_MUCH, f"make one with the scope api alone: {tokens_page(ForgeKind.GITLAB, site)}"
        )
    return fine("token", f"{kind} with api, which is what is needed")


def _app(grants: Grants, plans: Sequence[RepoPlan], site: str, *, writes: bool) -> Iterator[Finding]:
    from foreman.app.forge_github_app import wish_for

    needed = wish_for(plans).permissions
    missing = {
        name: level
        for name, level in needed.items()
        if name != "contents" and _rank(grants.granted.get(name)) < _rank(level)
    }
    if missing:
        remedy = (
            f"tick it on the app's page under Permissions ({site}/settings/apps), then accept it on the page of the "
            f"installation ({site}/settings/installations)"
        )
        text = f"the app was not granted {_pairs(missing)}"
        if writes:
            yield fail("token", text, "what needs it is refused by the forge", remedy)
        else:
            yield warn("token", text, "mode shadow does without; approve and auto do not", remedy)
    more = {
        name: level
        for name, level in grants.granted.items()
        if name != "metadata" and _rank(level) > _rank(needed.get(name))
    }
    if more:
        remedy = f"take it away on the app's page under Permissions ({site}/settings/apps); no token asked for has it"
        yield warn("token", f"the app was granted what is of no use here: {_pairs(more)}", _TOO_MUCH, remedy)
    if not missing and not more:
        yield fine("token", f"an app with {_pairs(grants.permissions)}, which is what is needed")


def _installed(grants: Grants, plans: Sequence[RepoPlan], site: str) -> Iterator[Finding]:
    there = grants.repositories
    missing = [] if there is None else [plan.repo.path for plan in plans if plan.repo.path.casefold() not in there]
    if missing:
        remedy = (
            f"let the app into them on the page of its installation ({site}/settings/installations); another owner "
            "needs an installation of its own"
        )
        text = f"the app is not installed on {', '.join(missing)}"
        yield fail("installation", text, "nothing there can be read or written", remedy)


def _rank(level: str | None) -> int:
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS) if level else 0


def _pairs(permissions: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {level}" for name, level in sorted(permissions.items()))


def _listed(scopes: Sequence[str]) -> str:
    return ", ".join(scopes) or "no scope"
