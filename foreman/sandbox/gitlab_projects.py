"""What GitLab's front answers about projects and lists of them."""

from __future__ import annotations

from foreman.sandbox.gitlab_accounts import group_of
from foreman.sandbox.gitlab_call import Call, Refused, level
from foreman.sandbox.gitlab_pages import paged
from foreman.sandbox.gitlab_shapes import Json, Shapes, stamp
from foreman.sandbox.handling import Reply
from foreman.sandbox.state import Repo

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


def project(call: Call) -> Reply:
    """Show a project."""
    return Reply(status=200, body=written(call.shapes, call.repo, login=call.login))


def user_projects(call: Call) -> Reply:
    """List the projects right under a user."""
    wanted, everybody = call.args[0].lower(), call.world.accounts.values()
    account = next((account for account in everybody if wanted in (str(account.id), account.login.lower())), None)
    if account is None or account.kind == "Organization":
        raise Refused(404, "404 User Not Found")
    return _projects(call, f"{account.login}/", nested=False, login=call.login)


def group_projects(call: Call) -> Reply:
    """List a group's projects, with those of its subgroups where asked; this list does not say what one may do."""
    nested = call.flag("include_subgroups") or False
    return _projects(call, f"{group_of(call).login}/", nested=nested, login=None)


def _projects(call: Call, prefix: str, *, nested: bool, login: str | None) -> Reply:
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
        whole = written(call.shapes, repo, login=login)
        return {name: whole[name] for name in _SIMPLE} if simple else whole

    return paged(call, rows, write)


def _is_group_member(shapes: Shapes, repo: Repo, login: str) -> bool:
    groups = shapes.world.groups.items()
    return any(login in members and repo.path.lower().startswith(f"{path.lower()}/") for path, members in groups)


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
        from_above = is_group and (login.lower() == repo.owner.lower() or _is_group_member(shapes, repo, login))
        names = ("group_access", "project_access") if from_above else ("project_access", "group_access")
        body["permissions"] = dict(zip(names, (access, None), strict=True))
    return body
