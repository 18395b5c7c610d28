"""Where a project says how to report a security hole."""

from __future__ import annotations

from sqlalchemy import Connection

from foreman.guidance.sources import POLICIES
from foreman.model import RepoRef
from foreman.store import project_files


def security_policy(connection: Connection, repo: RepoRef) -> tuple[str, str] | None:
    """Find the repository's security policy among the files that are kept of it; needs no request.

    Args:
        connection: To read from.
        repo: Which.

    Returns:
        Its path and the address of its page; None where there is none, or it was not read yet.
    """
    found = {path.casefold(): (path, kept.url) for path, kept in project_files.kept(connection, repo).items()}
    return next((found[place] for place in POLICIES if place in found), None)
