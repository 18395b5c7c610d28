"""Writing to GitLab: one request each, and a look at the reply whether it is about what was meant.

An assignment takes two reads before it: GitLab wants the whole list of assignees, by number. After a bare 403 the
issue and the project are read, since GitLab does not say which of them is locked or archived.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from foreman.errors import ForgeAuthError, ForgeError, ForgeLocked, ForgeNotFound, ForgeRejected
from foreman.forge import gitlab_map as words
from foreman.forge import gitlab_rows as shapes
from foreman.forge.asking import Reply
from foreman.forge.base import Sign
from foreman.forge.gitlab_client import GitLabClient
from foreman.forge.gitlab_commands import has_command
from foreman.forge.reading import require, shaped
from foreman.forge.rows import read
from foreman.forge.trouble import readable
from foreman.model import IssueRef, RepoRef

_NOBODY = 0
"""As an assignee: takes all off (docs.gitlab.com, "Issues API", `assignee_ids`)."""

_SIGNS = {Sign.SEEN: "eyes", Sign.DONE: "thumbsup", Sign.REFUSED: "thumbsdown"}


class GitLabWriter:
    """Implements `ForgeWriter`; its docstrings say what each method means."""

    def __init__(self, client: GitLabClient) -> None:
        """Write through this client."""
        self._client = client

    def turn(self, repo: RepoRef) -> AbstractContextManager[None]:
        """Wait for the next write's turn and keep it for the block."""
        return self._client.turn(repo.key)

    def add_label(self, ref: IssueRef, label: str) -> None:
        """Put the label on the issue. GitLab would create one that does not exist: the gate lets none through.

        A scoped label (`priority::high`) takes off the others of its scope, where the instance knows scopes.
        """
        row = self._change("add label", ref, {"add_labels": _single(label, ref, "add label")})
        with readable("add label", ref.repo.key):
            require(label in row.labels)

    def remove_label(self, ref: IssueRef, label: str) -> None:
        """Take the label off."""
        row = self._change("remove label", ref, {"remove_labels": _single(label, ref, "remove label")})
        with readable("remove label", ref.repo.key):
            require(label not in row.labels)

    def post_comment(self, ref: IssueRef, body: str) -> int:
        """Post a comment and return its id."""
        _show_only(body, ref.repo, "post comment")
        reply = self._write("POST", "post comment", ref, "/notes", {"body": body})
        return self._note(reply, "post comment", ref)

    def edit_comment(self, ref: IssueRef, comment_id: int, body: str) -> None:
        """Replace the text of a comment; GitLab carries out the quick actions of an edit as well."""
        _show_only(body, ref.repo, "edit comment")
        reply = self._write("PUT", "edit comment", ref, f"/notes/{comment_id}", {"body": body})
        found = self._note(reply, "edit comment", ref)
        with readable("edit comment", ref.repo.key):
            require(found == comment_id)

    def delete_comment(self, ref: IssueRef, comment_id: int) -> None:
        """Delete a comment. The reply is empty, so that there is nothing to check."""
        try:
            self._write("DELETE", "delete comment", ref, f"/notes/{comment_id}")
        except ForgeNotFound:
            return

    def react(self, ref: IssueRef, comment_id: int, sign: Sign) -> None:
        """React to a comment. A second time GitLab says 404, with the reason in words alone."""
        word = _SIGNS[sign]
        try:
            reply = self._write("POST", "react", ref, f"/notes/{comment_id}/award_emoji", {"name": word})
        except ForgeNotFound as error:
            if "already been taken" in str(error).lower():
                return
            raise
        with readable("react", ref.repo.key):
            row = read(shapes.AwardRow, reply.data)
            require(row.name == word and row.awardable_id in (None, comment_id))

    def edit_issue_body(self, ref: IssueRef, body: str) -> None:
        """Replace the text of an issue of our own."""
        _show_only(body, ref.repo, "edit issue")
        self._change("edit issue", ref, {"description": body})

    def open_issue(self, repo: RepoRef, title: str, body: str) -> IssueRef:
        """Open an issue."""
        _show_only(body, repo, "open issue")
        what = {"title": title, "description": body}
        reply = self._client.write("POST", "open issue", repo.key, f"{words.project(repo)}/issues", what)
        with readable("open issue", repo.key):
            row = read(shapes.IssueRow, reply.data)
            require(words.is_about(row, repo))
        return IssueRef(repo, row.iid)

    def close(self, ref: IssueRef, reason: str) -> None:  # noqa: ARG002
        """Close the issue; GitLab keeps no reason, and marks duplicates by quick actions alone, which are not sent."""
        row = self._change("close", ref, {"state_event": "close"})
        with readable("close", ref.repo.key):
            require(row.state == "closed")

    def reopen(self, ref: IssueRef) -> None:
        """Open the issue again; of one whose discussion is locked GitLab leaves the state without a word."""
        row = self._change("reopen", ref, {"state_event": "reopen"})
        if row.discussion_locked and row.state == "closed":
            raise ForgeLocked("a locked issue stays closed", repo=ref.repo.key, operation="reopen", status=200)
        with readable("reopen", ref.repo.key):
            require(row.state == "opened")

    def assign(self, ref: IssueRef, user: str) -> None:
        """Assign a member. Where GitLab takes one assignee only and there is one, this is `ForgeRejected`.

        GitLab would assign whoever can read the issue, with the right to change it; a stranger is refused here.
        """
        there = self._assignees(ref, "assign")
        if user.casefold() in there:
            return
        wanted = [*there.values(), self._member(ref.repo, user)]
        row = self._change("assign", ref, {"assignee_ids": wanted})
        if user.casefold() not in _names(row):
            raise _unassignable(user, ref.repo)

    def unassign(self, ref: IssueRef, user: str) -> None:
        """Take an assignment back."""
        there = self._assignees(ref, "unassign")
        if there.pop(user.casefold(), None) is None:
            return
        row = self._change("unassign", ref, {"assignee_ids": list(there.values()) or [_NOBODY]})
        with readable("unassign", ref.repo.key):
            require(user.casefold() not in _names(row))

    def _assignees(self, ref: IssueRef, operation: str) -> dict[str, int]:
        reply = self._client.get(operation, ref.repo.key, _path(ref))
        return _names(_about(reply, operation, ref))

    def _member(self, repo: RepoRef, user: str) -> int:
        path = f"{words.project(repo)}/members/all"
        reply = self._client.get("assign", repo.key, path, query={"query": user, "per_page": 100})
        for row in shaped(tuple[shapes.MemberRow, ...], reply, "assign", repo.key):
            if row.username.casefold() == user.casefold() and words.level_of(row):
                return row.id
        raise _unassignable(user, repo)

    def _change(self, operation: str, ref: IssueRef, what: Mapping[str, object]) -> shapes.IssueRow:
        return _about(self._write("PUT", operation, ref, "", what), operation, ref)

    def _write(
        self, verb: str, operation: str, ref: IssueRef, tail: str, body: Mapping[str, object] | None = None
    ) -> Reply:
        try:
            return self._client.write(verb, operation, ref.repo.key, f"{_path(ref)}{tail}", body)
        except ForgeAuthError as error:
            if error.status != 403:
                raise
            raise self._explained(error, ref) from error

    def _explained(self, refusal: ForgeAuthError, ref: IssueRef) -> ForgeError:
        """Find out why a write was forbidden; the refusal itself when nothing else shows."""
        operation = refusal.operation
        try:
            issue = _about(self._client.get(operation, ref.repo.key, _path(ref)), operation, ref)
            reply = self._client.get(operation, ref.repo.key, words.project(ref.repo))
            project = shaped(shapes.ProjectRow, reply, operation, ref.repo.key)
        except ForgeError:
            return refusal
        where = {"repo": ref.repo.key, "operation": operation}
        if project.archived:
            return ForgeRejected("the project is archived", status=refusal.status, **where)
        if issue.discussion_locked:
            return ForgeLocked("the discussion is locked", status=refusal.status, **where)
        return refusal

    def _note(self, reply: Reply, operation: str, ref: IssueRef) -> int:
        if isinstance(reply.data, dict) and reply.data.get("commands_changes"):
            # Not to be repeated whatever it did; 202 says that there is not even a comment.
            raise ForgeRejected(
                "GitLab took part of the text for orders", repo=ref.repo.key, operation=operation, status=reply.status
            )
        with readable(operation, ref.repo.key):
            row = read(shapes.NoteRow, reply.data)
            require(row.noteable_iid == ref.number and not row.system)
            return row.id


def _about(reply: Reply, operation: str, ref: IssueRef) -> shapes.IssueRow:
    with readable(operation, ref.repo.key):
        row = read(shapes.IssueRow, reply.data)
        require(row.iid == ref.number and words.is_about(row, ref.repo))
        return row


def _names(row: shapes.IssueRow) -> dict[str, int]:
    return {user.username.casefold(): user.id for user in row.assignees or ()}


def _path(ref: IssueRef) -> str:
    return f"{words.project(ref.repo)}/issues/{ref.number}"


def _single(label: str, ref: IssueRef, operation: str) -> str:
    """Return a label that GitLab reads as one: its parameters take a list with commas between."""
    if not label.strip() or "," in label:
        raise ForgeRejected(f"no label is called {label!r}", repo=ref.repo.key, operation=operation)
    return label


def _show_only(text: str, repo: RepoRef, operation: str) -> None:
    if has_command(text):
        raise ForgeRejected("a line of the text would be an order to GitLab", repo=repo.key, operation=operation)


def _unassignable(user: str, repo: RepoRef) -> ForgeRejected:
    return ForgeRejected(f"{user!r} cannot be assigned", repo=repo.key, operation="assign")
