"""GitHub's replies as they are, cut to the fields that are read."""

from __future__ import annotations

from typing import Any

from foreman.model import IssueRef, RepoRef

REPO = RepoRef.parse("acme/widget")
REF = IssueRef(REPO, 12)
_API = "https://api.github.com"
_USER = {"login": "ann", "id": 7, "type": "User"}
_TIMES = {"created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:06Z"}


def issue(**changes: Any) -> dict[str, Any]:
    row = {
        "id": 900,
        "number": 12,
        "title": "It breaks",
        "body": None,
        "user": _USER,
        "author_association": "NONE",
        "state": "open",
        "state_reason": None,
        "locked": False,
        "labels": [{"name": "bug"}],
        "assignees": [],
        "comments": 0,
        "html_url": "https://github.com/acme/widget/issues/12",
        "repository_url": f"{_API}/repos/acme/widget",
    }
    return row | _TIMES | changes


def comment(**changes: Any) -> dict[str, Any]:
    row = {"id": 55, "body": "hm", "user": _USER, "author_association": "MEMBER"}
    return row | _TIMES | {"issue_url": f"{_API}/repos/acme/widget/issues/12"} | changes


def label(name: str, repo: str = "acme/widget") -> dict[str, Any]:
    return {"name": name, "description": None, "url": f"{_API}/repos/{repo}/labels/{name}"}
