"""What is in the folders of a sandbox's repository: one branch, no history."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from foreman.sandbox.state import Repo

BRANCH = "main"
"""The default branch of all repositories here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file or folder.

    Attributes:
        path: From the root.
        data: Of a file; None for a folder.
    """

    path: str
    data: bytes | None

    @property
    def name(self) -> str:
        """Its last part."""
        return self.path.rpartition("/")[2]

    @property
    def sha(self) -> str:
        """Git's name for its content, for a file; for a folder just one that changes with it."""
        data = self.path.encode() if self.data is None else self.data
        return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def entry(repo: Repo, path: str) -> Entry | None:
    """Return a file, or a folder that has something in it."""
    content = repo.files.get(path)
    if content is not None:
        return Entry(path=path, data=base64.b64decode(content))
    inside = f"{path}/" if path else ""
    return Entry(path=path, data=None) if any(known.startswith(inside) for known in repo.files) else None


def listing(repo: Repo, folder: str) -> list[Entry]:
    """Return what is right in a folder, by name."""
    inside = f"{folder}/" if folder else ""
    names = sorted({path.removeprefix(inside).partition("/")[0] for path in repo.files if path.startswith(inside)})
    found = (entry(repo, inside + name) for name in names)
    return [one for one in found if one is not None]
