"""What GitHub's front answers about files."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from foreman.sandbox import tree
from foreman.sandbox.github_call import Call, Refused
from foreman.sandbox.handling import Reply
from foreman.sandbox.tree import Entry

MOST_IN_JSON = 1_000_000
"""Bytes; of longer files GitHub sends no content in JSON."""


def contents(call: Call) -> Reply:
    """Show a file, or list a folder."""
    path = (call.args[0] or "").rstrip("/")
    if not call.repo.files:
        raise Refused(404, "This repository is empty.")
    found = tree.entry(call.repo, path)
    if found is None:
        raise Refused(404, "Not Found")
    if found.data is None:
        return Reply(status=200, body=[_written(call, one) for one in tree.listing(call.repo, path)])
    whole = _written(call, found)
    if len(found.data) > MOST_IN_JSON:
        return Reply(status=200, body={**whole, "content": "", "encoding": "none"})
    return Reply(status=200, body={**whole, "content": base64.encodebytes(found.data).decode(), "encoding": "base64"})


def _written(call: Call, one: Entry) -> dict[str, Any]:
    repo, path = call.repo, quote(one.path)
    kind = "tree" if one.data is None else "blob"
    page = f"{call.shapes.site}/{repo.path}/{kind}/{tree.BRANCH}/{path}"
    here = f"{call.shapes.repo_url(repo)}/contents/{path}?ref={tree.BRANCH}"
    git = f"{call.shapes.repo_url(repo)}/git/{kind}s/{one.sha}"
    raw = None if one.data is None else f"{call.shapes.site}/raw/{repo.path}/{tree.BRANCH}/{path}"
    return {
        "name": one.name,
        "path": one.path,
        "sha": one.sha,
        "size": len(one.data or b""),
        "url": here,
        "html_url": page,
        "git_url": git,
        "download_url": raw,
        "type": "dir" if one.data is None else "file",
        "_links": {"self": here, "git": git, "html": page},
    }
