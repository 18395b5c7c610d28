"""What the adapters of all forges do alike with files: mind their paths, and take only what is text."""

from __future__ import annotations

import base64
import binascii

from foreman.errors import ForgeRejected
from foreman.model import RepoRef

MOST_LISTED = 1_000
"""Files of one folder that are listed; GitHub lists no more."""


def plain(path: str, repo: RepoRef, *, operation: str) -> str:
    """Return a path that stays inside the repository.

    Args:
        path: From its root; empty for the root itself.
        repo: Which, for the error.
        operation: What for, in a word or two.

    Returns:
        The same.

    Raises:
        ForgeRejected: It does not stay inside, or is none.
    """
    odd = any(part in ("", ".", "..") for part in path.split("/")) or not path.isprintable() or "\\" in path
    if path and odd:
        raise ForgeRejected("that is no path inside a repository", repo=repo.key, operation=operation)
    return path


def text_of(content: str, *, most: int) -> str | None:
    """Read a file's content as a forge sends it.

    Args:
        content: In base64, line breaks in it or not.
        most: Bytes.

    Returns:
        The text, without a mark at its beginning; None when it is longer, no base64 or no UTF-8 text.
    """
    if len(content) > most * 2 + 64:
        return None
    try:
        data = base64.b64decode("".join(content.split()), validate=True)
        text = data.decode("utf-8-sig")
    except (binascii.Error, ValueError):
        return None
    return None if len(data) > most or "\0" in text else text
