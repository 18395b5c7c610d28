"""GitHub's dialect for apps: what is signed with an app's key, and what a token of an installation may do.

References:
    GitHub, "Generating a JSON Web Token (JWT) for a GitHub App": RS256, `iat` not in the future, `exp` at most ten
    minutes ahead, `iss` the app's id or client id.
    GitHub, "REST API endpoints for GitHub Apps", create an installation access token: at most 500 repositories, no
    repository or permission that the installation has not.
    GitHub, "Permissions required for GitHub Apps": which endpoint needs what.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from foreman.sandbox import github_accounts
from foreman.sandbox.apps import READ, App, AppToken, Installation
from foreman.sandbox.exchange import Request
from foreman.sandbox.github_call import Refused
from foreman.sandbox.github_read import MAX_PER_PAGE
from foreman.sandbox.github_shapes import Json, Shapes, node_id, stamp
from foreman.sandbox.handling import Reply
from foreman.sandbox.state import Repo
from foreman.sandbox.world import World

MOST_REPOSITORIES = 500
LONGEST_JWT = timedelta(minutes=10)

NOT_ACCESSIBLE = "Resource not accessible by integration"
_SUSPENDED = "This installation has been suspended"
_INSTALLATION = re.compile(r"/app/installations/(\d+)(/access_tokens)?")
_METADATA = re.compile(r"|/collaborators/.+")


def signed_by(world: World, token: str, now: datetime) -> App:
    """Return the app that signed a JWT; refuse with GitHub's words what it would refuse."""
    import jwt

    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        app = world.apps.named(str(claims.get("iss", "")))
        if app is None:
            raise Refused(404, "Integration not found")
        options: Any = {"verify_exp": False, "verify_iat": False, "verify_iss": False}
        jwt.decode(token, app.public_key.decode(), algorithms=["RS256"], options=options)
    except jwt.PyJWTError:
        raise Refused(401, "A JSON web token could not be decoded") from None
    issued, expires = claims.get("iat"), claims.get("exp")
    moment = now.timestamp()
    if not isinstance(issued, int) or issued > moment:
        raise Refused(
            401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )
    if not isinstance(expires, int) or expires <= moment:
        raise Refused(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
            "assertion expires",
        )
    if expires > moment + LONGEST_JWT.total_seconds():
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
    return app


def is_signature(token: str) -> bool:
    """Tell whether a token is signed with an app's own key."""
    return token.startswith("eyJ")


def signer(world: World, token: str, now: datetime) -> str:
    """Return the login of the app that signed; empty when it is not good."""
    try:
        return signed_by(world, token, now).login
    except Refused:
        return ""


def answer(world: World, request: Request, token: str, now: datetime) -> Reply:
    """Answer what only an app itself may ask.

    Args:
        world: Everything.
        request: Its path begins with `/app`.
        token: The JWT.
        now: Current time, aware UTC.

    Returns:
        The answer.
    """
    try:
        return _answer(world, request, token, now)
    except Refused as refused:
        return refused.reply


def _answer(world: World, request: Request, token: str, now: datetime) -> Reply:
    app = signed_by(world, token, now)
    shapes = Shapes(world, request.base)
    if request.method == "GET" and request.path == "/app":
        return Reply(status=200, body=_app(shapes, app, world))
    found = _INSTALLATION.fullmatch(request.path)
    installation = world.apps.installed.get(int(found[1])) if found else None
    if found is None or installation is None or installation.app is not app:
        raise Refused(404, "Not Found")
    if request.method == "GET" and not found[2]:
        return Reply(status=200, body=_installation(shapes, installation))
    if request.method == "POST" and found[2]:
        return _new_token(world, request, installation, shapes, now)
    raise Refused(404, "Not Found")


def demand(grant: AppToken, repo: Repo, method: str, tail: str) -> None:
    """Refuse what a token of an installation may not do on a repository that its holder can see.

    Args:
        grant: What the token is good for.
        repo: Which repository.
        method: In capitals.
        tail: Of the path, after the repository.
    """
    reading = method in ("GET", "HEAD")
    if reading and not repo.private and not grant.reaches(repo):
        return  # what everybody may read
    level = "read" if reading else "write"
    if reading and tail.startswith("/contents"):
        if not repo.private:
            return  # whatever its permissions are
        allowed = grant.may("contents", level)
    elif reading and _METADATA.fullmatch(tail):
        allowed = grant.may("metadata", level)
    else:
        allowed = grant.may("issues", level) or (tail != "/labels" and grant.may("pull_requests", level))
    if not grant.reaches(repo) or not allowed:
        raise Refused(403, NOT_ACCESSIBLE)


def elsewhere(world: World, request: Request, grant: AppToken) -> Reply | None:
    """Answer what differs for an installation; None for what does not. A suspended one is refused everything."""
    if grant.installation.suspended_at is not None:
        raise Refused(403, _SUSPENDED)
    if request.path == "/installation/repositories" and request.method == "GET":
        return _repositories(world, request, grant)
    if request.path == "/user" or request.path.startswith("/user/"):
        raise Refused(403, NOT_ACCESSIBLE)
    return None


def _repositories(world: World, request: Request, grant: AppToken) -> Reply:
    shapes = Shapes(world, request.base)
    rows = [repo for repo in world.repos.values() if grant.reaches(repo)]
    size = min(int(request.query.get("per_page", "30")), MAX_PER_PAGE)
    page = int(request.query.get("page", "1"))
    shown = rows[(page - 1) * size : page * size]
    link = f'<{request.base}{request.path}?per_page={size}&page={page + 1}>; rel="next"'
    body = {
        "total_count": len(rows),
        "repository_selection": "all" if grant.installation.repositories is None else "selected",
        "repositories": [
            github_accounts.repository(shapes, repo, login=grant.installation.app.login) for repo in shown
        ],
    }
    return Reply(status=200, body=body, headers=(("Link", link),) if page * size < len(rows) else ())


def _new_token(world: World, request: Request, installation: Installation, shapes: Shapes, now: datetime) -> Reply:
    if installation.suspended_at is not None:
        raise Refused(403, _SUSPENDED)
    asked = request.body if isinstance(request.body, dict) else {}
    granted = {**installation.permissions, "metadata": "read"}
    permissions = {**dict(asked.get("permissions", granted)), "metadata": "read"}
    if any(READ.get(level, 9) > READ.get(granted.get(name, ""), 0) for name, level in permissions.items()):
        raise Refused(422, "The permissions requested are not granted to this installation.")
    repos = _narrowed(world, installation, asked)
    ids = None if repos is None else frozenset(repo.id for repo in repos)
    text, token = world.apps.give(installation, permissions, ids, now)
    body: Json = {
        "token": text,
        "expires_at": stamp(token.expires_at),
        "permissions": permissions,
        "repository_selection": "all" if installation.repositories is None and repos is None else "selected",
    }
    if repos is not None:
        body["repositories"] = [
            github_accounts.repository(shapes, repo, login=installation.app.login) for repo in repos
        ]
    return Reply(status=201, body=body)


def _narrowed(world: World, installation: Installation, asked: dict[str, Any]) -> list[Repo] | None:
    """Return the repositories that a token is asked for by name or id; None for all."""
    if "repositories" not in asked and "repository_ids" not in asked:
        return None
    names = [str(name).lower() for name in asked.get("repositories", ())]
    ids = list(asked.get("repository_ids", ()))
    if len(names) + len(ids) > MOST_REPOSITORIES:
        raise Refused(422, f"Invalid request.\n\nNo more than {MOST_REPOSITORIES} items are allowed.")
    mine: Callable[[Repo], bool] = installation.reaches
    found = [
        repo
        for repo in world.repos.values()
        if mine(repo) and (repo.id in ids or repo.path.partition("/")[2].lower() in names)
    ]
    if len(found) < len({*names, *ids}) or not found:
        raise Refused(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    return found


def _app(shapes: Shapes, app: App, world: World) -> Json:
    """Write an `integration`."""
    page = f"{shapes.site}/apps/{app.slug}"
    return {
        "id": app.id,
        "slug": app.slug,
        "node_id": node_id("A", app.id),
        "client_id": app.client_id,
        "owner": shapes.user(app.owner),
        "name": app.slug,
        "description": None,
        "external_url": page,
        "html_url": page,
        "created_at": stamp(app.created_at),
        "updated_at": stamp(app.created_at),
        "permissions": _all(world, app),
        "events": [],
        "installations_count": sum(1 for one in world.apps.installed.values() if one.app is app),
    }


def _all(world: World, app: App) -> dict[str, str]:
    found = {"metadata": "read"}
    for installation in world.apps.installed.values():
        if installation.app is app:
            found |= installation.permissions
    return found


def _installation(shapes: Shapes, installation: Installation) -> Json:
    """Write an `installation`."""
    account = shapes.user(installation.account) or {}
    url = f"{shapes.base}/app/installations/{installation.id}"
    return {
        "id": installation.id,
        "client_id": installation.app.client_id,
        "account": account,
        "repository_selection": "all" if installation.repositories is None else "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{shapes.base}/installation/repositories",
        "html_url": f"{shapes.site}/organizations/{installation.account}/settings/installations/{installation.id}",
        "app_id": installation.app.id,
        "app_slug": installation.app.slug,
        "target_id": account.get("id", 0),
        "target_type": account.get("type", "Organization"),
        "permissions": {**installation.permissions, "metadata": "read"},
        "events": [],
        "created_at": stamp(installation.created_at),
        "updated_at": stamp(installation.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None if installation.suspended_at is None else shapes.user(installation.account),
        "suspended_at": stamp(installation.suspended_at),
    }
