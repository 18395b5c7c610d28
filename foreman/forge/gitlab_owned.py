"""Which projects of a group or user the account can see on GitLab.

References:
    https://docs.gitlab.com/api/groups/#list-all-projects-in-a-group,
    https://docs.gitlab.com/api/projects/#list-all-projects-for-a-user
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from foreman.errors import ForgeNotFound
from foreman.forge import gitlab_map as words
from foreman.forge import gitlab_rows as shapes
from foreman.forge.base import RepoInfo
from foreman.forge.gitlab_client import GitLabClient
from foreman.forge.reading import shaped

PAGE_ROWS = 100

MOST_PAGES = 100
"""Pages read of one list: 10,000 projects."""

_OPERATION = "list repositories"


def owned(client: GitLabClient, owner: str, *, nested: bool) -> tuple[RepoInfo, ...]:
    """Return an owner's projects, oldest first.

    Args:
        client: The account's.
        owner: Path of a group, or name of a user.
        nested: Those of subgroups as well.

    Returns:
        Each once. A list tells no roles, so that `may_write` is true for all of them.

    Raises:
        ForgeError: There is no such owner, or the forge did not answer.
    """
    found: dict[int, RepoInfo] = {}
    for row in _rows(client, owner, nested=nested):
        head, _, _ = row.path_with_namespace.rpartition("/")
        inside = f"{row.path_with_namespace}/".casefold().startswith(f"{owner}/".casefold())
        if inside and (nested or head.casefold() == owner.casefold()):
            found.setdefault(row.id, words.repository_of(row, words.PLANNER))
    return tuple(found[number] for number in sorted(found))


def _rows(client: GitLabClient, owner: str, *, nested: bool) -> Iterator[shapes.ProjectRow]:
    group = f"/groups/{quote(owner, safe='')}/projects"
    try:
        # What other groups share with this one lives elsewhere.
        yield from _pages(client, group, {"include_subgroups": str(nested).lower(), "with_shared": "false"})
    except ForgeNotFound:
        if "/" in owner:
            raise
        yield from _pages(client, f"/users/{quote(owner, safe='')}/projects", {})


def _pages(client: GitLabClient, path: str, query: dict[str, str]) -> Iterator[shapes.ProjectRow]:
    for page in range(1, MOST_PAGES + 1):
        # Oldest first: a project made meanwhile moves no other one to a page that was read already.
        order: dict[str, str | int] = {"order_by": "id", "sort": "asc", "per_page": PAGE_ROWS, "page": page}
        reply = client.get(_OPERATION, "", path, query={**query, **order})
        yield from shaped(tuple[shapes.ProjectRow, ...], reply, _OPERATION, "")
        if not reply.has_next:
            return
