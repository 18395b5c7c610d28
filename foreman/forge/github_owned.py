"""Which repositories of an owner the account can see on GitHub.

An organization lists those it shows to the account, private ones too. A user lists the public ones alone, so those
that the account was let into are asked for besides. GitHub, "REST API endpoints for repositories".
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from foreman.forge import github_map as words
from foreman.forge import github_rows as rows
from foreman.forge.base import RepoInfo
from foreman.forge.github_client import GitHubClient
from foreman.forge.trouble import readable

PAGE_ROWS = 100

MOST_PAGES = 100
"""Pages read of one list: 10,000 repositories."""

_OPERATION = "list repositories"


def owned(client: GitHubClient, owner: str) -> tuple[RepoInfo, ...]:
    """Return an owner's repositories, oldest first.

    Args:
        client: The account's.
        owner: Login of a user or an organization.

    Returns:
        Each once.

    Raises:
        ForgeError: There is no such owner, or the forge did not answer.
    """
    name = quote(owner, safe="")
    reply = client.get(_OPERATION, "", f"/users/{name}")
    with readable(_OPERATION, ""):
        account = rows.read(rows.UserRow, reply.data)
    if account.type == "Organization":
        lists = [_pages(client, f"/orgs/{name}/repos", {"type": "all"})]
    else:
        mine = {"affiliation": "owner,collaborator"}
        lists = [_pages(client, f"/users/{name}/repos", {"type": "owner"}), _pages(client, "/user/repos", mine)]
    found: dict[int, RepoInfo] = {}
    for info in (info for one in lists for info in one):
        if info.path.partition("/")[0].casefold() == owner.casefold():
            found.setdefault(info.id, info)
    return tuple(found[number] for number in sorted(found))


def _pages(client: GitHubClient, path: str, query: dict[str, str]) -> Iterator[RepoInfo]:
    for page in range(1, MOST_PAGES + 1):
        # Oldest first: a repository made meanwhile moves no other one to a page that was read already.
        order: dict[str, str | int] = {"sort": "created", "direction": "asc", "per_page": PAGE_ROWS, "page": page}
        reply = client.get(_OPERATION, "", path, query={**query, **order})
        with readable(_OPERATION, ""):
            found = rows.read(tuple[rows.RepoRow, ...], reply.data)
        yield from (words.repository_of(row) for row in found)
        if not found or not reply.has_next:
            return
