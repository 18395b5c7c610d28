"""Files of a repository on GitHub, by its contents API ("REST API endpoints for repository contents")."""

from __future__ import annotations

from urllib.parse import quote

from foreman.errors import ForgeNotFound
from foreman.forge import github_rows as rows
from foreman.forge.asking import Reply
from foreman.forge.base import ListedFile, RepoFile
from foreman.forge.files import MOST_LISTED, plain, text_of
from foreman.forge.github_client import GitHubClient
from foreman.forge.reading import require, shaped
from foreman.forge.trouble import readable
from foreman.model import RepoRef

_READ = "read file"
_LIST = "list files"


def file(client: GitHubClient, repo: RepoRef, path: str, *, most: int) -> RepoFile | None:
    """Return a text file of the default branch.

    Args:
        client: The account's.
        repo: Which repository.
        path: From its root.
        most: Bytes.

    Returns:
        The file; None when there is none, it is no text file or longer.

    Raises:
        ForgeError: The forge did not answer, or refuses.
    """
    reply = _ask(client, _READ, repo, plain(path, repo, operation=_READ))
    if reply is None or isinstance(reply.data, list):
        return None
    row = shaped(rows.ContentRow, reply, _READ, repo.key)
    with readable(_READ, repo.key):
        require(row.path == path)
    # Of a file beyond a megabyte GitHub sends no content, and calls that the encoding "none".
    if row.type != "file" or row.encoding != "base64" or row.size > most:
        return None
    text = text_of(row.content, most=most)
    return None if text is None else RepoFile(path=path, text=text, sha=row.sha, url=row.html_url or "")


def files(client: GitHubClient, repo: RepoRef, folder: str) -> tuple[ListedFile, ...]:
    """Return the files right in a folder of the default branch.

    Args:
        client: The account's.
        repo: Which repository.
        folder: From its root; empty for the root.

    Returns:
        Links, folders and submodules left out; nothing when there is no such folder.

    Raises:
        ForgeError: The forge did not answer, or refuses.
    """
    reply = _ask(client, _LIST, repo, plain(folder, repo, operation=_LIST))
    if reply is None or not isinstance(reply.data, list):
        return ()
    found = shaped(tuple[rows.ContentRow, ...], reply, _LIST, repo.key)
    return tuple(
        ListedFile(path=row.path, sha=row.sha, size=row.size) for row in found[:MOST_LISTED] if row.type == "file"
    )


def _ask(client: GitHubClient, operation: str, repo: RepoRef, path: str) -> Reply | None:
    try:
        return client.get(operation, repo.key, f"/repos/{repo.path}/contents/{quote(path)}")
    except ForgeNotFound:
        return None
