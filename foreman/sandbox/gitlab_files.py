"""What GitLab's front answers about files."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from foreman.sandbox import tree
from foreman.sandbox.gitlab_call import LEVELS, Call, Refused, unreadable
from foreman.sandbox.gitlab_pages import paged
from foreman.sandbox.handling import Reply
from foreman.sandbox.tree import Entry

_REFS = ("HEAD", tree.BRANCH)
_COMMIT = hashlib.sha1(b"the only commit", usedforsecurity=False).hexdigest()


def listing(call: Call) -> Reply:
    """List a folder."""
    _demand_code(call)
    folder = (call.text("path") or "").rstrip("/")
    found = tree.entry(call.repo, folder)
    if not call.repo.files or call.request.query.get("ref", "HEAD") not in _REFS:
        raise Refused(404, "404 Tree Not Found")
    if found is None:
        raise Refused(404, "404 invalid revision or path Not Found")
    return paged(call, tree.listing(call.repo, folder), _written)


def file(call: Call) -> Reply:
    """Show a file."""
    _demand_code(call)
    ref = call.text("ref")
    if not ref:
        raise unreadable("ref", why="is missing")
    found = tree.entry(call.repo, call.args[0]) if ref in _REFS else None
    if found is None or found.data is None:
        raise Refused(404, "404 File Not Found" if ref in _REFS else "404 Commit Not Found")
    body = {
        "file_name": found.name,
        "file_path": found.path,
        "size": len(found.data),
        "encoding": "base64",
        "content_sha256": hashlib.sha256(found.data).hexdigest(),
        "ref": ref,
        "blob_id": found.sha,
        "commit_id": _COMMIT,
        "last_commit_id": _COMMIT,
        "execute_filemode": False,
        "content": base64.b64encode(found.data).decode(),
    }
    return Reply(status=200, body=body)


def _written(one: Entry) -> dict[str, Any]:
    folder = one.data is None
    return {
        "id": one.sha,
        "name": one.name,
        "type": "tree" if folder else "blob",
        "path": one.path,
        "mode": "040000" if folder else "100644",
    }


def _demand_code(call: Call) -> None:
    """Refuse guests and planners the code of a private project (docs.gitlab.com, "Roles and permissions")."""
    if call.repo.private and call.level < LEVELS["reporter"]:
        raise Refused(403, "403 Forbidden")
