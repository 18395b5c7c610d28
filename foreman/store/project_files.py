"""What a repository's own files say: mission, security policy, issue forms, documentation. Read here, not weighed.

Texts come in without known secrets and cut; `poller.project_files` sees to that, and to how many there are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select

from foreman.model import RepoRef
from foreman.store.plain import repo_of
from foreman.store.rows import put
from foreman.store.tables import project_files, project_reading
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFile:
    """A file on a repository's default branch.

    Attributes:
        path: From the repository's root.
        text: Without known secrets, maybe cut.
        sha: Git's name for the content that was read.
        url: Its page.
        read_at: When it was last seen to be like this, aware UTC.
    """

    path: str
    text: str
    sha: str
    url: str
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of a file without its text.

    Attributes:
        url: Its page.
        sha: Git's name for the content that was read.
        chars: How long its text is.
    """

    url: str
    sha: str
    chars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectReading:
    """When a repository's files were last looked at.

    Attributes:
        repo: Which.
        wanted: By which patterns documentation was looked for.
        read_at: When, aware UTC.
        trouble: What was in the way; empty when nothing was.
    """

    repo: RepoRef
    wanted: tuple[str, ...]
    read_at: datetime
    trouble: str = ""


def all(connection: Connection, repo: RepoRef) -> tuple[ProjectFile, ...]:  # noqa: A001 - as `project_files.all(...)`
    """Return every file that is kept of a repository, by path."""
    mine = select(project_files).where(project_files.c.repo == repo.key).order_by(project_files.c.path)
    return tuple(_file(row) for row in connection.execute(mine))


_KEPT = (
    select(project_files.c.path, project_files.c.url, project_files.c.sha)
    .add_columns(func.length(project_files.c.text).label("chars"))
    .where(project_files.c.repo == bindparam("repo"))
    .order_by(project_files.c.path)
)


def kept(connection: Connection, repo: RepoRef) -> dict[str, Kept]:
    """Return what is kept of a repository by path, without the texts."""
    rows = connection.execute(_KEPT, {"repo": repo.key})
    return {row.path: Kept(url=row.url, sha=row.sha, chars=row.chars) for row in rows}


def save(connection: Connection, repo: RepoRef, file: ProjectFile) -> None:
    """Keep a file, over what was kept of it before."""
    values = {"text": file.text, "sha": file.sha, "url": file.url, "read_at": file.read_at}
    put(connection, project_files, {"repo": repo.key, "path": file.path}, values)


def keep_only(connection: Connection, repo: RepoRef, wanted: Collection[str]) -> int:
    """Drop every file of a repository that is not among these paths; returns how many went."""
    gone = [path for path in kept(connection, repo) if path not in wanted]
    for path in gone:
        one = (project_files.c.repo == repo.key) & (project_files.c.path == path)
        connection.execute(delete(project_files).where(one))
    return len(gone)


def reading(connection: Connection, repo: RepoRef) -> ProjectReading | None:
    """Return when a repository's files were last looked at, None for never."""
    row = connection.execute(select(project_reading).where(project_reading.c.repo == repo.key)).first()
    return None if row is None else _reading(row)


def readings(connection: Connection) -> tuple[ProjectReading, ...]:
    """Return the same of every repository."""
    return tuple(_reading(row) for row in connection.execute(select(project_reading)))


def note(connection: Connection, repo: RepoRef, *, wanted: Sequence[str], trouble: str = "", now: datetime) -> None:
    """Keep that a repository's files were looked at.

    Args:
        connection: In a transaction.
        repo: Which.
        wanted: By which patterns documentation was looked for.
        trouble: What was in the way; empty when nothing was.
        now: Current time, aware UTC.
    """
    values = {"wanted": list(wanted), "read_at": now, "trouble": trouble}
    put(connection, project_reading, {"repo": repo.key}, values)


def forget(connection: Connection, repo: RepoRef) -> int:
    """Drop all of a repository; returns how many files went. Where it is still looked after they are read anew."""
    connection.execute(delete(project_reading).where(project_reading.c.repo == repo.key))
    return connection.execute(delete(project_files).where(project_files.c.repo == repo.key)).rowcount


def _file(row: Row[Any]) -> ProjectFile:
    return ProjectFile(path=row.path, text=row.text, sha=row.sha, url=row.url, read_at=row.read_at)


def _reading(row: Row[Any]) -> ProjectReading:
    wanted = tuple(row.wanted)
    return ProjectReading(repo=repo_of(row.repo), wanted=wanted, read_at=row.read_at, trouble=row.trouble)
