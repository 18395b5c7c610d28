"""Files of a project on GitLab.

References:
    https://docs.gitlab.com/api/repository_files/ and https://docs.gitlab.com/api/repositories/
"""

from __future__ import annotations

from urllib.parse import quote

from foreman.errors import ForgeNotFound
from foreman.forge import gitlab_map as words
from foreman.forge import gitlab_rows as shapes
from foreman.forge.base import ListedFile, RepoFile
from foreman.forge.files import MOST_LISTED, plain, text_of
from foreman.forge.gitlab_client import GitLabClient
from foreman.forge.reading import require, shaped
from foreman.forge.trouble import readable
from foreman.model import RepoRef

PAGE_ROWS = 100

_READ = "read file"
_LIST = "list files"
_DEFAULT_BRANCH = "HEAD"
_LINK = "120000"


def file(client: GitLabClient, repo: RepoRef, path: str, *, most: int) -> RepoFile | None:
    """Return a text file of the default branch.

    Args:
        client: The account's.
        repo: Which project.
        path: From its root.
        most: Bytes.

    Returns:
        The file; None when there is none, it is no text file or longer.

    Raises:
        ForgeError: The forge did not answer, or refuses.
    """
    name = quote(plain(path, repo, operation=_READ), safe="")
    where = f"{words.project(repo)}/repository/files/{name}"
    try:
        reply = client.get(_READ, repo.key, where, query={"ref": _DEFAULT_BRANCH})
    except ForgeNotFound:
        return None
    row = shaped(shapes.FileRow, reply, _READ, repo.key)
    with readable(_READ, repo.key):
        require(row.file_path == path)
    if row.encoding != "base64" or row.size > most:
        return None
    text = text_of(row.content, most=most)
    page = f"{client.site}/{repo.path}/-/blob/{_DEFAULT_BRANCH}/{quote(path)}"
    return None if text is None else RepoFile(path=path, text=text, sha=row.blob_id, url=page)


def files(client: GitLabClient, repo: RepoRef, folder: str) -> tuple[ListedFile, ...]:
    """Return the files right in a folder of the default branch; GitLab does not tell how long they are.

    Args:
        client: The account's.
        repo: Which project.
        folder: From its root; empty for the root.

    Returns:
        Links, folders and submodules left out; nothing when there is no such folder.

    Raises:
        ForgeError: The forge did not answer, or refuses.
    """
    query: dict[str, str | int] = {"path": plain(folder, repo, operation=_LIST), "per_page": PAGE_ROWS}
    if not folder:
        del query["path"]
    found: list[ListedFile] = []
    for page in range(1, MOST_LISTED // PAGE_ROWS + 1):
        try:
            reply = client.get(
                _LIST, repo.key, f"{words.project(repo)}/repository/tree", query={**query, "page": page}
            )
        except ForgeNotFound:
            break
        rows = shaped(tuple[shapes.TreeRow, ...], reply, _LIST, repo.key)
        found += [ListedFile(path=row.path, sha=row.id) for row in rows if row.type == "blob" and row.mode != _LINK]
        if not reply.has_next:
            break
    return tuple(found)
