"""GitLab's replies as they are, cut to the fields that are read. Nobody wrote anything: no role is asked for."""

from __future__ import annotations

from typing import Any

from foreman.model import IssueRef, RepoRef

REPO = RepoRef.parse("gitlab:acme/tools/widget")
REF = IssueRef(REPO, 12)
KIM = {"id": 7, "username": "kim", "name": "Kim", "state": "active"}
_TIMES = {"created_at": "2026-01-02T03:04:05.678Z", "updated_at": "2026-01-02T03:04:06.789Z"}


def issue(**changes: Any) -> dict[str, Any]:
    iid = changes.get("iid", 12)
    row = {
        "id": 900,
        "iid": iid,
        "project_id": 5,
        "title": "It breaks",
        "description": None,
        "author": None,
        "state": "opened",
        "discussion_locked": None,
        "confidential": False,
        "labels": ["bug"],
        "assignees": [],
        "user_notes_count": 0,
        "web_url": f"https://gitlab.example/acme/tools/widget/-/issues/{iid}",
        "references": {"short": f"#{iid}", "relative": f"#{iid}", "full": f"acme/tools/widget#{iid}"},
        "moved_to_id": None,
    }
    return row | _TIMES | changes


def note(**changes: Any) -> dict[str, Any]:
    row = {"id": 55, "body": "hm", "author": None, "system": False, "internal": False, "noteable_type": "Issue"}
    return row | _TIMES | {"noteable_iid": 12, "commands_changes": {}} | changes


def label(name: str) -> dict[str, Any]:
    return {"id": 3, "name": name, "description": None, "color": "#dc143c"}


def project(**changes: Any) -> dict[str, Any]:
    return {"id": 5, "path_with_namespace": REPO.path, "visibility": "public", "archived": False} | changes
