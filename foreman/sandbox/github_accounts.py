"""GitHub's JSON for accounts, repositories and limits."""

from __future__ import annotations

from foreman.sandbox.github_shapes import Json, Shapes, node_id, stamp
from foreman.sandbox.state import PERMISSIONS, Account, Repo

_TEMPLATES = {
    "archive": "/{archive_format}{/ref}",
    "assignees": "{/user}",
    "blobs": "{/sha}",
    "branches": "{/branch}",
    "collaborators": "{/collaborator}",
    "comments": "{/number}",
    "commits": "{/sha}",
    "compare": "/{base}...{head}",
    "contents": "/{+path}",
    "contributors": "",
    "deployments": "",
    "downloads": "",
    "events": "",
    "forks": "",
    "git_commits": "{/sha}",
    "git_refs": "{/sha}",
    "git_tags": "{/sha}",
    "hooks": "",
    "issue_comment": "{/number}",
    "issue_events": "{/number}",
    "issues": "{/number}",
    "keys": "{/key_id}",
    "labels": "{/name}",
    "languages": "",
    "merges": "",
    "milestones": "{/number}",
    "notifications": "{?since,all,participating}",
    "pulls": "{/number}",
    "releases": "{/id}",
    "stargazers": "",
    "statuses": "/{sha}",
    "subscribers": "",
    "subscription": "",
    "tags": "",
    "teams": "",
    "trees": "{/sha}",
}
_FOLDERS = {
    "blobs": "git/blobs",
    "git_commits": "git/commits",
    "git_refs": "git/refs",
    "git_tags": "git/tags",
    "trees": "git/trees",
    "issue_comment": "issues/comments",
    "issue_events": "issues/events",
    "archive": "",
}


def permissions(granted: str) -> dict[str, bool]:
    """Write what somebody may do, the way a repository shows it."""
    rank = PERMISSIONS.index(granted)
    names = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}
    return {name: rank >= PERMISSIONS.index(needed) for name, needed in names.items()}


def repository(shapes: Shapes, repo: Repo, *, login: str | None) -> Json:
    """Write a `full-repository` as this person sees it."""
    url = shapes.repo_url(repo)
    page = f"{shapes.site}/{repo.path}"
    links = {
        f"{name}_url": f"{url}/{_FOLDERS.get(name, name)}{tail}".replace("//{", "/{")
        for name, tail in _TEMPLATES.items()
    }
    open_issues = sum(1 for issue in repo.issues.values() if issue.state == "open" and not issue.gone)
    owner = shapes.user(repo.owner)
    return {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.path.partition("/")[2],
        "full_name": repo.path,
        "private": repo.private,
        "owner": owner,
        "html_url": page,
        "description": None,
        "fork": False,
        "url": url,
        **links,
        "created_at": stamp(repo.created_at),
        "updated_at": stamp(repo.created_at),
        "pushed_at": stamp(repo.created_at),
        "git_url": f"git://{page.partition('://')[2]}.git",
        "ssh_url": f"git@sandbox:{repo.path}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": None,
        "size": 1,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": None,
        "has_issues": repo.has_issues,
        "has_projects": False,
        "has_downloads": False,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": 0,
        "archived": repo.archived,
        "disabled": repo.disabled,
        "open_issues_count": open_issues,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private" if repo.private else "public",
        "forks": 0,
        "open_issues": open_issues,
        "watchers": 0,
        "default_branch": "main",
        "permissions": permissions(repo.permission(login)),
        "network_count": 0,
        "subscribers_count": 0,
        **({"organization": owner} if owner and owner["type"] == "Organization" else {}),
    }


def profile(shapes: Shapes, account: Account) -> Json:
    """Write a `public-user`."""
    nothing = ("name", "company", "location", "email", "hireable", "bio", "twitter_username", "notification_email")
    counts = ("public_repos", "public_gists", "followers", "following")
    return {
        **(shapes.user(account.login) or {}),
        **dict.fromkeys(nothing),
        "blog": "",
        **dict.fromkeys(counts, 0),
        "created_at": stamp(account.created_at),
        "updated_at": stamp(account.created_at),
    }
