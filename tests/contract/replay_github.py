"""Which recorded replies of GitHub's the adapter reads, and what has to come out."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from foreman.errors import ForgeUnavailable
from foreman.forge import github_rows as rows
from foreman.forge.base import LONGEST_FILE, ChangeKind, Permission
from foreman.forge.github import GitHubForge
from foreman.forge.github_app_line import AppIdentity, AppLine
from foreman.forge.github_app_rows import AppRow, InstallationRow, ReachableRow, TokenRow
from foreman.forge.github_map import account_of
from foreman.forge.line import utc_now
from foreman.model import Account, Comment, Issue, IssueRef, RepoRef
from tests.contract.recordings import Recorded
from tests.contract.replaying import Pairs, Reading, Row, Tally, moment, replay

_REPO = r"(?:/repos/[^/]+/[^/]+|/repositories/\d+)"
_SOMEBODY = RepoRef.parse("some/body")


def replay_github(exchanges: Iterable[Recorded]) -> Tally:
    """Let the GitHub adapter read what was recorded of GitHub."""
    return replay((one for one in exchanges if one.forge == "github"), READINGS, _connect, _ask)


def _connect(url: str) -> GitHubForge:
    return GitHubForge(api_url=url, token=lambda: "t0ken", write_interval_seconds=0, timeout_seconds=60)


def _ask(forge: GitHubForge, one: Recorded) -> object:
    if one.method == "GET":
        return forge.repository(_SOMEBODY)
    return forge.post_comment(IssueRef(_SOMEBODY, 1), "hello")


def _repo(address: str) -> RepoRef:
    found = re.search(r"/repos/([^/]+/[^/]+)", address)
    return RepoRef.parse(found[1]) if found else _SOMEBODY


def _ref(address: str) -> IssueRef:
    return IssueRef(_repo(address), int(address.rpartition("/")[2]))


def _who(row: Row | None) -> Account:
    return account_of(rows.read(rows.UserRow, row) if row else None)


def _same_issue(issue: Issue, row: Row) -> Iterator[tuple[object, object]]:
    yield issue.ref.number, row["number"]
    yield issue.id, row["id"]
    yield (issue.title, issue.body), (row["title"], row["body"] or "")
    yield issue.author, _who(row["user"])
    yield issue.labels, tuple(label if isinstance(label, str) else label["name"] for label in row["labels"])
    yield issue.assignees, tuple(user["login"] for user in row.get("assignees") or ())
    yield (issue.state, issue.comment_count), (row["state"], row["comments"])
    yield issue.locked, row.get("locked", False)
    yield (issue.created_at, issue.updated_at), (moment(row["created_at"]), moment(row["updated_at"]))
    yield issue.is_pull_request, row.get("pull_request") is not None
    yield issue.url, row["html_url"]


def _same_comment(comment: Comment, row: Row) -> Iterator[tuple[object, object]]:
    yield (comment.id, comment.body), (row["id"], row["body"] or "")
    yield comment.author, _who(row["user"])
    yield (comment.created_at, comment.updated_at), (moment(row["created_at"]), moment(row["updated_at"]))


def _account(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    account = forge.whoami()
    yield (account.login, account.id, account.is_bot), (one.data["login"], one.data["id"], one.data["type"] == "Bot")


def _repository(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    row = one.data
    info = forge.repository(_SOMEBODY)
    yield (info.id, info.path, info.private), (row["id"], row["full_name"], row["private"])
    yield (info.archived, info.has_issues), (row.get("archived", False), row["has_issues"])
    may = row.get("permissions", {})
    yield info.may_write, any(may.get(word) for word in ("admin", "maintain", "push", "triage"))


def _issues(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    many = one.data
    repo = _repo(many[0]["repository_url"]) if many else _SOMEBODY
    found = forge.probe(repo, etag="")
    yield found.changed, True
    yield len(found.issues), len(many)
    for issue, row in zip(found.issues, many, strict=False):
        yield from _same_issue(issue, row)


def _issue(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    row = one.data
    yield from _same_issue(forge.issue(IssueRef(_repo(row["repository_url"]), row["number"])), row)


def _changed_issue(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    row = one.data
    ref = IssueRef(_repo(row["repository_url"]), row["number"])
    if row["state"] == "closed":
        yield forge.close(ref, "completed"), None
    else:
        yield forge.edit_issue_body(ref, row["body"] or ""), None


def _opened(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    row = one.data
    repo = _repo(row["repository_url"])
    yield forge.open_issue(repo, row["title"], ""), IssueRef(repo, row["number"])


def _comments(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    many = one.data
    by_issue = {row["issue_url"] for row in many}
    if len(by_issue) > 1:
        return
    found = forge.comments(_ref(many[0]["issue_url"]) if many else IssueRef(_SOMEBODY, 1))
    yield len(found), len(many)
    for comment, row in zip(found, sorted(many, key=lambda row: (row["created_at"], row["id"])), strict=False):
        yield from _same_comment(comment, row)


def _posted(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    row = one.data
    yield forge.post_comment(_ref(row["issue_url"]), row["body"]), row["id"]


def _edited(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    row = one.data
    yield forge.edit_comment(_ref(row["issue_url"]), row["id"], row["body"]), None


def _history(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    many = one.data if isinstance(one.data, list) else [one.data]
    found = {change.id: change for change in forge.history(IssueRef(_SOMEBODY, 1))}
    known = {row["id"]: row for row in many if row["event"] in set(ChangeKind)}
    yield set(found), set(known)
    for key, change in found.items():
        row = known[key]
        yield (change.kind, change.at), (row["event"], moment(row["created_at"]))
        actor = _who(row.get("assigner") or row["actor"])
        yield change.actor, actor if actor.id else None
        yield change.label, (row.get("label") or {}).get("name", "")


def _reactions(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    found = {reaction.id: reaction for reaction in forge.reactions(IssueRef(_SOMEBODY, 1))}
    yield set(found), {row["id"] for row in one.data}
    words = {"+1": "thumbs_up", "-1": "thumbs_down"}
    for row in one.data:
        reaction = found[row["id"]]
        yield reaction.author, _who(row["user"])
        yield (reaction.kind, reaction.at), (words.get(row["content"], "other"), moment(row["created_at"]))


def _labels(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    many = one.data if isinstance(one.data, list) else [one.data]
    found = {label.name: label.description for label in forge.labels(_SOMEBODY)}
    yield found, {row["name"]: row.get("description") or "" for row in many}


def _added(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    many = one.data
    if many:
        yield forge.add_label(IssueRef(_repo(many[0]["url"]), 1), many[-1]["name"]), None


def _removed(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    many = one.data
    yield forge.remove_label(IssueRef(_repo(many[0]["url"]) if many else _SOMEBODY, 1), "no such label"), None


def _assigned(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    row = one.data
    ref = IssueRef(_repo(row["repository_url"]), row["number"])
    if row["assignees"]:
        yield forge.assign(ref, row["assignees"][0]["login"]), None
    else:
        yield forge.unassign(ref, "nobody"), None


def _content(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    if isinstance(one.data, list):
        found = [(entry.path, entry.sha, entry.size) for entry in forge.files(_SOMEBODY, "")]
        yield found, [(row["path"], row["sha"], row["size"]) for row in one.data if row["type"] == "file"]
        return
    row = one.data
    if row is None:
        # Recorded of somebody who asked for the bare content, which is no JSON.
        with suppress(ForgeUnavailable):
            yield forge.file(_SOMEBODY, "README.md"), ForgeUnavailable
        return
    file = forge.file(_SOMEBODY, row["path"])
    if file is None:
        yield row["type"] != "file" or row["encoding"] != "base64" or row["size"] > LONGEST_FILE, True
        return
    yield (file.path, file.sha, file.url), (row["path"], row["sha"], row["html_url"])
    yield file.text.encode(), base64.b64decode(row["content"]).removeprefix(codecs.BOM_UTF8)


def _permission(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    user = one.data["user"]
    found = forge.permission(_SOMEBODY, Account(login=user["login"], id=user["id"]))
    yield found, Permission(one.data.get("role_name") or one.data["permission"])
    yield found.may_write, one.data["permission"] in ("admin", "write")


def _line(forge: GitHubForge) -> AppLine:
    """Speak as an app over the connection there is."""
    identity = AppIdentity(app_id="1", installation_id=1, private_key=str)
    return AppLine(identity, clock=utc_now, client=lambda **_: forge._client)


def _app(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    yield _line(forge).login(), f"{one.data['slug']}[bot]"


def _installation(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    found = _line(forge).installation()
    yield (found.id, found.account.login), (one.data["id"], one.data["account"]["login"])
    yield found.permissions, one.data["permissions"]


def _app_token(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    found = _line(forge).grant({})
    yield found.token.get_secret_value(), one.data["token"]
    yield (found.expires_at, found.permissions), (moment(one.data["expires_at"]), one.data["permissions"])
    assert found.repositories is None or [row.full_name for row in found.repositories]


def _reachable(forge: GitHubForge, one: Recorded, _: re.Match[str]) -> Pairs:
    reply = forge._client.get("list repositories", "", "/installation/repositories")
    found = rows.read(ReachableRow, reply.data).repositories
    yield [repo.full_name for repo in found], [row["full_name"] for row in one.data["repositories"]]


READINGS = tuple(
    Reading(kind, method, re.compile(path), read, row, listed)
    for kind, method, path, read, row, listed in (
        ("account", "GET", r"/user", _account, rows.UserRow, False),
        ("repository", "GET", _REPO, _repository, rows.RepoRow, False),
        ("issues", "GET", rf"{_REPO}/issues", _issues, rows.IssueRow, False),
        ("issue", "GET", rf"{_REPO}/issues/\d+", _issue, rows.IssueRow, False),
        ("changed issue", "PATCH", rf"{_REPO}/issues/\d+", _changed_issue, rows.IssueRow, False),
        ("opened issue", "POST", rf"{_REPO}/issues", _opened, rows.IssueRow, False),
        ("comments", "GET", rf"{_REPO}/issues/(\d+/)?comments", _comments, rows.CommentRow, False),
        ("posted comment", "POST", rf"{_REPO}/issues/\d+/comments", _posted, rows.CommentRow, False),
        ("comment", "GET", rf"{_REPO}/issues/comments/\d+", _edited, rows.CommentRow, False),
        ("comment", "PATCH", rf"{_REPO}/issues/comments/\d+", _edited, rows.CommentRow, False),
        ("history", "GET", rf"{_REPO}/issues/(\d+/)?events", _history, rows.EventRow, False),
        ("history", "GET", rf"{_REPO}/issues/events/\d+", _history, rows.EventRow, True),
        ("reactions", "GET", rf"{_REPO}/issues/(comments/)?\d+/reactions", _reactions, rows.ReactionRow, False),
        ("labels", "GET", rf"{_REPO}(/issues/\d+)?/labels", _labels, rows.LabelRow, False),
        ("labels", "GET", rf"{_REPO}/labels/[^/]+", _labels, rows.LabelRow, True),
        ("added label", "POST", rf"{_REPO}/issues/\d+/labels", _added, rows.LabelRow, False),
        ("removed label", "DELETE", rf"{_REPO}/issues/\d+/labels/[^/]+", _removed, rows.LabelRow, False),
        ("assignment", "POST", rf"{_REPO}/issues/\d+/assignees", _assigned, rows.IssueRow, False),
        ("assignment", "DELETE", rf"{_REPO}/issues/\d+/assignees", _assigned, rows.IssueRow, False),
        ("app", "GET", r"/app", _app, AppRow, False),
        ("installation", "GET", r"/app/installations/\d+", _installation, InstallationRow, False),
        ("app token", "POST", r"/app/installations/\d+/access_tokens", _app_token, TokenRow, False),
        ("app's repositories", "GET", r"/installation/repositories", _reachable, ReachableRow, False),
        ("content", "GET", rf"{_REPO}/contents(/.*)?", _content, rows.ContentRow, False),
        ("permission", "GET", rf"{_REPO}/collaborators/[^/]+/permission", _permission, rows.PermissionRow, False),
    )
)
