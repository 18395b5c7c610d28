"""Reading GitHub: each method asks, reads the reply whole, and checks that it is about what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import quote

from foreman.errors import ForgeNotFound
from foreman.forge import github_files, github_owned
from foreman.forge import github_map as words
from foreman.forge import github_rows as rows
from foreman.forge.asking import Reply
from foreman.forge.base import LONGEST_FILE, Change, Labelling, ListedFile, Permission, Probe, RepoFile, RepoInfo
from foreman.forge.github_client import GitHubClient
from foreman.forge.github_grants import grants_of
from foreman.forge.grants import Grants
from foreman.forge.reading import OnLine, by_change, elsewhere, labellings_in, shaped
from foreman.forge.trouble import readable
from foreman.model import Account, Comment, ForgeKind, Issue, IssueRef, Label, Reaction, RepoRef

PROBE_ROWS = 30
PAGE_ROWS = 100
_PROBE: dict[str, str | int] = {"state": "all", "sort": "updated", "direction": "desc", "per_page": PROBE_ROWS}
"""Never anything that changes: only a constant address gets a 304."""


class GitHubReader(OnLine):
    """Implements `ForgeReader`; its docstrings say what each method means."""

    def __init__(self, client: GitHubClient) -> None:
        """Read through this client."""
        super().__init__(client)
        self._client = client

    @property
    def kind(self) -> ForgeKind:
        """GitHub."""
        return ForgeKind.GITHUB

    def whoami(self) -> Account:
        """Return the token's owner."""
        reply = self._client.get("read account", "", "/user")
        return words.account_of(shaped(rows.UserRow, reply, "read account", ""))

    def grants(self) -> Grants:
        """Return what the token may do."""
        if self._client.told is None:
            self.whoami()
        return grants_of(self._client.token, self._client.told or {})

    def repository(self, repo: RepoRef) -> RepoInfo:
        """Return the repository's facts."""
        reply = self._client.get("read repository", repo.key, f"/repos/{repo.path}")
        return words.repository_of(shaped(rows.RepoRow, reply, "read repository", repo.key))

    def owned(self, owner: str, *, nested: bool) -> tuple[RepoInfo, ...]:
        """Return an owner's repositories; GitHub has nothing nested."""
        del nested
        return github_owned.owned(self._client, owner)

    def probe(self, repo: RepoRef, *, etag: str) -> Probe:
        """Ask whether anything changed."""
        reply = self._client.get("probe", repo.key, f"/repos/{repo.path}/issues", query=_PROBE, etag=etag)
        if reply.is_known(etag):
            return Probe(changed=False, etag=reply.etag or etag, issues=(), complete=False)
        issues = self._issues(reply, "probe", repo)
        complete = len(issues) < PROBE_ROWS and not reply.has_next
        return Probe(changed=True, etag=reply.tag, issues=issues, complete=complete)

    def changed_since(self, repo: RepoRef, *, since: datetime) -> Iterator[Issue]:
        """Yield what was updated at or after `since`, oldest change first, nothing unchanged twice."""

        def page(after: datetime, number: int) -> tuple[tuple[Issue, ...], bool]:
            query: dict[str, str | int] = {
                "state": "all",
                "sort": "updated",
                "direction": "asc",
                "since": words.as_utc(after),
                "page": number,
            }
            reply = self._client.get(
                "list issues", repo.key, f"/repos/{repo.path}/issues", query={**query, **_FULL_PAGE}
            )
            return self._issues(reply, "list issues", repo), reply.has_next

        return by_change(since, page)

    def newest_open(self, repo: RepoRef, *, limit: int) -> tuple[Issue, ...]:
        """Return the newest open issues, newest first."""
        found: dict[int, Issue] = {}
        query = {"state": "open", "sort": "created", "direction": "desc"}
        for reply in self._pages("list issues", repo, f"/repos/{repo.path}/issues", query):
            for issue in self._issues(reply, "list issues", repo):
                if not issue.is_pull_request:
                    found.setdefault(issue.ref.number, issue)
            if len(found) >= limit:
                break
        return tuple(found.values())[: max(limit, 0)]

    def issue(self, ref: IssueRef) -> Issue:
        """Return one issue."""
        reply = self._client.get("read issue", ref.repo.key, _path(ref))
        row = shaped(rows.IssueRow, reply, "read issue", ref.repo.key)
        if row.number != ref.number or not words.is_about(row.repository_url, f"/repos/{ref.repo.path}"):
            raise elsewhere("read issue", ref.repo)
        return words.issue_of(row, ref.repo)

    def comments(self, ref: IssueRef, *, since: datetime | None = None) -> tuple[Comment, ...]:
        """Return the comments, oldest first."""
        query = {"since": words.as_utc(since)} if since else {}
        found: dict[int, Comment] = {}
        for reply in self._pages("list comments", ref.repo, f"{_path(ref)}/comments", query):
            for row in shaped(tuple[rows.CommentRow, ...], reply, "list comments", ref.repo.key):
                if not words.is_about(row.issue_url, _path(ref)):
                    raise elsewhere("list comments", ref.repo)
                found[row.id] = words.comment_of(row)
        return tuple(sorted(found.values(), key=lambda comment: (comment.created_at, comment.id)))

    def history(self, ref: IssueRef) -> tuple[Change, ...]:
        """Return what happened to the issue, oldest first."""
        found: dict[int, Change] = {}
        for reply in self._pages("read history", ref.repo, f"{_path(ref)}/events", {}):
            with readable("read history", ref.repo.key):
                found.update((change.id, change) for change in words.changes_of(reply.data))
        return tuple(sorted(found.values(), key=lambda change: (change.at, change.id)))

    def labellings(self, repo: RepoRef, *, page: int) -> tuple[tuple[Labelling, ...], bool]:
        """Return a page of the labels put on any issues, newest first."""
        query = {**_FULL_PAGE, "page": page}
        reply = self._client.get("read labellings", repo.key, f"/repos/{repo.path}/issues/events", query=query)
        with readable("read labellings", repo.key):
            return words.labellings_of(reply.data, repo), reply.has_next and bool(reply.data)

    def labellings_of(self, ref: IssueRef) -> tuple[Labelling, ...]:
        """Return every time a label was put on an issue."""
        return labellings_in(ref.number, self.history(ref))

    def reactions(self, ref: IssueRef, comment_id: int | None = None) -> tuple[Reaction, ...]:
        """Return the reactions to the issue or to one of its comments, oldest first."""
        about = _path(ref) if comment_id is None else f"/repos/{ref.repo.path}/issues/comments/{comment_id}"
        found: dict[int, Reaction] = {}
        for reply in self._pages("list reactions", ref.repo, f"{about}/reactions", {}):
            for row in shaped(tuple[rows.ReactionRow, ...], reply, "list reactions", ref.repo.key):
                found[row.id] = words.reaction_of(row)
        return tuple(sorted(found.values(), key=lambda reaction: (reaction.at, reaction.id)))

    def labels(self, repo: RepoRef) -> tuple[Label, ...]:
        """Return every label of the repository."""
        found: dict[str, rows.LabelRow] = {}
        for reply in self._pages("list labels", repo, f"/repos/{repo.path}/labels", {}):
            found.update((row.name, row) for row in shaped(tuple[rows.LabelRow, ...], reply, "list labels", repo.key))
        return words.labels_of(tuple(found.values()))

    def permission(self, repo: RepoRef, account: Account) -> Permission:
        """Return what the account may do."""
        if account.id == 0 or not account.login.strip("."):
            return Permission.NONE
        path = f"/repos/{repo.path}/collaborators/{quote(account.login, safe='')}/permission"
        try:
            reply = self._client.get("read permission", repo.key, path)
        except ForgeNotFound:
            return Permission.NONE
        return words.permission_of(shaped(rows.PermissionRow, reply, "read permission", repo.key), account)

    def file(self, repo: RepoRef, path: str, *, most: int = LONGEST_FILE) -> RepoFile | None:
        """Return a text file of the default branch."""
        return github_files.file(self._client, repo, path, most=most)

    def files(self, repo: RepoRef, folder: str) -> tuple[ListedFile, ...]:
        """Return the files right in a folder of the default branch."""
        return github_files.files(self._client, repo, folder)

    def _issues(self, reply: Reply, operation: str, repo: RepoRef) -> tuple[Issue, ...]:
        found = shaped(tuple[rows.IssueRow, ...], reply, operation, repo.key)
        if not all(words.is_about(row.repository_url, f"/repos/{repo.path}") for row in found):
            raise elsewhere(operation, repo)
        return tuple(words.issue_of(row, repo) for row in found)

    def _pages(self, operation: str, repo: RepoRef, path: str, query: Mapping[str, str | int]) -> Iterator[Reply]:
        page, more = 0, True
        while more:
            page += 1
            reply = self._client.get(operation, repo.key, path, query={**query, **_FULL_PAGE, "page": page})
            more = reply.has_next and bool(reply.data)
            yield reply


_FULL_PAGE: dict[str, str | int] = {"per_page": PAGE_ROWS}


def _path(ref: IssueRef) -> str:
    return f"/repos/{ref.repo.path}/issues/{ref.number}"
