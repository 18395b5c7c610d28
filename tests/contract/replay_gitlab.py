"""Which recorded replies of GitLab's the adapter reads, and what has to come out."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Any

from foreman.forge import gitlab_rows as rows
from foreman.forge.gitlab import GitLabForge
from foreman.forge.gitlab_map import account_of
from foreman.model import Account, Comment, ForgeKind, Issue, IssueRef, ReactionKind, RepoRef
from tests.contract.recordings import Recorded
from tests.contract.replaying import Pairs, Reading, Row, Tally, moment, replay
from tests.forge.scripted import Answer

_PROJECT = r"/projects/[^/]+"
_ISSUE = rf"{_PROJECT}/issues/\d+"
_STATES = {"opened": "open", "closed": "closed"}
_SOMEWHERE = RepoRef(ForgeKind.GITLAB, "some/where")


def replay_gitlab(exchanges: Iterable[Recorded]) -> Tally:
    """Let the GitLab adapter read what was recorded of GitLab."""
    return replay((one for one in exchanges if one.forge == "gitlab"), READINGS, _connect, _ask, _around)


def _connect(url: str) -> GitLabForge:
    return GitLabForge(url=url, token=lambda: "t0ken", write_interval_seconds=0, timeout_seconds=60)


def _ask(forge: GitLabForge, one: Recorded) -> object:
    if one.method == "GET":
        return forge.whoami()
    # A POST: after a bare 403 it looks why, which nothing of what was recorded answers.
    return forge.open_issue(_SOMEWHERE, "title", "text")


def _around(one: Recorded) -> Iterator[Answer]:
    """Answer what the adapter asks besides: who its own account is, where the project does not say what it may do."""
    if re.fullmatch(_PROJECT, one.path):
        yield Answer(200, {"id": 1, "username": "bot"})
        yield Answer(404, {"message": "404 Not found"})


def _ref(full: str) -> IssueRef:
    path, _, number = full.rpartition("#")
    return IssueRef(RepoRef(ForgeKind.GITLAB, path), int(number))


def _who(row: Row | None) -> Account:
    return account_of(rows.UserRow.model_validate(row) if row else None)


def _is_internal(row: Row) -> bool:
    return bool(row.get("internal") or row.get("confidential"))


def _same_issue(issue: Issue, row: Row) -> Iterator[tuple[object, object]]:
    yield (issue.ref.number, issue.id), (row["iid"], row["id"])
    yield (issue.title, issue.body), (row["title"], row["description"] or "")
    yield issue.author, _who(row["author"])
    yield issue.labels, tuple(row["labels"])
    yield issue.assignees, tuple(user["username"] for user in row["assignees"])
    yield (issue.state, issue.comment_count), (_STATES[row["state"]], row["user_notes_count"])
    yield (issue.locked, issue.confidential), (bool(row["discussion_locked"]), row["confidential"])
    yield (issue.created_at, issue.updated_at), (moment(row["created_at"]), moment(row["updated_at"]))
    yield (issue.thumbs_up, issue.thumbs_down), (row["upvotes"], row["downvotes"])
    yield issue.url, row["web_url"]


def _same_comment(comment: Comment, row: Row) -> Iterator[tuple[object, object]]:
    internal = _is_internal(row)
    yield (comment.id, comment.internal), (row["id"], internal)
    yield comment.body, "" if internal else row["body"]
    yield comment.author, _who(row["author"])
    yield (comment.created_at, comment.updated_at), (moment(row["created_at"]), moment(row["updated_at"]))


def _account(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    account = forge.whoami()
    yield (account.login, account.id), (one.data["username"], one.data["id"])
    yield account.is_bot, one.data.get("bot", False)


def _project(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    info = forge.repository(_SOMEWHERE)
    row: dict[str, Any] = one.data
    yield (info.id, info.path), (row["id"], row["path_with_namespace"])
    yield info.private, row.get("visibility") != "public"
    yield (info.archived, info.has_issues), (row.get("archived", False), row.get("issues_enabled", True))
    ways = [way["access_level"] for way in (row.get("permissions") or {}).values() if way]
    yield info.may_write, max(ways, default=0) >= 15


def _issues(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    many = one.data
    found = forge.probe(_ref(many[0]["references"]["full"]).repo if many else _SOMEWHERE, etag="")
    yield (found.changed, len(found.issues)), (True, len(many))
    for issue, row in zip(found.issues, many, strict=False):
        yield from _same_issue(issue, row)


def _issue(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    yield from _same_issue(forge.issue(_ref(one.data["references"]["full"])), one.data)


def _changed(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    row, ref = one.data, _ref(one.data["references"]["full"])
    yield (forge.close if row["state"] == "closed" else lambda ref, _: forge.reopen(ref))(ref, "completed"), None


def _opened(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    ref = _ref(one.data["references"]["full"])
    yield forge.open_issue(ref.repo, "title", "text"), ref


def _comments(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    said = {row["id"]: row for row in one.data if not row["system"]}
    number = one.data[0]["noteable_iid"] if one.data else 1
    found = forge.comments(IssueRef(_SOMEWHERE, number))
    yield {comment.id for comment in found}, set(said)
    yield list(found), sorted(found, key=lambda comment: (comment.created_at, comment.id))
    for comment in found:
        yield from _same_comment(comment, said[comment.id])


def _posted(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    yield forge.post_comment(IssueRef(_SOMEWHERE, one.data["noteable_iid"]), "text"), one.data["id"]


def _edited(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    yield forge.edit_comment(IssueRef(_SOMEWHERE, one.data["noteable_iid"]), one.data["id"], "text"), None


def _reactions(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    many = one.data if isinstance(one.data, list) else [one.data]
    found = {reaction.id: reaction for reaction in forge.reactions(IssueRef(_SOMEWHERE, 1))}
    yield set(found), {row["id"] for row in many}
    words = {"thumbsup": ReactionKind.THUMBS_UP, "thumbsdown": ReactionKind.THUMBS_DOWN}
    for row in many:
        yield found[row["id"]].author, _who(row["user"])
        yield found[row["id"]].kind, words.get(row["name"].partition("_tone")[0], ReactionKind.OTHER)


def _members(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    # As the adapter asks for whoever is to be assigned.
    yield forge._member(_SOMEWHERE, one.data[0]["username"]), one.data[0]["id"]


def _file(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    row = one.data
    file = forge.file(_SOMEWHERE, row["file_path"])
    assert file is not None
    yield (file.path, file.sha), (row["file_path"], row["blob_id"])
    yield file.text.encode(), base64.b64decode(row["content"]).removeprefix(codecs.BOM_UTF8)


def _tree(forge: GitLabForge, one: Recorded, _: re.Match[str]) -> Pairs:
    found = [(entry.path, entry.sha) for entry in forge.files(_SOMEWHERE, "")]
    yield found, [(row["path"], row["id"]) for row in one.data if row["type"] == "blob" and row["mode"] != "120000"]


READINGS = tuple(
    Reading(kind, method, re.compile(path), read, row, listed)
    for kind, method, path, read, row, listed in (
        ("account", "GET", r"/user", _account, rows.UserRow, False),
        ("project", "GET", _PROJECT, _project, rows.ProjectRow, False),
        ("project", "PUT", _PROJECT, _project, rows.ProjectRow, False),
        ("issues", "GET", rf"{_PROJECT}/issues", _issues, rows.IssueRow, False),
        ("issue", "GET", _ISSUE, _issue, rows.IssueRow, False),
        ("changed issue", "PUT", _ISSUE, _changed, rows.IssueRow, False),
        ("opened issue", "POST", rf"{_PROJECT}/issues", _opened, rows.IssueRow, False),
        ("comments", "GET", rf"{_ISSUE}/notes", _comments, rows.NoteRow, False),
        ("comment", "GET", rf"{_ISSUE}/notes/\d+", _edited, rows.NoteRow, False),
        ("comment", "PUT", rf"{_ISSUE}/notes/\d+", _edited, rows.NoteRow, False),
        ("posted comment", "POST", rf"{_ISSUE}/notes", _posted, rows.NoteRow, False),
        ("reactions", "GET", rf"{_ISSUE}(/notes/\d+)?/award_emoji", _reactions, rows.AwardRow, False),
        ("reactions", "POST", rf"{_ISSUE}(/notes/\d+)?/award_emoji", _reactions, rows.AwardRow, True),
        ("members", "GET", rf"{_PROJECT}/members/all", _members, rows.MemberRow, False),
        ("file", "GET", rf"{_PROJECT}/repository/files/[^/]+", _file, rows.FileRow, False),
        ("files", "GET", rf"{_PROJECT}/repository/tree", _tree, rows.TreeRow, False),
    )
)
