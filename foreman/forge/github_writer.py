"""Writing to GitHub: one request each, and a look at the reply whether it is about what was meant."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from urllib.parse import quote

from foreman.errors import ForgeNotFound, ForgeRejected
from foreman.forge import github_rows as rows
from foreman.forge.asking import Reply
from foreman.forge.base import Sign
from foreman.forge.github_client import GitHubClient
from foreman.forge.github_map import is_about
from foreman.forge.reading import require
from foreman.forge.trouble import readable
from foreman.model import IssueRef, RepoRef

_UNNAMEABLE = frozenset({"", ".", ".."})
"""No quoting keeps these from being resolved on the way: the address would name the issue's whole list of labels."""

_SIGNS = {Sign.SEEN: "eyes", Sign.DONE: "+1", Sign.REFUSED: "-1"}


class GitHubWriter:
    """Implements `ForgeWriter`; its docstrings say what each method means."""

    def __init__(self, client: GitHubClient) -> None:
        """Write through this client."""
        self._client = client

    def turn(self, repo: RepoRef) -> AbstractContextManager[None]:
        """Wait for the next write's turn and keep it for the block."""
        return self._client.turn(repo.key)

    def add_label(self, ref: IssueRef, label: str) -> None:
        """Put the label on the issue. GitHub would create one that does not exist: the gate lets none through."""
        reply = self._write("POST", "add label", ref, "/labels", {"labels": [label]})
        with readable("add label", ref.repo.key):
            require(label.casefold() in self._labels(reply, ref))

    def remove_label(self, ref: IssueRef, label: str) -> None:
        """Take the label off."""
        if label in _UNNAMEABLE:
            raise ForgeRejected(f"no address can name {label!r}", repo=ref.repo.key, operation="remove label")
        try:
            reply = self._write("DELETE", "remove label", ref, f"/labels/{quote(label, safe='')}")
        except ForgeNotFound as error:
            # A missing issue answers "Not Found".
            if "label does not exist" in str(error).lower():
                return
            raise
        with readable("remove label", ref.repo.key):
            require(label.casefold() not in self._labels(reply, ref))

    def post_comment(self, ref: IssueRef, body: str) -> int:
        """Post a comment and return its id."""
        reply = self._write("POST", "post comment", ref, "/comments", {"body": body})
        return self._comment(reply, "post comment", ref)

    def edit_comment(self, ref: IssueRef, comment_id: int, body: str) -> None:
        """Replace the text of a comment."""
        path = f"/repos/{ref.repo.path}/issues/comments/{comment_id}"
        reply = self._client.write("PATCH", "edit comment", ref.repo.key, path, {"body": body})
        found = self._comment(reply, "edit comment", ref)
        with readable("edit comment", ref.repo.key):
            require(found == comment_id)

    def delete_comment(self, ref: IssueRef, comment_id: int) -> None:
        """Delete a comment. The reply is empty, so that there is nothing to check."""
        path = f"/repos/{ref.repo.path}/issues/comments/{comment_id}"
        try:
            self._client.write("DELETE", "delete comment", ref.repo.key, path)
        except ForgeNotFound:
            return

    def react(self, ref: IssueRef, comment_id: int, sign: Sign) -> None:
        """React to a comment; GitHub answers a second time with what is there. The reply names no comment."""
        path = f"/repos/{ref.repo.path}/issues/comments/{comment_id}/reactions"
        word = _SIGNS[sign]
        reply = self._client.write("POST", "react", ref.repo.key, path, {"content": word})
        with readable("react", ref.repo.key):
            require(rows.read(rows.ReactionRow, reply.data).content == word)

    def edit_issue_body(self, ref: IssueRef, body: str) -> None:
        """Replace the text of an issue of our own."""
        reply = self._write("PATCH", "edit issue", ref, "", {"body": body})
        self._issue(reply, "edit issue", ref)

    def open_issue(self, repo: RepoRef, title: str, body: str) -> IssueRef:
        """Open an issue."""
        path = f"/repos/{repo.path}/issues"
        reply = self._client.write("POST", "open issue", repo.key, path, {"title": title, "body": body})
        with readable("open issue", repo.key):
            row = rows.read(rows.IssueRow, reply.data)
            require(is_about(row.repository_url, f"/repos/{repo.path}"))
        return IssueRef(repo, row.number)

    def close(self, ref: IssueRef, reason: str) -> None:
        """Close the issue; of one that is closed GitHub changes the reason."""
        reply = self._write("PATCH", "close", ref, "", {"state": "closed", "state_reason": reason})
        row = self._issue(reply, "close", ref)
        with readable("close", ref.repo.key):
            require(row.state == "closed")

    def reopen(self, ref: IssueRef) -> None:
        """Open the issue again."""
        reply = self._write("PATCH", "reopen", ref, "", {"state": "open"})
        row = self._issue(reply, "reopen", ref)
        with readable("reopen", ref.repo.key):
            require(row.state == "open")

    def assign(self, ref: IssueRef, user: str) -> None:
        """Assign a login. GitHub leaves out whom it cannot assign without a word; here that is `ForgeRejected`."""
        reply = self._write("POST", "assign", ref, "/assignees", {"assignees": [user]})
        if user.casefold() not in self._assignees(reply, "assign", ref):
            raise ForgeRejected(
                f"{user!r} cannot be assigned", repo=ref.repo.key, operation="assign", status=reply.status
            )

    def unassign(self, ref: IssueRef, user: str) -> None:
        """Take an assignment back."""
        reply = self._write("DELETE", "unassign", ref, "/assignees", {"assignees": [user]})
        with readable("unassign", ref.repo.key):
            require(user.casefold() not in self._assignees(reply, "unassign", ref))

    def _write(
        self, verb: str, operation: str, ref: IssueRef, tail: str, body: Mapping[str, object] | None = None
    ) -> Reply:
        return self._client.write(verb, operation, ref.repo.key, f"{_path(ref)}{tail}", body)

    def _issue(self, reply: Reply, operation: str, ref: IssueRef) -> rows.IssueRow:
        with readable(operation, ref.repo.key):
            row = rows.read(rows.IssueRow, reply.data)
            require(row.number == ref.number and is_about(row.repository_url, f"/repos/{ref.repo.path}"))
            return row

    def _comment(self, reply: Reply, operation: str, ref: IssueRef) -> int:
        with readable(operation, ref.repo.key):
            row = rows.read(rows.CommentRow, reply.data)
            require(is_about(row.issue_url, _path(ref)))
            return row.id

    def _labels(self, reply: Reply, ref: IssueRef) -> set[str]:
        """Return the labels a reply lists, which names no issue but says whose labels they are."""
        found = rows.read(tuple[rows.LabelRow, ...], reply.data)
        require(all(f"/repos/{ref.repo.path}/labels/".casefold() in row.url.casefold() for row in found))
        return {row.name.casefold() for row in found}

    def _assignees(self, reply: Reply, operation: str, ref: IssueRef) -> set[str]:
        row = self._issue(reply, operation, ref)
        return {user.login.casefold() for user in row.assignees or ()}


def _path(ref: IssueRef) -> str:
    return f"/repos/{ref.repo.path}/issues/{ref.number}"
