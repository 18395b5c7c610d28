"""What GitLab's front answers about users, groups, projects and members."""

from __future__ import annotations

from urllib.parse import quote

from foreman.sandbox.gitlab_call import LEVELS, OWNER, Call, Refused, level
from foreman.sandbox.gitlab_pages import paged
from foreman.sandbox.gitlab_shapes import Json, Shapes, stamp
from foreman.sandbox.handling import Reply
from foreman.sandbox.state import Account, Repo

VERSION = "18.5.0"
"""The GitLab whose answers these are."""


def version(call: Call) -> Reply:
    """Tell the version."""
    call.known()
    return Reply(status=200, body={"version": VERSION, "revision": "0000000", "enterprise": True})


def me(call: Call) -> Reply:
    """Show who is logged in."""
    account = call.world.accounts[call.actor]
    private = {"email": f"{account.login}@example.invalid", "is_admin": False, "can_create_group": True}
    return Reply(status=200, body={**call.shapes.profile(account), **private})


def token(call: Call) -> Reply:
    """Show the token that asks."""
    account = call.world.accounts[call.actor]
    body = {
        "id": account.id,
        "name": f"{account.login}'s token",
        "revoked": False,
        "created_at": stamp(account.created_at),
        "description": "",
        "scopes": list(account.scopes),
        "user_id": account.id,
        "last_used_at": stamp(call.now),
        "active": True,
        "expires_at": "2036-01-01",
    }
    return Reply(status=200, body=body)


def _account(call: Call) -> Account:
    for account in call.world.accounts.values():
        if call.args[0] == str(account.id):
            return account
    raise Refused(404, "404 User Not Found")


def user(call: Call) -> Reply:
    """Show a user."""
    return Reply(status=200, body=call.shapes.profile(_account(call)))


def users(call: Call) -> Reply:
    """List users, by name or by a part of it."""
    call.known()
    name, part = (call.request.query.get(key, "").lower() for key in ("username", "search"))
    rows = [
        account
        for account in call.world.accounts.values()
        if "/" not in account.login and name in ("", account.login.lower()) and part in account.login.lower()
    ]
    return paged(call, rows[::-1], lambda account: call.shapes.user(account.login))


def project(call: Call) -> Reply:
    """Show a project."""
    return Reply(status=200, body=written(call.shapes, call.repo, login=call.login))


def user_projects(call: Call) -> Reply:
    """List the projects right under a user."""
    wanted, everybody = call.args[0].lower(), call.world.accounts.values()
    account = next((account for account in everybody if wanted in (str(account.id), account.login.lower())), None)
    if account is None or account.kind == "Organization":
        raise Refused(404, "404 User Not Found")
    return _projects(call, f"{account.login}/", nested=False)


def group(call: Call) -> Reply:
    """Show a group."""
    found = _group(call)
    parent, _, name = found.login.rpartition("/")
    body = {
        "id": found.id,
        "web_url": f"{call.shapes.site}/groups/{quote(found.login)}",
        "name": name,
        "path": name,
        "description": "",
        "visibility": "public",
        "full_name": found.login.replace("/", " / "),
        "full_path": found.login,
        "created_at": stamp(found.created_at),
        "parent_id": call.world.accounts[parent].id if parent else None,
        "archived": False,
    }
    return Reply(status=200, body=body)


def group_projects(call: Call) -> Reply:
    """List a group's projects, with those of its subgroups where asked."""
    return _projects(call, f"{_group(call).login}/", nested=call.flag("include_subgroups") or False)


def _group(call: Call) -> Account:
    for account in call.world.accounts.values():
        if account.kind == "Organization" and call.args[0].lower() in (str(account.id), account.login.lower()):
            return account
    raise Refused(404, "404 Group Not Found")


def _projects(call: Call, prefix: str, *, nested: bool) -> Reply:
    archived = call.flag("archived")
    rows = [
        repo
        for repo in call.world.repos.values()
        if repo.path.lower().startswith(prefix.lower())
        and (nested or "/" not in repo.path[len(prefix) :])
        and repo.may(call.login, "read")
        and archived in (None, repo.archived)
    ]
    order = call.choice("order_by", "created_at", "id", "name", "path", "last_activity_at", "similarity")
    rows.sort(
        key=lambda repo: (repo.path.rpartition("/")[2] if order in ("name", "path") else "", repo.id),
        reverse=call.choice("sort", "desc", "asc") == "desc",
    )
    simple = call.flag("simple")

    def write(repo: Repo) -> Json:
        whole = written(call.shapes, repo, login=call.login)
        return {name: whole[name] for name in _SIMPLE} if simple else whole

    return paged(call, rows, write)


_SIMPLE = (
    "id",
    "description",
    "name",
    "name_with_namespace",
    "path",
    "path_with_namespace",
    "created_at",
    "default_branch",
    "topics",
    "web_url",
    "last_activity_at",
    "visibility",
    "namespace",
)


def written(shapes: Shapes, repo: Repo, *, login: str | None) -> Json:
    """Write a project as this person sees it."""
    owners, _, name = repo.path.rpartition("/")
    page = f"{shapes.site}/{repo.path}"
    account = shapes.world.accounts[owners]
    is_group = account.kind == "Organization"
    granted = level(repo, login)
    newest = max((issue.updated_at for issue in repo.issues.values()), default=repo.created_at)
    body: Json = {
        "id": repo.id,
        "description": None,
        "name": name,
        "name_with_namespace": repo.path.replace("/", " / "),
        "path": name,
        "path_with_namespace": repo.path,
        "created_at": stamp(repo.created_at),
        "default_branch": "main",
        "tag_list": [],
        "topics": [],
        "ssh_url_to_repo": f"git@sandbox:{repo.path}.git",
        "http_url_to_repo": f"{page}.git",
        "web_url": page,
        "readme_url": None,
        "forks_count": 0,
        "avatar_url": None,
        "star_count": 0,
        "last_activity_at": stamp(newest),
        "visibility": "private" if repo.private else "public",
        "namespace": {
            "id": account.id,
            "name": owners.rpartition("/")[2],
            "path": owners.rpartition("/")[2],
            "kind": "group" if is_group else "user",
            "full_path": owners,
            "parent_id": None,
            "avatar_url": None,
            "web_url": f"{shapes.site}/{'groups/' if is_group else ''}{owners}",
        },
        "_links": {
            "self": shapes.project_url(repo),
            "issues": f"{shapes.project_url(repo)}/issues",
            "labels": f"{shapes.project_url(repo)}/labels",
            "members": f"{shapes.project_url(repo)}/members",
        },
        "marked_for_deletion_at": "2026-01-01" if repo.disabled else None,
        "marked_for_deletion_on": "2026-01-01" if repo.disabled else None,
        "empty_repo": False,
        "archived": repo.archived,
        "issues_enabled": repo.has_issues,
        "merge_requests_enabled": True,
        "issues_access_level": "enabled" if repo.has_issues else "disabled",
        "creator_id": account.id,
        "import_status": "none",
        "open_issues_count": sum(1 for i in repo.issues.values() if i.state == "open" and not i.gone),
        "updated_at": stamp(newest),
        "request_access_enabled": True,
    }
    if login is not None:
        access = {"access_level": granted, "notification_level": 3} if granted else None
        body["permissions"] = {"project_access": access, "group_access": None}
    return body


def members(call: Call) -> Reply:
    """List the members, those of the groups above included."""
    names = [repo_owner] if (repo_owner := call.repo.owner) in call.world.accounts else []
    names += [name for name in call.repo.collaborators if LEVELS[call.repo.collaborators[name]] and name != repo_owner]
    part = call.request.query.get("query", "").lower()
    return paged(call, [name for name in names if part in name.lower()], lambda name: _member(call, name))


def member(call: Call) -> Reply:
    """Show one member."""
    number = call.number(0, "user_id")
    account = next((account for account in call.world.accounts.values() if account.id == number), None)
    if account is None or not level(call.repo, account.login):
        raise Refused(404, "404 Not found")
    return Reply(status=200, body=_member(call, account.login))


def _member(call: Call, login: str) -> Json:
    granted = level(call.repo, login)
    return {
        **call.shapes.user(login),
        "access_level": granted,
        "created_at": stamp(call.repo.created_at),
        "expires_at": None,
        "membership_state": "active",
        **({"created_by": None} if granted < OWNER else {}),
    }
